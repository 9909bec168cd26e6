import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { dropoutLayer } from '../../src/ops/dropout.ts';
import { variableGrads } from '../../src/ops/gradients.ts';
import { INFERENCE, type Pass } from '../../src/ops/layers.ts';
import { createDraws, philoxUniform, type Draw } from '../../src/ops/random.ts';
import { modelFunction } from '../../src/ops/recompute.ts';
import { on, onEachEngine } from '../support/engines.ts';
import { bits, expectNoLeak, noiseTensor } from '../support/tensors.ts';

const learning = (draw: Draw): Pass => ({ training: true, trackStatistics: true, branch: 'main', draw });

/** What a layer makes of x in the draw after `counter` others. */
function droppedBy(
  x: tf.Tensor,
  rate: number,
  { name = 'dropout', unit = 'number', seed = 1, counter = 0 }: Partial<Given> = {},
): tf.Tensor {
  const draws = createDraws(seed, 'dropout');
  draws.seek(counter);
  return tf.tidy(() => dropoutLayer({ name, rate, unit }).call(x, learning(draws.next())) as tf.Tensor);
}

interface Given {
  readonly name: string;
  readonly unit: 'number' | 'image';
  readonly seed: number;
  readonly counter: number;
}

/** Fails unless a share of n trials lies within 4.5 standard deviations of the binomial distribution. */
function expectShare(successes: number, n: number, p: number): void {
  expect(successes).to.be.closeTo(n * p, 4.5 * Math.sqrt(n * p * (1 - p)));
}

describe('draws across engines', () => {
  it('are equal bit for bit, by the counter, and are Philox’s numbers', async () => {
    const drawn = (): number[][] =>
      tf.tidy(() => {
        const draws = createDraws(3, 'stream');
        draws.seek(7);
        return ['a', 'b'].map((name) => bits(draws.next().uniform(name, [2, 3]).dataSync()));
      });
    const [plain, fast] = [await on('cpu', drawn), await on('tensorflow', drawn)];
    expect(fast).to.deep.equal(plain);
    // FNV-1a of '3/stream/a' by hand
    const seed0 = [...'3/stream/a'].reduce(
      (hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193),
      0x811c9dc5,
    );
    expect(plain[0]).to.deep.equal(bits(philoxUniform(seed0 | 0, 7, 6)));
  });
});

onEachEngine('draws', () => {
  it('give a name the same numbers however often it asks, and others to other names, draws, seeds and streams', () => {
    tf.tidy(() => {
      const of = (draw: Draw, name = 'a'): number[] => bits(draw.uniform(name, [5]).dataSync());
      const draws = createDraws(1, 'dropout');
      const [first, second] = [draws.next(), draws.next()];
      expect(draws.counter).to.equal(2);
      const all = [
        of(first),
        of(first, 'b'),
        of(second),
        of(createDraws(2, 'dropout').next()),
        of(createDraws(1, 'other').next()),
      ];
      expect(new Set(all.map((each) => each.join())).size).to.equal(all.length);
      expect(of(first)).to.deep.equal(all[0]);
      draws.seek(1);
      expect(of(draws.next())).to.deep.equal(all[2]);
    });
  });
});

