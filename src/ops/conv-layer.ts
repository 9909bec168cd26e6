/** The 2-D convolution as a layer for tf.layers models that computes only the gradients that are asked for. */
import * as tf from '@tensorflow/tfjs';
import { checkPadding, outputSide, symmetrically, type Padding } from './padding.ts';
import { FLOAT32, type Casts } from './precision.ts';
import { SPECTRAL_VECTOR, spectralNormalise } from './spectral-norm.ts';
import { stock, type HasStandard } from './standard-layer.ts';

type Weight = ReturnType<tf.layers.Layer['addWeight']>;

export interface ConvConfig {
  readonly name: string;
  readonly filters: number;
  /** Side of the square kernel. */
  readonly kernelSize: number;
  readonly strides: number;
  readonly useBias: boolean;
  /** Left out: same. */
  readonly padding?: Padding;
  /** Pixels from one value of the kernel to the next, at stride 1 (Yu & Koltun 2016); left out: 1. */
  readonly dilation?: number;
  readonly kernelInitializer: ReturnType<typeof tf.initializers.heNormal>;
  /** With it the kernel is used over its spectral norm; its power iteration starts from a vector of this seed, and is for others to move. */
  readonly spectralNorm?: { readonly seed: number };
  /** In what it computes; left out: float32. The weights are float32 and cast at each pass. */
  readonly casts?: Casts;
}

/**
 * The stock layer calls the fused convolution, whose gradient always computes the kernel's and the input's side. An attack
 * wants the input's alone and the first layer the kernel's alone; the plain convolution computes what is asked for.
 */
class Conv extends tf.layers.Layer implements HasStandard {
  static readonly className = 'Conv2D';
  private readonly settings: ConvConfig;
  private kernel: Weight | undefined;
  private bias: Weight | undefined;
  private spectralVector: Weight | undefined;

  constructor(settings: ConvConfig) {
    super({ name: settings.name });
    const { name, kernelSize, strides, padding = 'same', dilation = 1 } = settings;
    checkPadding(name, kernelSize, strides, padding);
    if (dilation > 1 && strides > 1) {
      throw new Error(`layer ${name}: a dilated convolution has stride 1, not ${strides}`);
    }
    this.settings = settings;
  }

  override build(inputShape: tf.Shape): void {
    const { kernelSize: k, filters, useBias, kernelInitializer, spectralNorm } = this.settings;
    const channels = inputShape[inputShape.length - 1]!;
    this.kernel = this.addWeight('kernel', [k, k, channels, filters], 'float32', kernelInitializer);
    if (useBias) {
      this.bias = this.addWeight('bias', [filters], 'float32', tf.initializers.zeros());
    }
    if (spectralNorm !== undefined) {
      const start = tf.initializers.randomNormal({ mean: 0, stddev: 1, seed: spectralNorm.seed });
      this.spectralVector = this.addWeight(SPECTRAL_VECTOR, [filters], 'float32', start, undefined, false);
    }
    this.built = true;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    const [n, height, width] = inputShape as [number | null, number, number];
    const { strides, filters, kernelSize, padding = 'same', dilation = 1 } = this.settings;
    const side = (size: number): number =>
      outputSide(size, dilation * (kernelSize - 1) + 1, strides, padding);
    return [n, side(height), side(width), filters];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { casts = FLOAT32, strides, kernelSize, padding = 'same', dilation = 1 } = this.settings;
    const x = casts.images((Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D);
    const weights = this.kernel!.read() as tf.Tensor4D;
    const kernel =
      this.spectralVector === undefined
        ? weights
        : spectralNormalise(weights, this.spectralVector.read() as tf.Tensor1D);
    const entered = dilated(casts.enter(kernel), dilation);
    const y =
      padding === 'symmetric'
        ? symmetrically(x, kernelSize, strides, (of) => tf.conv2d(of, entered, strides, 'same'))
        : tf.conv2d(x, entered, strides, padding);
    return this.bias === undefined ? y : tf.add(y, casts.enter(this.bias.read()));
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { filters, kernelSize, strides, useBias, padding = 'same', dilation = 1 } = this.settings;
    return { ...super.getConfig(), filters, kernelSize, strides, padding, dilationRate: dilation, useBias };
  }

  standard(x: tf.SymbolicTensor): tf.SymbolicTensor {
    const { name, filters, kernelSize, strides, useBias, padding = 'same', dilation = 1 } = this.settings;
    if (this.spectralVector !== undefined) {
      throw new Error(`layer ${name} has a spectral norm, which no stock layer of TensorFlow.js has`);
    }
    // at stride 1 both paddings are one
    const apart = padding === 'symmetric' && strides > 1;
    const padded = apart
      ? stock(tf.layers.zeroPadding2d({ name: `${name}_padding`, padding: (kernelSize - 1) / 2 }), x)
      : x;
    const layer = tf.layers.conv2d({
      name,
      filters,
      kernelSize,
      strides,
      padding: apart || padding === 'valid' ? 'valid' : 'same',
      dilationRate: dilation,
      useBias,
      kernelInitializer: 'zeros',
    });
    const bias = this.bias === undefined ? [] : [this.bias.read()];
    return stock(layer, padded, [this.kernel!.read(), ...bias]);
  }
}

/** A kernel with `rate` − 1 zeros between its values in both directions: TensorFlow.js has no gradient of a convolution that dilates by itself. */
function dilated(kernel: tf.Tensor4D, rate: number): tf.Tensor4D {
  if (rate === 1) return kernel;
  return tf.tidy(() => {
    const [k, , inputs, outputs] = kernel.shape;
    const zeros = Array.from({ length: rate - 1 }, () => tf.zerosLike(kernel));
    const rows = tf.stack([kernel, ...zeros], 1).reshape([k * rate, k, inputs, outputs]);
    const between = Array.from({ length: rate - 1 }, () => tf.zerosLike(rows));
    const all = tf.stack([rows, ...between], 2).reshape([k * rate, k * rate, inputs, outputs]);
    const side = (k - 1) * rate + 1;
    return tf.slice4d(all as tf.Tensor4D, [0, 0, 0, 0], [side, side, -1, -1]);
  });
}

/** 2-D convolution; computes only the gradients that are asked for. Throws if its padding or dilation does not go with its kernel and stride. */
export function conv2d(settings: ConvConfig): tf.layers.Layer {
  return new Conv(settings);
}
