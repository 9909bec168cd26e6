import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { silu } from '../../src/ops/activations.ts';
import { on, onEachEngine } from '../support/engines.ts';
import { centralDifferences, expectClose, expectNoLeak, noise } from '../support/tensors.ts';

const X = noise(3, 200, -8, 8);
const DY = noise(4, 200, -1, 1);
const siluOf = (v: number): number => v / (1 + Math.exp(-v));

/** Σ dy_i · f(x_i) in float64. */
const weighted =
  (f: (v: number) => number) =>
  (x: readonly number[]): number =>
    x.reduce((sum, v, i) => sum + DY[i]! * f(v), 0);

onEachEngine('activations', () => {
  const gradient = (f: (x: tf.Tensor) => tf.Tensor): Float32Array =>
    tf.tidy(() => tf.grad(f)(tf.tensor1d(X), tf.tensor1d(DY)).dataSync<'float32'>());

  it('SiLU is x · sigmoid(x)', () => {
    tf.tidy(() => {
      expectClose(silu(tf.tensor1d(X)).dataSync(), [...X].map(siluOf), { absolute: 1e-6 });
    });
  });

  it('SiLU of huge values neither overflows nor becomes NaN', () => {
    tf.tidy(() => {
      const huge = tf.tensor1d([-1e4, -100, 100, 1e4]);
      expectClose(silu(huge).dataSync(), [0, 0, 100, 1e4], { absolute: 1e-30, relative: 1e-7 });
      expectClose(
        tf
          .grad((x) => silu(x))(huge)
          .dataSync(),
        [0, 0, 1, 1],
        { absolute: 1e-30 },
      );
    });
  });

  it('SiLU’s gradient is that of central differences', () => {
    expectClose(gradient(silu), centralDifferences(weighted(siluOf), X), { absolute: 1e-6 });
  });

  it('ReLU’s gradient is that of central differences, and 0 at 0', () => {
    expectClose(
      gradient(tf.relu),
      centralDifferences(
        weighted((v) => Math.max(0, v)),
        X,
      ),
      { absolute: 1e-6 },
    );
    tf.tidy(() => {
      expect([
        ...tf
          .grad((x) => tf.relu(x))(tf.tensor1d([-1, 0, 1]))
          .dataSync(),
      ]).to.deep.equal([0, 0, 1]);
    });
  });

  it('leak no tensor, forward or backward', () => {
    const x = tf.tensor1d(X);
    expectNoLeak(() => silu(x).dispose());
    expectNoLeak(() =>
      tf
        .grad((v) => silu(tf.relu(v)))(x)
        .dispose(),
    );
    x.dispose();
  });
});

describe('activations across engines', () => {
  it('ReLU and its gradient are equal bit for bit', async () => {
    const both = (): number[][] =>
      tf.tidy(() => {
        const { value, grad } = tf.valueAndGrad((x) => tf.relu(x))(tf.tensor1d(X), tf.tensor1d(DY));
        return [[...value.dataSync()], [...grad.dataSync()]];
      });
    expect(await on('cpu', both)).to.deep.equal(await on('tensorflow', both));
  });
});