onEachEngine('dropout', () => {
  it('keeps a share of 1 − rate and divides it by that, bit for bit; the rest is 0', () => {
    const [rows, columns] = [50, 400];
    const x = noiseTensor<tf.Tensor>(1, [rows, columns], 1, 2);
    const values = x.dataSync<'float32'>();
    for (const rate of [0.2, 0.5, 0.9]) {
      const y = droppedBy(x, rate).dataSync<'float32'>();
      const scale = Math.fround(1 / (1 - rate));
      const kept = y.filter((value) => value !== 0);
      expect(y.every((value, i) => value === 0 || value === Math.fround(values[i]! * scale))).to.equal(true);
      expectShare(kept.length, y.length, 1 - rate);
      // neither rows nor columns share their fate
      const both = y.filter((value, i) => i % columns !== 0 && value !== 0 && y[i - 1] !== 0);
      expectShare(both.length, rows * (columns - 1), (1 - rate) ** 2);
    }
    x.dispose();
  });

  it('of images keeps or drops all of one', () => {
    const [images, rate] = [500, 0.3];
    const x = tf.ones([images, 2, 2, 3]);
    const y = droppedBy(x, rate, { unit: 'image' }).dataSync<'float32'>();
    let kept = 0;
    for (let image = 0; image < images; image++) {
      const own = y.subarray(12 * image, 12 * image + 12);
      expect(new Set(own).size).to.equal(1);
      expect([0, Math.fround(1 / 0.7)]).to.include(own[0]);
      if (own[0] !== 0) kept++;
    }
    expectShare(kept, images, 1 - rate);
    x.dispose();
  });

  it('has its mask for gradient', () => {
    const x = noiseTensor<tf.Tensor>(1, [4, 30], 1, 2);
    for (const unit of ['number', 'image'] as const) {
      tf.tidy(() => {
        const mask = tf.div(droppedBy(x, 0.4, { unit }), x).dataSync();
        const dy = noiseTensor<tf.Tensor>(2, [4, 30], 0, 1);
        const gradient = tf
          .grad((of) => tf.sum(tf.mul(droppedBy(of, 0.4, { unit }), dy)))(x)
          .dataSync();
        const given = dy.dataSync();
        gradient.forEach((value, i) => expect(value).to.be.closeTo(given[i]! * mask[i]!, 1e-6));
        expect(mask.some((value) => value === 0) && mask.some((value) => value > 1)).to.equal(true);
      });
    }
    x.dispose();
  });

  it('is the same by seed, layer and draw, and another by each of them', () => {
    const x = tf.ones([1, 64]);
    const by = (given: Partial<Given>): string => droppedBy(x, 0.5, given).dataSync().join();
    const all = [{}, { seed: 2 }, { name: 'other' }, { counter: 1 }].map(by);
    expect(new Set(all).size).to.equal(4);
    expect(by({})).to.equal(all[0]);
    x.dispose();
  });

  it('is the identity in a pass without a draw, in training too, and by a rate of 0', () => {
    const x = noiseTensor<tf.Tensor>(1, [3, 5]);
    const layer = dropoutLayer({ name: 'dropout', rate: 0.9, unit: 'number' });
    for (const training of [true, false]) {
      expect(layer.call(x, { ...INFERENCE, training })).to.equal(x);
    }
    expect(bits(droppedBy(x, 0).dataSync())).to.deep.equal(bits(x.dataSync()));
    expect(() => layer.call(x, {})).to.throw('needs to know its pass');
    x.dispose();
  });

  it('refuses rates that keep nothing or are none', () => {
    for (const rate of [1, -0.1, 2, Number.NaN]) {
      expect(() => dropoutLayer({ name: 'x', rate, unit: 'number' })).to.throw(
        `layer x: a dropout rate is in [0, 1), not ${rate}`,
      );
    }
  });

  it('computed again in the backward pass drops the same: values and gradients bit for bit, nothing left behind', () => {
    const input = tf.input({ shape: [6] });
    const dense = (name: string): tf.layers.Layer =>
      tf.layers.dense({ name, units: 6, kernelInitializer: tf.initializers.glorotNormal({ seed: 1 }) });
    let y = input;
    for (const i of [1, 2, 3]) {
      y = dense(`dense${i}`).apply(y) as tf.SymbolicTensor;
      y = dropoutLayer({ name: `drop${i}`, rate: 0.3, unit: 'number' }).apply(y) as tf.SymbolicTensor;
    }
    const model = tf.model({ inputs: input, outputs: y });
    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const x = noiseTensor<tf.Tensor>(1, [5, 6]);
    const computed = (recompute: boolean): number[][] =>
      tf.tidy(() => {
        const of = modelFunction(model, recompute);
        const pass = learning(createDraws(1, 'dropout').next());
        const { value, grads } = variableGrads(() => tf.sum(tf.square(of(x, pass))), variables);
        return [value, ...variables.map(({ name }) => grads[name]!)].map((each) => bits(each.dataSync()));
      });
    expect(computed(true)).to.deep.equal(computed(false));
    expectNoLeak(() => void computed(true));
    model.dispose();
    x.dispose();
  });
});
