/**
 * Convolutions of few input channels, as an image has, by products of patches (native/few-channels.cc): float32, NHWC, SAME padding, square kernels of any
 * side, any stride. Direct sums.
 */
import type * as tf from '@tensorflow/tfjs';
import { attr, nodeBackend } from '../backend.ts';

/** x [n, h, w, in] with kernel [side, side, in, out] → [n, ⌈h/stride⌉, ⌈w/stride⌉, out]. Throws if the shapes do not match. */
export function fewChannelsConv(x: tf.Tensor4D, kernel: tf.Tensor4D, stride: number): tf.Tensor4D {
  const attributes = [attr.int('stride', stride)];
  return nodeBackend().executeSingleOutput('DeepfakeGame>FewChannelsConv', attributes, [
    x,
    kernel,
  ]) as tf.Tensor4D;
}

/** Its gradient with respect to the kernel: [side, side, in, out]. Throws if the shapes do not match. */
export function fewChannelsKernelGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  stride: number,
  side: number,
): tf.Tensor4D {
  const attributes = [attr.int('stride', stride), attr.int('side', side)];
  return nodeBackend().executeSingleOutput('DeepfakeGame>FewChannelsConvKernelGradient', attributes, [
    x,
    dy,
  ]) as tf.Tensor4D;
}
