/** Balls around clean images, and the directions that climb steepest inside them. */
import * as tf from '@tensorflow/tfjs';

/**
 * Projects onto the L∞ ball of radius eps around the matching clean images, then onto valid pixels, in that order.
 *
 * @param images, clean [N, H, W, C] float32, row i of both the same image
 * @param eps radius on the [0, 1] scale, ≥ 0
 */
export function projectLinf(images: tf.Tensor4D, clean: tf.Tensor4D, eps: number): tf.Tensor4D {
  return tf.tidy(() => {
    const inBall = tf.minimum(tf.maximum(images, tf.sub(clean, eps)), tf.add(clean, eps));
    return tf.clipByValue(inBall, 0, 1) as tf.Tensor4D;
  });
}
