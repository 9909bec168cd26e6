/**
 * Puts faster convolutions in the place of TensorFlow's where they pay: under the names that tf.conv2d and its gradients ask for, so every
 * network here has them. What they do not serve goes to TensorFlow as before.
 */
import type * as tf from '@tensorflow/tfjs';
import { nodeBackend, type NodeBackend } from '../backend.ts';
import { inPlaceOf } from './kernel.ts';
import { fewChannelsConv, fewChannelsKernelGradient } from './few-channels.ts';
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

export type Method = 'patches' | 'winograd';

/**
 * How a convolution is computed: by products of patches where input channels are few, by Winograd's filtering where it pays, else (undefined) by TensorFlow.
 * The rule asks for shapes alone, so that a run gives the same bits on every start, and not for the number of images, so that an image gives the same in
 * any batch. Measured on two cores with AVX2, 16 images, milliseconds of processor time, TensorFlow → here, for values, input gradient, kernel gradient:
 *
 *     winograd   64 × 64, 64 → 64             60 → 22    67 → 21    109 → 26
 *                16 × 16, 256 → 256           57 → 20    82 → 23     71 → 18
 *                64 × 64, 16 → 16              6 → 3     10 → 2      11 → 3
 *                128 × 128, 3 → 32           (24 → 14)   22 → 15    (24 → 21)
 *                4 × 4, 512 → 512             16 → 15   104 → 20     21 → 8
 *     stride 2   128 × 128, 32 → 64           31 → 26    38 → 27     53 → 35
 *                32 × 32, 128 → 256           29 → 24    37 → 24     36 → 22
 *                8 × 8, 256 → 256              5 → 8     18 → 10      5 → 6
 *     patches    128 × 128, 3 → 32            24 → 8                 21 → 10
 *                128 × 128, 6 → 32            32 → 13                29 → 15
 *     stride 2   224 × 224, 3 → 32            18 → 7                 17 → 8
 *                64 × 64, 16 → 32              2 → 2                  5 → 2
 *     7 × 7      4 images 128 × 128, 3 → 64   23 → 15                47 → 16
 */
export function methodFor(shape: ConvolutionShape, of: 'values' | 'input' | 'kernel'): Method | undefined {
  const stride = commonStride(shape);
  const [, height, width] = shape.input as [number, number, number, number];
  const [side, , channelsIn, channelsOut] = shape.kernel as [number, number, number, number];
  if (stride === undefined) return undefined;
  if (of !== 'input' && side > 1 && channelsIn <= (stride === 1 ? 7 : 16) && channelsOut >= 8)
    return 'patches';
  if (side !== 3 || stride > 2) return undefined;
  const [leastSide, leastChannels] = stride === 1 ? [8, 3] : [16, 16];
  return Math.min(height, width) >= leastSide && Math.min(channelsIn, channelsOut) >= leastChannels
    ? 'winograd'
    : undefined;
}

/** The stride in both directions of a convolution as the ones here are: square, SAME, NHWC, not dilated. Otherwise undefined. */
function commonStride(shape: ConvolutionShape): number | undefined {
  const [stride, across] = pair(shape.strides);
  const usual =
    shape.kernel[0] === shape.kernel[1] &&
    shape.pad === 'same' &&
    shape.dataFormat === 'NHWC' &&
    pair(shape.dilations ?? 1).every((dilation) => dilation === 1) &&
    stride === across;
  return usual ? stride : undefined;
}

const pair = (value: number | readonly number[]): readonly number[] =>
  typeof value === 'number' ? [value, value] : value;

type Attributes = Omit<ConvolutionShape, 'input' | 'kernel'> & Record<string, unknown>;

/** Registers them, for the processor only, and only one with AVX2 or wider: on others TensorFlow's stay. The engine must be open. */
export function registerConvolutions(): void {
  const backend = nodeBackend();
  if (!hasWideVectors(backend)) return;
  registerPointwise();
  inPlaceOf<Attributes>('Conv2D', (inputs, attrs) => {
    const [x, kernel] = [inputs['x'] as tf.Tensor4D, inputs['filter'] as tf.Tensor4D];
    const method = methodFor({ ...attrs, input: x.shape, kernel: kernel.shape }, 'values');
    const [stride] = pair(attrs.strides) as [Stride];
    if (method === 'patches') return fewChannelsConv(x, kernel, stride);
    return method && winogradConv(x, kernel, stride);
  });
  inPlaceOf<Attributes>('Conv2DBackpropInput', (inputs, { inputShape, ...attrs }) => {
    const [dy, kernel] = [inputs['dy'] as tf.Tensor4D, inputs['filter'] as tf.Tensor4D];
    const input = inputShape as [number, number, number, number];
    const method = methodFor({ ...attrs, input, kernel: kernel.shape }, 'input');
    const [stride] = pair(attrs.strides) as [Stride];
    return method && winogradInputGradient(dy, kernel, stride, [input[1], input[2]]);
  });
  inPlaceOf<Attributes>('Conv2DBackpropFilter', (inputs, { filterShape, ...attrs }) => {
    const [x, dy] = [inputs['x'] as tf.Tensor4D, inputs['dy'] as tf.Tensor4D];
    const kernel = filterShape as [number, number, number, number];
    const method = methodFor({ ...attrs, input: x.shape, kernel }, 'kernel');
    const [stride] = pair(attrs.strides) as [Stride];
    if (method === 'patches') return fewChannelsKernelGradient(x, dy, stride, kernel[0]);
    return method && winogradKernelGradient(x, dy, stride);
  });
}

function hasWideVectors(backend: NodeBackend): boolean {
  const set = backend.executeSingleOutput('DeepfakeGame>InstructionSet', [], []);
  try {
    return set.dataSync()[0]! > 0;
  } finally {
    set.dispose();
  }
}
