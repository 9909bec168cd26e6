/**
 * Convolutions of 3 × 3 taps by Winograd's minimal filtering (native/winograd.cc): float32, NHWC, SAME padding, stride 1 or 2. Beside a direct sum
 * they take 36 (stride 1) or 81 (stride 2) multiplications instead of 144 for sixteen outputs, and err by 1e-6 to 4e-6 of the largest output,
 * about twice to four times as much. An infinity or NaN in the input reaches all outputs of its tile of 4 × 4.
 */
import type * as tf from '@tensorflow/tfjs';
import { attr, nodeBackend } from '../backend.ts';

export type Stride = 1 | 2;

/** x [n, h, w, in] with kernel [3, 3, in, out] → [n, ⌈h/stride⌉, ⌈w/stride⌉, out]. Throws if the shapes do not match. */
export function winogradConv(x: tf.Tensor4D, kernel: tf.Tensor4D, stride: Stride): tf.Tensor4D {
  return run('DeepfakeGame>Conv3x3', { stride }, [x, kernel]);
}

/** Its gradient with respect to x [n, height, width, in], of dy [n, ⌈height/stride⌉, ⌈width/stride⌉, out]. Throws if the shapes do not match. */
export function winogradInputGradient(
  dy: tf.Tensor4D,
  kernel: tf.Tensor4D,
  stride: Stride,
  [height, width]: readonly [number, number],
): tf.Tensor4D {
  return run('DeepfakeGame>Conv3x3InputGradient', { stride, height, width }, [dy, kernel]);
}

/** Its gradient with respect to the kernel: [3, 3, in, out]. Throws if the shapes do not match. */
export function winogradKernelGradient(x: tf.Tensor4D, dy: tf.Tensor4D, stride: Stride): tf.Tensor4D {
  return run('DeepfakeGame>Conv3x3KernelGradient', { stride }, [x, dy]);
}

function run(op: string, attrs: Record<string, number>, inputs: tf.Tensor[]): tf.Tensor4D {
  const attributes = Object.entries(attrs).map(([name, value]) => attr.int(name, value));
  return nodeBackend().executeSingleOutput(op, attributes, inputs) as tf.Tensor4D;
}
