/**
 * Puts faster convolutions in the place of TensorFlow's where they pay: under the names that tf.conv2d and its gradients ask for, so every
 * network here has them. What they do not serve goes to TensorFlow as before.
 */
import type * as tf from '@tensorflow/tfjs';
import { nodeBackend, type NodeBackend } from '../backend.ts';
import { inPlaceOf } from './kernel.ts';
import { registerPointwise } from './pointwise.ts';
import { winogradConv, winogradInputGradient, winogradKernelGradient, type Stride } from './winograd.ts';

/** What a convolution is, as far as the choice goes. */
export interface ConvolutionShape {
  /** [n, h, w, in] of the input. */
  readonly input: readonly number[];
  /** [kh, kw, in, out]. */
  readonly kernel: readonly number[];
  readonly strides: number | readonly number[];
  readonly pad: unknown;
  readonly dataFormat: string;
  readonly dilations?: number | readonly number[];
}

/**
 * The stride by which Winograd's filtering serves a convolution and pays, or undefined. The rule asks for shapes alone, so that a run gives the same bits
 * on every start, and not for the number of images, so that an image gives the same in any batch. Measured on two cores with AVX2, 16 images, milliseconds
 * of processor time, TensorFlow → Winograd, for values, input gradient, kernel gradient:
 *
 *     64 × 64, 64 → 64             60 → 22    67 → 21    109 → 26
 *     16 × 16, 256 → 256           57 → 20    82 → 23     71 → 18
 *     64 × 64, 16 → 16              6 → 3     10 → 2      11 → 3
 *     128 × 128, 3 → 32            24 → 14    22 → 15     24 → 21
 *     4 × 4, 512 → 512             16 → 15   104 → 20     21 → 8
 *     stride 2: 128 × 128, 32 → 64 31 → 26    38 → 27     53 → 35
 *     32 × 32, 128 → 256           29 → 24    37 → 24     36 → 22
 *     64 × 64, 16 → 32              2 → 2      4 → 2       5 → 3
 *     8 × 8, 256 → 256              5 → 8     18 → 10      5 → 6
 */
export function winogradStride(shape: ConvolutionShape): Stride | undefined {
  const [, height, width] = shape.input as [number, number, number, number];
  const [kernelHeight, kernelWidth, channelsIn, channelsOut] = shape.kernel;
  const [stride, across] = pair(shape.strides);
  const dilations = pair(shape.dilations ?? 1);
  const served =
    kernelHeight === 3 &&
    kernelWidth === 3 &&
    shape.pad === 'same' &&
    shape.dataFormat === 'NHWC' &&
    dilations.every((dilation) => dilation === 1) &&
    stride === across &&
    (stride === 1 || stride === 2);
  if (!served) return undefined;
  const [leastSide, leastChannels] = stride === 1 ? [8, 3] : [16, 16];
  return Math.min(height, width) >= leastSide && Math.min(channelsIn!, channelsOut!) >= leastChannels
    ? stride
    : undefined;
}

const pair = (value: number | readonly number[]): readonly number[] =>
  typeof value === 'number' ? [value, value] : value;

/** Registers them, for the processor only, and only one with AVX2 or wider: on others TensorFlow's stay. The engine must be open. */
export function registerConvolutions(): void {
  const backend = nodeBackend();
  if (!hasWideVectors(backend)) return;
  registerPointwise();
  inPlaceOf<Attributes>('Conv2D', ({ x, filter }, attrs) => {
    const stride = winogradStride({ ...attrs, input: x!.shape, kernel: filter!.shape });
    return stride && winogradConv(x as tf.Tensor4D, filter as tf.Tensor4D, stride);
  });
  inPlaceOf<Attributes>('Conv2DBackpropInput', ({ dy, filter }, { inputShape, ...attrs }) => {
    const [n, height, width, channels] = inputShape as [number, number, number, number];
    const stride = winogradStride({ ...attrs, input: [n, height, width, channels], kernel: filter!.shape });
    return stride && winogradInputGradient(dy as tf.Tensor4D, filter as tf.Tensor4D, stride, [height, width]);
  });
  inPlaceOf<Attributes>('Conv2DBackpropFilter', ({ x, dy }, { filterShape, ...attrs }) => {
    const stride = winogradStride({ ...attrs, input: x!.shape, kernel: filterShape as number[] });
    return stride && winogradKernelGradient(x as tf.Tensor4D, dy as tf.Tensor4D, stride);
  });
}

type Attributes = Omit<ConvolutionShape, 'input' | 'kernel'> & Record<string, unknown>;
function hasWideVectors(backend: NodeBackend): boolean {
  const set = backend.executeSingleOutput('DeepfakeGame>InstructionSet', [], []);
  try {
    return set.dataSync()[0]! > 0;
  } finally {
    set.dispose();
  }
}
