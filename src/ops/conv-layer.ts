/** The 2-D convolution as a layer for tf.layers models that computes only the gradients that are asked for. */
import * as tf from '@tensorflow/tfjs';
import { FLOAT32, type Casts } from './precision.ts';
import { SPECTRAL_VECTOR, spectralNormalise } from './spectral-norm.ts';

type Weight = ReturnType<tf.layers.Layer['addWeight']>;

export interface ConvConfig {
  readonly name: string;
  readonly filters: number;
  /** Side of the square kernel. */
  readonly kernelSize: number;
  readonly strides: number;
  readonly useBias: boolean;
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
class Conv extends tf.layers.Layer {
  static readonly className = 'Conv2D';
  private readonly settings: ConvConfig;
  private kernel: Weight | undefined;
  private bias: Weight | undefined;
  private spectralVector: Weight | undefined;

  constructor(settings: ConvConfig) {
    super({ name: settings.name });
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
    const { strides, filters } = this.settings;
    return [n, Math.ceil(height / strides), Math.ceil(width / strides), filters];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { casts = FLOAT32, strides } = this.settings;
    const x = casts.images((Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D);
    const weights = this.kernel!.read() as tf.Tensor4D;
    const kernel =
      this.spectralVector === undefined
        ? weights
        : spectralNormalise(weights, this.spectralVector.read() as tf.Tensor1D);
    const y = tf.conv2d(x, casts.enter(kernel), strides, 'same');
    return this.bias === undefined ? y : tf.add(y, casts.enter(this.bias.read()));
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { filters, kernelSize, strides, useBias } = this.settings;
    return { ...super.getConfig(), filters, kernelSize, strides, padding: 'same', useBias };
  }
}

/** 2-D convolution with SAME padding; computes only the gradients that are asked for. */
export function conv2d(settings: ConvConfig): tf.layers.Layer {
  return new Conv(settings);
}
