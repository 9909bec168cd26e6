/** The depthwise convolution: each channel by a filter of its own; as an op and as a layer. */
import * as tf from '@tensorflow/tfjs';
import { runKernel } from './fast-kernel.ts';
import { checkPadding, outputSide, symmetrically, type Padding } from './padding.ts';
import { FLOAT32, hasKernelFor, precisionOf, type Casts } from './precision.ts';
import { stock, type HasStandard } from './standard-layer.ts';

/** Kernel that a fast engine registers: inputs {x, filter}, attrs {stride}, for filters of side 3 or 5 with stride 1 or 2. */
export const DEPTHWISE = 'Depthwise';
/** Kernel that an engine with narrow numbers registers: the same for filters of any side, x narrow; its filter gradient is computed in float32. */
export const NARROW_DEPTHWISE = 'NarrowDepthwise';

/**
 * y = Σ over the filter of x·filter, channel by channel, with TensorFlow's SAME padding. Only the gradients that are asked for are computed.
 *
 * @param x [N, H, W, C] of any precision; the filter's gradient is float32 in all, for in bfloat16 TensorFlow's takes several times as long
 * @param filter [K, K, C, 1] float32
 * @param stride in both directions, a whole number above 0
 * @returns [N, ⌈H/stride⌉, ⌈W/stride⌉, C]
 */
export function depthwiseConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, stride: number): tf.Tensor4D {
  const [height, width, , multiplier] = filter.shape;
  const known = (height === 3 || height === 5) && width === height && multiplier === 1 && stride <= 2;
  if (known && hasKernelFor(DEPTHWISE, x)) {
    return runKernel<tf.Tensor4D>(DEPTHWISE, { x, filter }, { stride });
  }
  return precisionOf(x) === 'float32'
    ? tf.depthwiseConv2d(x, filter, stride, 'same')
    : runKernel<tf.Tensor4D>(NARROW_DEPTHWISE, { x, filter }, { stride });
}

type Weight = ReturnType<tf.layers.Layer['addWeight']>;

export interface DepthwiseConfig {
  readonly name: string;
  /** Side of the square filter. */
  readonly kernelSize: number;
  readonly strides: number;
  /** Left out: same. */
  readonly padding?: Exclude<Padding, 'valid'>;
  readonly depthwiseInitializer: ReturnType<typeof tf.initializers.heNormal>;
  /** In what it computes; left out: float32. The filter is float32 in any. */
  readonly casts?: Casts;
}

class Depthwise extends tf.layers.Layer implements HasStandard {
  static readonly className = 'DepthwiseConv2D';
  private readonly settings: DepthwiseConfig;
  private filter: Weight | undefined;

  constructor(settings: DepthwiseConfig) {
    super({ name: settings.name });
    checkPadding(settings.name, settings.kernelSize, settings.strides, settings.padding ?? 'same');
    this.settings = settings;
  }

  override build(inputShape: tf.Shape): void {
    const { kernelSize: k, depthwiseInitializer } = this.settings;
    const channels = inputShape[inputShape.length - 1]!;
    this.filter = this.addWeight('depthwise_kernel', [k, k, channels, 1], 'float32', depthwiseInitializer);
    this.built = true;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    const [n, height, width, channels] = inputShape as [number | null, number, number, number];
    const { kernelSize, strides, padding = 'same' } = this.settings;
    const side = (size: number): number => outputSide(size, kernelSize, strides, padding);
    return [n, side(height), side(width), channels];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { casts = FLOAT32, kernelSize, strides, padding = 'same' } = this.settings;
    const x = casts.images((Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D);
    const filter = casts.beside(this.filter!.read() as tf.Tensor4D);
    const same = (of: tf.Tensor4D): tf.Tensor4D => depthwiseConv2d(of, filter, strides);
    return padding === 'same' ? same(x) : symmetrically(x, kernelSize, strides, same);
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { kernelSize, strides, padding = 'same' } = this.settings;
    return { ...super.getConfig(), kernelSize, strides, padding, useBias: false, depthMultiplier: 1 };
  }

  standard(x: tf.SymbolicTensor): tf.SymbolicTensor {
    const { name, kernelSize, strides, padding = 'same' } = this.settings;
    const apart = padding === 'symmetric' && strides > 1;
    const padded = apart
      ? stock(tf.layers.zeroPadding2d({ name: `${name}_padding`, padding: (kernelSize - 1) / 2 }), x)
      : x;
    const layer = tf.layers.depthwiseConv2d({
      name,
      kernelSize,
      strides,
      padding: apart ? 'valid' : 'same',
      useBias: false,
      depthwiseInitializer: 'zeros',
    });
    return stock(layer, padded, [this.filter!.read()]);
  }
}

/** Depthwise convolution without bias, one output channel for each input channel, as a layer for tf.layers models. */
export function depthwiseLayer(settings: DepthwiseConfig): tf.layers.Layer {
  return new Depthwise(settings);
}
