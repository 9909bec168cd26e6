/**
 * Mixup (Zhang et al., "mixup: Beyond empirical risk minimization", ICLR 2018): the detector sees λ x + (1 − λ) x_π and learns
 * λ L(z, y) + (1 − λ) L(z, y_π), π a permutation of the batch and λ ~ Beta(α, α). Each image has a λ of its own, as the paper's equation has
 * it; its released code draws one for the batch.
 */
import * as tf from '@tensorflow/tfjs';
import { number, type SettingsOf } from '../config/settings.ts';
import { rngFor, type Rng } from '../data/rng.ts';
import { fed } from '../ops/fed.ts';
import type { ImageView, ImageViews } from './image-views.ts';

export const mixupSettings = {
  alpha: number({
    min: 0,
    doc: 'α of Beta(α, α), from which the share of an image is drawn that it keeps when mixed with another; 0 = no mixing.',
  }),
};
export type MixupSettings = SettingsOf<typeof mixupSettings>;

/** Mixed views by the settings, of a random stream of their own; null where nothing is mixed. */
export function createMixup({ alpha }: MixupSettings, seed: number): ImageViews | null {
  if (alpha === 0) return null;
  let counter = 0;
  return {
    get counter() {
      return counter;
    },
    seek: (to) => {
      counter = to;
    },
    draw: (count) => {
      // drawn by the host, for Beta is drawn by rejection: a recorded round asks for the next ones
      const draws = fed(() => {
        const rng = rngFor(seed, 'mixup', counter++);
        const shares = Array.from({ length: count }, () => beta(alpha, rng));
        return [...shares, ...rng.permutation(count)];
      }, [2, count]);
      const [shares, partners] = tf.unstack(draws) as [tf.Tensor1D, tf.Tensor1D];
      return mixing(shares, tf.cast(partners, 'int32'));
    },
  };
}

/**
 * Images mixed with others of their batch; differentiable in both.
 *
 * @param shares λ [N] float32 in [0, 1], what an image keeps of itself
 * @param partners π [N] int32, the row of the other one
 */
export function mixing(shares: tf.Tensor1D, partners: tf.Tensor1D): ImageView {
  const others = tf.sub(1, shares);
  const mixed = (rows: tf.Tensor4D): tf.Tensor4D =>
    tf.tidy(() => {
      const count = rows.shape[0];
      const moved = tf.mul(tf.oneHot(partners, count), tf.expandDims(others, 1));
      const mix = tf.add(tf.mul(tf.eye(count), tf.expandDims(shares, 1)), moved) as tf.Tensor2D;
      return tf.reshape(tf.matMul(mix, tf.reshape(rows, [count, -1])), rows.shape);
    });
  return {
    images: mixed,
    masks: mixed,
    judged: (figure) => (logits, labels) =>
      tf.tidy(() => {
        // `gather` would read the indices back to the host
        const partnersLabels = tf.gatherND(labels, tf.expandDims(partners, 1)) as tf.Tensor1D;
        const own = tf.mul(shares, figure(logits, labels));
        return tf.add(own, tf.mul(others, figure(logits, partnersLabels)));
      }),
  };
}

/** A draw from Beta(α, α): X / (X + Y) of two Gamma(α), by their logarithms, which do not underflow where α is small. */
function beta(alpha: number, rng: Rng): number {
  return 1 / (1 + Math.exp(logGamma(alpha, rng) - logGamma(alpha, rng)));
}

/**
 * The logarithm of a draw from Gamma(α, 1): Marsaglia & Tsang, "A simple method for generating gamma variables", ACM TOMS 2000; below 1 by
 * Gamma(α) = Gamma(α + 1) · U^(1/α), as there.
 */
function logGamma(alpha: number, rng: Rng): number {
  if (alpha < 1) return logGamma(alpha + 1, rng) + Math.log(1 - rng.uniform()) / alpha;
  const d = alpha - 1 / 3;
  for (;;) {
    const x = rng.normal();
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - rng.uniform()) < (x * x) / 2 + d * (1 - v + Math.log(v))) {
      return Math.log(d * v);
    }
  }
}
