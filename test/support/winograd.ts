/** Winograd's filtering called by name, whether it pays at these shapes or not. */
import type * as tf from '@tensorflow/tfjs';
import {
  winogradConv,
  winogradInputGradient,
  winogradKernelGradient,
  type Stride,
} from '../../src/tensorflow/kernels/winograd.ts';

/** y, ∂x and ∂kernel. */
export function winograd(
  stride: Stride,
  x: tf.Tensor4D,
  kernel: tf.Tensor4D,
  dy: tf.Tensor4D,
): readonly [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D] {
  return [
    winogradConv(x, kernel, stride),
    winogradInputGradient(dy, kernel, stride, [x.shape[1], x.shape[2]]),
    winogradKernelGradient(x, dy, stride),
  ];
}
