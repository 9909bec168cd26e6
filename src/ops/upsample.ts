/** Doubling the sides of an image by repeating its pixels, with its true gradient: TensorFlow.js's plain engine has another. */
import * as tf from '@tensorflow/tfjs';
import { scalarLike } from './precision.ts';

/**
 * Every pixel becomes four (nearest neighbour): [N, H, W, C] → [N, 2H, 2W, C]. What arrives at the four belongs to the one:
 * ∂L/∂x is the sum over each 2×2, four times its mean.
 */
export function doubleNearest(x: tf.Tensor4D): tf.Tensor4D {
  const [, height, width] = x.shape;
  const op = tf.customGrad((images) => ({
    value: tf.image.resizeNearestNeighbor(images as tf.Tensor4D, [2 * height, 2 * width]),
    gradFunc: (dy) => {
      const arrived = dy as tf.Tensor4D;
      return tf.mul(tf.avgPool(arrived, 2, 2, 'valid'), scalarLike(arrived, 4));
    },
  }));
  return op(x) as tf.Tensor4D;
}
