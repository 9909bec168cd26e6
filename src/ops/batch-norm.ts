/**
 * Batch normalisation over N, H, W of an NHWC tensor (Ioffe & Szegedy 2015).
 * Training uses the batch's own statistics and differentiates through them; inference uses given ones.
 */
import * as tf from '@tensorflow/tfjs';
import { hasKernel, runKernel } from './fast-kernel.ts';
import { precisionOf } from './precision.ts';

/** Kernel that a fast engine registers: inputs {x, scale, offset}, attrs {epsilon}, outputs [y, mean, variance, …reserved]. */
export const BATCH_NORM_TRAINING = 'BatchNormTraining';

/** Kernel that an engine with narrow numbers registers: inputs {x narrow, scale, offset, mean, variance float32}, attrs {epsilon}. */
export const NARROW_BATCH_NORM_INFERENCE = 'NarrowBatchNormInference';

export interface BatchNormResult {
  /** Shape and precision of x. */
  readonly y: tf.Tensor4D;
  /** [C], mean of the batch. */
  readonly mean: tf.Tensor1D;
  /** [C], UNBIASED variance of the batch (divided by n − 1), as running statistics want it; y itself uses the biased one. */
  readonly variance: tf.Tensor1D;
}

/**
 * y = (x − mean) / √(var + epsilon) · scale + offset with the batch's mean and biased variance.
 * Only y is for differentiating; mean and variance are for running statistics.
 *
 * @param x [N, H, W, C] of any precision; with N·H·W = 1 the variance is 0. Everything else is float32.
 * @param scale [C] γ
 * @param offset [C] β
 * @param epsilon added to the variance, > 0
 */
export function batchNormTraining(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  epsilon: number,
): BatchNormResult {
  if (hasKernel(BATCH_NORM_TRAINING)) {
    const [y, mean, variance] = runKernel<tf.Tensor[]>(
      BATCH_NORM_TRAINING,
      { x, scale, offset },
      { epsilon },
    );
    return { y: y as tf.Tensor4D, mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
  }
  const [n, h, w] = x.shape;
  const count = n * h * w;
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  const inverse = tf.mul(scale, tf.rsqrt(tf.add(variance, epsilon)));
  const y = tf.add(tf.mul(tf.sub(x, mean), inverse), offset) as tf.Tensor4D;
  // A single value has no spread to estimate: 0, as TensorFlow's kernel says.
  const unbiased = tf.mul(variance, count / Math.max(1, count - 1));
  return { y, mean: mean as tf.Tensor1D, variance: unbiased as tf.Tensor1D };
}

/**
 * y = (x − mean) / √(variance + epsilon) · scale + offset with statistics from elsewhere, folded into one multiply-add
 * per pixel, so that its gradient with respect to x is a single multiplication. x and y may be narrow, all else is float32.
 */
export function batchNormInference(
  x: tf.Tensor4D,
  mean: tf.Tensor1D,
  variance: tf.Tensor1D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  epsilon: number,
): tf.Tensor4D {
  if (precisionOf(x) !== 'float32') {
    return runKernel(NARROW_BATCH_NORM_INFERENCE, { x, scale, offset, mean, variance }, { epsilon });
  }
  const factor = tf.mul(scale, tf.rsqrt(tf.add(variance, epsilon)));
  return tf.add(tf.mul(x, factor), tf.sub(offset, tf.mul(mean, factor)));
}
