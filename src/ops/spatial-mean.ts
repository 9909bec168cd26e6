/** Mean over height and width, with a gradient that is one broadcast. */
import * as tf from '@tensorflow/tfjs';
import { scalarLike } from './precision.ts';

/**
 * [N, H, W, C] → [N, 1, 1, C], the mean of each channel over all pixels; ∂y/∂x = 1 / (H·W).
 * (TensorFlow.js differentiates a mean by multiplying with a tensor of ones that it fills in JavaScript.)
 */
export function spatialMean(x: tf.Tensor4D): tf.Tensor4D {
  const [, height, width] = x.shape;
  const op = tf.customGrad((images) => ({
    value: tf.mean(images as tf.Tensor, [1, 2], true),
    gradFunc: (dy) => tf.tile(tf.div(dy, scalarLike(dy as tf.Tensor, height * width)), [1, height, width, 1]),
  }));
  return op(x) as tf.Tensor4D;
}
