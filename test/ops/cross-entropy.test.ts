import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { sparseCrossEntropy } from '../../src/ops/cross-entropy.ts';
import { on, onEachEngine, useEngine } from '../support/engines.ts';
import { centralDifferences, expectClose, expectNoLeak, noise } from '../support/tensors.ts';

/** Losses, and the gradient of their weighted sum. */
function evaluated(
  logits: Float32Array,
  labels: readonly number[],
  weights: Float32Array,
): { losses: Float32Array; gradient: Float32Array } {
  return tf.tidy(() => {
    const rows = labels.length;
    const given = tf.tensor2d(logits, [rows, logits.length / rows]);
    const losses = (x: tf.Tensor): tf.Tensor1D =>
      sparseCrossEntropy(x as tf.Tensor2D, tf.tensor1d([...labels], 'int32'));
    return {
      losses: losses(given).dataSync<'float32'>(),
      gradient: tf.grad(losses)(given, tf.tensor1d(weights)).dataSync<'float32'>(),
    };
  });
}

onEachEngine('cross-entropy of class numbers', () => {
  it('is ln Σ exp z − z_label, and its gradient the central differences of that', () => {
    const labels = [2, 0, 1, 1];
    const logits = noise(3, 12, -3, 3);
    const weights = noise(4, 4, -1, 2);
    const exact = (z: readonly number[]): number[] =>
      labels.map((label, row) => {
        const own = z.slice(3 * row, 3 * row + 3);
        return Math.log(own.reduce((sum, value) => sum + Math.exp(value), 0)) - own[label]!;
      });
    const { losses, gradient } = evaluated(logits, labels, weights);
    expectClose(losses, exact([...logits]), { absolute: 1e-6 });
    const weighted = (z: readonly number[]): number =>
      exact(z).reduce((sum, loss, row) => sum + weights[row]! * loss, 0);
    expectClose(gradient, centralDifferences(weighted, logits), { absolute: 1e-5 });
  });

  it('refuses a label that is no class, with the label and the classes that there are', () => {
    for (const label of [-1, 2, 7]) {
      expect(() => evaluated(noise(1, 4), [1, label], noise(2, 2))).to.throw(
        new RegExp(`${label}\\b[^]*the classes of these logits are 0 to 1`),
      );
    }
  });

  it('keeps no tensor, nor where it refuses', () => {
    const logits = tf.tensor2d([[1, 2]]);
    const [label, none] = [tf.tensor1d([1], 'int32'), tf.tensor1d([5], 'int32')];
    expectNoLeak(() => sparseCrossEntropy(logits, label).dispose());
    expectNoLeak(() =>
      tf
        .grad((x) => sparseCrossEntropy(x as tf.Tensor2D, label))(logits)
        .dispose(),
    );
    expectNoLeak(() => {
      expect(() => tf.tidy(() => sparseCrossEntropy(logits, none))).to.throw();
    });
    tf.dispose([logits, label, none]);
  });
});

describe('cross-entropy across engines', () => {
  after(() => useEngine('tensorflow'));

  it('is the same, losses and gradient, whatever the logits', async () => {
    const rows = fc.integer({ min: 1, max: 5 });
    const classes = fc.integer({ min: 2, max: 4 });
    await fc.assert(
      fc.asyncProperty(
        rows,
        classes,
        fc.nat(1000),
        fc.constantFrom(1, 30, 500),
        async (n, c, seed, scale) => {
          const labels = [...noise(seed + 1, n, 0, c)].map(Math.floor);
          const given = [noise(seed, n * c, -scale, scale), labels, noise(seed + 2, n)] as const;
          const fast = await on('tensorflow', () => evaluated(...given));
          const plain = await on('cpu', () => evaluated(...given));
          expectClose(fast.losses, plain.losses, { absolute: 1e-5, relative: 1e-6 });
          expectClose(fast.gradient, plain.gradient, { absolute: 1e-6 });
        },
      ),
      { numRuns: 30 },
    );
  });
});
