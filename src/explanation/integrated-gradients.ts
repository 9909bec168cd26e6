/**
 * Integrated gradients (Sundararajan et al., "Axiomatic Attribution for Deep Networks", ICML 2017): with F what is explained and x′ a baseline,
 * IG_i = (x_i − x′_i) ∫₀¹ ∂F/∂x_i (x′ + α(x − x′)) dα, here by the midpoint rule, α = (k − ½)/m. The integral is complete: Σ_i IG_i = F(x) − F(x′). How
 * far a sum of m steps is from that is its residual.
 */
import * as tf from '@tensorflow/tfjs';
import { valueAndGrad } from '../ops/gradients.ts';

/** Of N images. */
export interface Attributions {
  /** [N, H, W, C]: what each value adds to F, against the baseline. The caller disposes it. */
  readonly values: tf.Tensor4D;
  /** F(x) − F(x′), one an image. */
  readonly difference: Float32Array;
  /** Σ IG − (F(x) − F(x′)), one an image: 0 if the steps sufficed. */
  readonly residual: Float32Array;
}

/**
 * Integrated gradients of N images, step after step, so that memory holds one pass over them however many steps there are.
 *
 * @param F [N, H, W, C] → [N], each image for itself
 * @param images [N, H, W, C]
 * @param baseline x′, of the same shape
 * @param steps m ≥ 1
 */
export function integratedGradients(
  F: (images: tf.Tensor4D) => tf.Tensor1D,
  images: tf.Tensor4D,
  baseline: tf.Tensor4D,
  steps: number,
): Attributions {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new Error(`integrated gradients take a whole number of steps of at least 1, not ${steps}`);
  }
  if (!tf.util.arraysEqual(images.shape, baseline.shape)) {
    throw new Error(
      `the baseline has shape [${baseline.shape.join()}] and the images [${images.shape.join()}]: they must be the same`,
    );
  }
  const sum = (x: tf.Tensor4D): tf.Scalar => tf.sum(F(x));
  const way = tf.sub(images, baseline);
  let gradients: tf.Tensor4D = tf.zerosLike(images);
  for (let k = 0; k < steps; k++) {
    const added = tf.tidy(() => {
      const at = tf.add(baseline, tf.mul(way, (k + 0.5) / steps)) as tf.Tensor4D;
      return tf.add(gradients, valueAndGrad(sum, at).grad) as tf.Tensor4D;
    });
    gradients.dispose();
    gradients = added;
  }
  const values = tf.tidy(() => tf.div(tf.mul(gradients, way), steps) as tf.Tensor4D);
  const [difference, residual] = tf.tidy(() => {
    const change = tf.sub(F(images), F(baseline));
    const rest = tf.sub(tf.sum(values, [1, 2, 3]), change);
    return [change.dataSync<'float32'>(), rest.dataSync<'float32'>()] as const;
  });
  tf.dispose([way, gradients]);
  return { values, difference, residual };
}
