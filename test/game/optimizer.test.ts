import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { createOptimizer, type OptimizerSettings } from '../../src/game/optimizer.ts';
import { onEachEngine } from '../support/engines.ts';
import { bits, expectClose, expectNoLeak } from '../support/tensors.ts';

interface Fixture {
  readonly start: readonly number[];
  readonly target: readonly number[];
  readonly scale: readonly number[];
  readonly recipes: Readonly<
    Record<string, { readonly settings: OptimizerSettings; readonly after: Record<string, number[]> }>
  >;
}

const FIXTURE = JSON.parse(
  readFileSync(new URL('../fixtures/game/optimizers.json', import.meta.url), 'utf8'),
) as Fixture;

const BASE: OptimizerSettings = {
  name: 'sgd',
  lr: 0.1,
  beta1: 0,
  beta2: 0.999,
  epsilon: 1e-8,
  weight_decay: 0,
  decay: 'l2',
  clip_norm: 0,
};

/** The fixture's gradient (see regenerate.py) of six parameters, split over two variables as a model's would be. */
function gradients(theta: readonly number[], step: number): tf.Tensor[] {
  const { scale, target } = FIXTURE;
  const all = theta.map(
    (value, i) => scale[i]! * (value - target[i]!) + 0.1 * scale[i]! * Math.sin(step + i),
  );
  return [tf.tensor2d(all.slice(0, 4), [2, 2]), tf.tensor1d(all.slice(4))];
}

function model(): tf.Variable[] {
  return [
    tf.variable(tf.tensor2d(FIXTURE.start.slice(0, 4), [2, 2])),
    tf.variable(tf.tensor1d(FIXTURE.start.slice(4))),
  ];
}

const parameters = (variables: readonly tf.Variable[]): number[] =>
  variables.flatMap((variable) => [...variable.dataSync()]);

onEachEngine('optimisers', () => {
  for (const [name, { settings, after }] of Object.entries(FIXTURE.recipes)) {
    it(`${name} follows PyTorch’s over 100 updates`, () => {
      const variables = model();
      const optimizer = createOptimizer({ ...BASE, ...settings }, variables);
      for (let step = 0; step < 100; step++) {
        const grads = gradients(parameters(variables), step);
        optimizer.step(grads, () => settings.lr).gradientNorm.dispose();
        tf.dispose(grads);
        const expected = after[step + 1];
        // float32 here, float64 there
        if (expected !== undefined) {
          expectClose(parameters(variables), expected, { absolute: 2e-6, relative: 2e-6 });
        }
      }
      expect(optimizer.steps).to.equal(100);
      optimizer.dispose();
      tf.dispose(variables);
    });
  }

  it('continue from their averages and number of updates bit for bit', () => {
    for (const name of ['sgd', 'adam', 'radam'] as const) {
      const settings = { ...BASE, name, beta1: 0.9, weight_decay: 0.01 };
      const run = (
        optimizer: ReturnType<typeof createOptimizer>,
        of: tf.Variable[],
        from: number,
        to: number,
      ): void => {
        for (let step = from; step < to; step++) {
          const grads = gradients(parameters(of), step);
          optimizer.step(grads, () => 0.01).gradientNorm.dispose();
          tf.dispose(grads);
        }
      };
      const variables = model();
      const whole = createOptimizer(settings, variables);
      run(whole, variables, 0, 7);
      const copies = variables.map((variable) => tf.variable(variable.clone()));
      const resumed = createOptimizer(settings, copies);
      resumed.state.forEach((average, key) => average.assign(whole.state.get(key)!));
      resumed.seek(whole.steps);
      run(whole, variables, 7, 15);
      run(resumed, copies, 7, 15);
      expect(bits(parameters(copies))).to.deep.equal(bits(parameters(variables)));
      whole.dispose();
      resumed.dispose();
      tf.dispose([...variables, ...copies]);
    }
  });

  it('report the gradient’s norm and cut it down to clip_norm, direction kept', () => {
    for (const [clip_norm, factor] of [
      [0, 1],
      [10, 1],
      [5, 1],
      [2.5, 0.5],
    ] as const) {
      const variables = [tf.variable(tf.tensor1d([1, 1]))];
      const optimizer = createOptimizer({ ...BASE, clip_norm }, variables);
      const gradient = tf.tensor1d([3, -4]);
      const { gradientNorm } = optimizer.step([gradient], () => 0.1);
      expect(gradientNorm.dataSync()[0]).to.be.closeTo(5, 1e-6);
      expectClose(parameters(variables), [1 - 0.3 * factor, 1 + 0.4 * factor], { absolute: 1e-6 });
      optimizer.dispose();
      tf.dispose([gradient, gradientNorm, ...variables]);
    }
  });

  it('clip before the L2 pull, which is no part of the gradient’s length', () => {
    const variables = [tf.variable(tf.tensor1d([10]))];
    const optimizer = createOptimizer({ ...BASE, clip_norm: 1, weight_decay: 0.5 }, variables);
    const gradient = tf.tensor1d([4]);
    optimizer.step([gradient], () => 0.1).gradientNorm.dispose();
    expectClose(parameters(variables), [10 - 0.1 * (1 + 5)], { absolute: 1e-6 });
    optimizer.dispose();
    tf.dispose([gradient, ...variables]);
  });

  it('move nothing at learning rate 0', () => {
    const variables = model();
    for (const decay of ['l2', 'decoupled'] as const) {
      const optimizer = createOptimizer(
        { ...BASE, name: 'adam', beta1: 0.9, weight_decay: 0.1, decay },
        variables,
      );
      const grads = gradients(parameters(variables), 0);
      optimizer.step(grads, () => 0).gradientNorm.dispose();
      expect(parameters(variables)).to.deep.equal(FIXTURE.start);
      tf.dispose(grads);
      optimizer.dispose();
    }
    tf.dispose(variables);
  });

  it('keep no tensor, and free their averages on dispose', () => {
    const variables = model();
    const grads = gradients(parameters(variables), 0);
    for (const name of ['sgd', 'adam', 'radam'] as const) {
      const optimizer = createOptimizer({ ...BASE, name }, variables);
      expectNoLeak(() => optimizer.step(grads, () => 0.01).gradientNorm.dispose());
      optimizer.dispose();
      expectNoLeak(() => createOptimizer({ ...BASE, name }, variables).dispose());
    }
    tf.dispose([...grads, ...variables]);
  });
});
