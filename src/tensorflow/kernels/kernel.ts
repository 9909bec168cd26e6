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

type Serve<Attributes> = (
  inputs: Record<string, tf.Tensor>,
  attrs: Attributes,
  backend: NodeBackend,
) => tf.Tensor | undefined;

/** Registers a float32 kernel over the one of this name; the old one serves what `serve` answers with undefined, and every other dtype. */
export function inPlaceOf<Attributes extends object = Record<string, unknown>>(
  kernelName: string,
  serve: Serve<Attributes>,
): void {
  const { kernelFunc } = tf.getKernel(kernelName, 'tensorflow');
  tf.unregisterKernel(kernelName, 'tensorflow');
  tf.registerKernel({
    kernelName,
    backendName: 'tensorflow',
    kernelFunc: (given) => {
      const inputs = given.inputs as Record<string, tf.Tensor>;
      const attrs = (given.attrs ?? {}) as Attributes;
      const backend = given.backend as NodeBackend;
      const served = Object.values(inputs).every((input) => isFloat32(backend, input))
        ? serve(inputs, attrs, backend)
        : undefined;
      return served ?? kernelFunc(given);
    },
  });
}

/** By TensorFlow's own word: a tensor of bfloat16 passes as float32 in TensorFlow.js. */
function isFloat32(backend: NodeBackend, { dataId }: tf.Tensor): boolean {
  const { tensorMap } = backend as NodeBackend & { tensorMap: { get(id: object): { dtype: number } } };
  return tensorMap.get(dataId).dtype === backend.binding['TF_FLOAT'];
}
