/**
 * The one question every op asks: has the engine room registered a faster kernel for me on this engine?
 * Kernels are TensorFlow.js kernels, so the tape, the memory accounting and the profiler see them as any other.
 */
import * as tf from '@tensorflow/tfjs';

/** Whether the current engine has a kernel of this name. */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) != null;
}

/** Runs a registered kernel on the tape. Its gradient, if any, is the one registered under the same name. */
export function runKernel<T extends tf.Tensor | tf.Tensor[]>(
  name: string,
  inputs: Record<string, tf.Tensor>,
  attrs: Record<string, unknown> = {},
): T {
  return tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap);
}
