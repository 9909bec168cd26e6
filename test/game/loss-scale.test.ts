import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { createLossScale, guarded, type LossScale } from '../../src/game/loss-scale.ts';
import { createOptimizer, type Optimizer } from '../../src/game/optimizer.ts';
import { onTensorFlow } from '../support/engines.ts';
import { ADAM } from '../support/players.ts';
import { expectNoLeak } from '../support/tensors.ts';

onTensorFlow('loss scale', () => {
  let weight: tf.Variable;
  let lossScale: LossScale;
  let optimizer: Optimizer;
  let other: Optimizer;
  beforeEach(() => {
    weight = tf.variable(tf.tensor1d([1, 2]));
    lossScale = createLossScale();
    optimizer = guarded(createOptimizer(ADAM, [weight]), [weight], lossScale, true);
    other = guarded(createOptimizer(ADAM, [weight]), [weight], lossScale, false);
  });
  afterEach(() => {
    [optimizer, other, lossScale, weight].forEach((each) => each.dispose());
  });
  const step = (values: number[], by = optimizer): Record<string, number> =>
    tf.tidy(() => {
      const { gradientNorm, told } = by.step([tf.tensor1d(values)], () => 0.1);
      const all = Object.entries({ norm: gradientNorm, ...told });
      return Object.fromEntries(all.map(([name, tensor]) => [name, tensor.dataSync()[0]!]));
    });
  const values = (): number[][] =>
    [weight, ...optimizer.state.values()].map((variable) => [...variable.dataSync()]);

  it('lets a finite step through as it is', () => {
    const plain = tf.variable(tf.tensor1d([1, 2]));
    const unguarded = createOptimizer(ADAM, [plain]);
    for (const gradient of [
      [3, 4],
      [-1, 0.5],
    ]) {
      tf.tidy(() => unguarded.step([tf.tensor1d(gradient)], () => 0.1));
      const { norm, loss_scale, steps_skipped } = step(gradient);
      expect(norm).to.be.closeTo(Math.hypot(...gradient), 1e-6);
      expect([loss_scale, steps_skipped]).to.deep.equal([2 ** 15, 0]);
    }
    expect([...weight.dataSync()]).to.deep.equal([...plain.dataSync()]);
    unguarded.dispose();
    plain.dispose();
  });

  it('leaves out a step that is not finite, bit for bit, halves the scale and counts', () => {
    step([1, 1]);
    const before = values();
    for (const [i, bad] of [NaN, Infinity, -Infinity].entries()) {
      expect(step([1, bad])).to.deep.equal({ norm: 0, loss_scale: 2 ** (14 - i), steps_skipped: i + 1 });
      expect(values()).to.deep.equal(before);
    }
    expect(step([1, 1])).to.include({ loss_scale: 2 ** 12, steps_skipped: 3 });
    expect(values()).to.not.deep.equal(before);
  });

  it('leaves out a step whose images’ gradient overflowed before, once', () => {
    const before = values();
    lossScale.overflowed.assign(tf.scalar(1));
    expect(step([1, 1])).to.include({ norm: 0, loss_scale: 2 ** 14, steps_skipped: 1 });
    expect(values()).to.deep.equal(before);
    expect(step([1, 1])).to.include({ loss_scale: 2 ** 14, steps_skipped: 1 });
  });

  it('is updated once where several optimisers step, and an overflow of one holds for all', () => {
    const before = [...weight.dataSync()];
    expect(step([NaN, 1], other)).to.deep.equal({ norm: 0 });
    expect(step([1, 1])).to.include({ loss_scale: 2 ** 14, steps_skipped: 1 });
    expect([...weight.dataSync()]).to.deep.equal(before);
  });

  it('doubles after two thousand good steps, never beyond its limit, and goes on from its state', () => {
    const good = lossScale.state.get('good_steps')!;
    good.assign(tf.scalar(1998));
    expect(step([1, 1])['loss_scale']).to.equal(2 ** 15);
    expect(step([1, 1])['loss_scale']).to.equal(2 ** 16);
    expect(good.dataSync()[0]).to.equal(0);
    lossScale.scale.assign(tf.scalar(2 ** 24));
    good.assign(tf.scalar(1999));
    expect(step([1, 1])['loss_scale']).to.equal(2 ** 24);
    lossScale.scale.assign(tf.scalar(1));
    expect(step([NaN, 1])['loss_scale']).to.equal(1);
  });

  it('keeps no tensor', () => {
    expectNoLeak(() => step([1, 1]));
    expectNoLeak(() => step([NaN, 1]));
    expectNoLeak(() => createLossScale().dispose());
  });
});
