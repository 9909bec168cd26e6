/** How a fast kernel is registered: a name, and what it does with tensors, attributes and TensorFlow's ops. */
import * as tf from '@tensorflow/tfjs';
import type { NodeBackend } from '../backend.ts';

export type KernelFunc = (
  inputs: Record<string, tf.Tensor>,
  attrs: Record<string, unknown>,
  backend: NodeBackend,
) => tf.Tensor | tf.Tensor[];

/** Registers a kernel of TensorFlow.js by name on the TensorFlow engine. */
export function kernel(kernelName: string, run: KernelFunc): void {
  tf.registerKernel({
    kernelName,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend }) =>
      run(
        inputs as Record<string, tf.Tensor>,
        (attrs ?? {}) as Record<string, unknown>,
        backend as NodeBackend,
      ),
  });
}
