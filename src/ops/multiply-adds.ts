/** Counts the multiply-adds of a computation from the shapes of what it asks the engine for. */
import * as tf from '@tensorflow/tfjs';
import { SILU } from './activations.ts';
import { BATCH_NORM_ACTIVATION_INFERENCE } from './batch-norm-activation.ts';
import { DEPTHWISE } from './depthwise.ts';
import { SQUEEZE_EXCITE } from './squeeze-excite.ts';

type Shape = readonly number[];
type Count = (inputs: readonly Shape[], output: Shape) => number;

const size = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** Each output adds up a filter's height × width × input channels. */
const convolution: Count = ([, filter], output) => size(output) * size(filter!.slice(0, 3));
const depthwise: Count = ([, filter], output) => size(output) * size(filter!.slice(0, 2));
/** [.., m, k] · [.., k, n], either of them perhaps transposed: k is what m leaves of the first one's matrix. */
const product: Count = ([a], output) => (size(output) * size(a!.slice(-2))) / output.at(-2)!;
/** Two layers on the mean of each image; inputs x, squeeze, its bias, excite, its bias. */
const squeezeExcite: Count = ([x, squeeze, , excite]) => x![0]! * (size(squeeze!) + size(excite!));

const COUNTS: Readonly<Record<string, Count>> = {
  [tf.Conv2D]: convolution,
  [tf.FusedConv2D]: convolution,
  [tf.DepthwiseConv2dNative]: depthwise,
  [tf.FusedDepthwiseConv2D]: depthwise,
  [tf.BatchMatMul]: product,
  [tf._FusedMatMul]: product,
  [DEPTHWISE]: depthwise,
  [SQUEEZE_EXCITE]: squeezeExcite,
};

/** Kernels that multiply and add over more than one number, and whose count nobody has needed so far. */
const UNCOUNTED: readonly string[] = [tf.Conv2DBackpropInput, tf.Conv3D, tf.Dilation2D, tf.Einsum, tf.FFT];

/** What works number by number, as most kernels of TensorFlow.js do, and counts nothing. */
const OWN_ELEMENTWISE: readonly string[] = [BATCH_NORM_ACTIVATION_INFERENCE, SILU];
const STOCK: ReadonlySet<unknown> = new Set(Object.values(tf).filter((value) => typeof value === 'string'));

/**
 * Multiply-adds of convolutions, matrix products and squeeze and excitation while `job` runs, by their shapes: zeros at a border count, additions of
 * a bias, batch norm, activations, pooling and other work number by number do not. It is what papers on architectures call FLOPs. `job` runs once;
 * what it leaves is the caller's.
 *
 * @throws naming it, if a kernel is met that may multiply and add and is not known here
 */
export function multiplyAdds(job: () => void): number {
  const engine = tf.engine() as unknown as Engine;
  const { runKernel } = engine;
  let sum = 0;
  // a fused kernel may be made of plain ones, which are the same work
  let within = 0;
  engine.runKernel = (name, inputs, attrs) => {
    const count = COUNTS[name];
    if (count === undefined) refuseUnknown(name);
    else within++;
    try {
      const result = runKernel.call(engine, name, inputs, attrs);
      const [output] = Array.isArray(result) ? result : [result];
      if (within === 1)
        sum +=
          count?.(
            Object.values(inputs).map((input) => input?.shape ?? []),
            output!.shape,
          ) ?? 0;
      return result;
    } finally {
      if (count !== undefined) within--;
    }
  };
  try {
    job();
  } finally {
    engine.runKernel = runKernel;
  }
  return sum;
}

/** The one call by which every operation asks for its kernel. */
interface Engine {
  runKernel: (
    name: string,
    inputs: Readonly<Record<string, tf.Tensor | undefined>>,
    attrs?: unknown,
  ) => tf.Tensor | tf.Tensor[];
}

function refuseUnknown(name: string): void {
  if (UNCOUNTED.includes(name) || !(STOCK.has(name) || OWN_ELEMENTWISE.includes(name))) {
    throw new Error(
      `multiply-adds of the kernel ${name} are not known: say in ops/multiply-adds.ts how many it has`,
    );
  }
}
