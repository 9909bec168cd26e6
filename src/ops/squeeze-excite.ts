/** Squeeze and excitation (Hu, Shen & Sun, "Squeeze-and-Excitation Networks", CVPR 2018), as one operation and as a layer of tf.layers. */
import * as tf from '@tensorflow/tfjs';
import { silu } from './activations.ts';
import { runKernel } from './fast-kernel.ts';
import { castTo, FLOAT32, hasKernelFor, precisionOf, type Casts } from './precision.ts';
import { spatialMean } from './spatial-mean.ts';
import { stock, type HasStandard } from './standard-layer.ts';

/** Kernel that a fast engine registers: inputs {x, squeeze, squeezeBias, excite, exciteBias}, outputs [y, …reserved]. */
export const SQUEEZE_EXCITE = 'SqueezeExcite';

/** Two layers as 1×1 convolutions, float32. */
export interface SqueezeExciteWeights {
  /** [1, 1, C, S] */
  readonly squeeze: tf.Tensor4D;
  /** [S] */
  readonly squeezeBias: tf.Tensor1D;
  /** [1, 1, S, C] */
  readonly excite: tf.Tensor4D;
  /** [C] */
  readonly exciteBias: tf.Tensor1D;
}

/**
 * Channels weighted by what the whole image says of them: x · sigmoid(silu(mean(x) · squeeze + squeezeBias) · excite + exciteBias),
 * the mean over height and width.
 *
 * @param x [N, H, W, C] of any precision
 * @returns the same shape and precision
 */
export function squeezeExcite(
  x: tf.Tensor4D,
  { squeeze, squeezeBias, excite, exciteBias }: SqueezeExciteWeights,
): tf.Tensor4D {
  return tf.tidy(() => {
    if (hasKernelFor(SQUEEZE_EXCITE, x)) {
      const inputs = { x, squeeze, squeezeBias, excite, exciteBias };
      return runKernel<tf.Tensor[]>(SQUEEZE_EXCITE, inputs)[0] as tf.Tensor4D;
    }
    const own = <T extends tf.Tensor>(weight: T): T => castTo(weight, precisionOf(x));
    const linear = (of: tf.Tensor4D, kernel: tf.Tensor4D, bias: tf.Tensor1D): tf.Tensor4D =>
      tf.add(tf.conv2d(of, own(kernel), 1, 'same'), own(bias));
    const hidden = silu(linear(spatialMean(x), squeeze, squeezeBias));
    return tf.mul(x, tf.sigmoid(linear(hidden, excite, exciteBias)));
  });
}

type Weight = ReturnType<tf.layers.Layer['addWeight']>;

export interface SqueezeExciteConfig {
  readonly name: string;
  /** S */
  readonly squeezed: number;
  readonly squeezeInitializer: ReturnType<typeof tf.initializers.heNormal>;
  readonly exciteInitializer: ReturnType<typeof tf.initializers.heNormal>;
  /** Of the network that it is a layer of; left out: float32. Weights are float32 in any. */
  readonly casts?: Casts;
}

class SqueezeExcite extends tf.layers.Layer implements HasStandard {
  static readonly className = 'SqueezeExcite';
  private readonly settings: SqueezeExciteConfig;
  private own: Readonly<Record<keyof SqueezeExciteWeights, Weight>> | undefined;

  constructor(settings: SqueezeExciteConfig) {
    super({ name: settings.name });
    this.settings = settings;
  }

  override build(inputShape: tf.Shape): void {
    const channels = inputShape[inputShape.length - 1]!;
    const { squeezed, squeezeInitializer, exciteInitializer } = this.settings;
    const zeros = tf.initializers.zeros();
    // Part and weight: in a model's state these are `NAME_squeeze/kernel` and so on, as of two layers (model-state.ts).
    this.own = {
      squeeze: this.addWeight('squeeze.kernel', [1, 1, channels, squeezed], 'float32', squeezeInitializer),
      squeezeBias: this.addWeight('squeeze.bias', [squeezed], 'float32', zeros),
      excite: this.addWeight('excite.kernel', [1, 1, squeezed, channels], 'float32', exciteInitializer),
      exciteBias: this.addWeight('excite.bias', [channels], 'float32', zeros),
    };
    this.built = true;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = (Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D;
    const { squeeze, squeezeBias, excite, exciteBias } = this.own!;
    const { beside } = this.settings.casts ?? FLOAT32;
    return squeezeExcite(x, {
      squeeze: beside(squeeze.read() as tf.Tensor4D),
      squeezeBias: beside(squeezeBias.read() as tf.Tensor1D),
      excite: beside(excite.read() as tf.Tensor4D),
      exciteBias: beside(exciteBias.read() as tf.Tensor1D),
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), squeezed: this.settings.squeezed };
  }

  standard(x: tf.SymbolicTensor): tf.SymbolicTensor {
    const { name, squeezed } = this.settings;
    const channels = x.shape[3]!;
    const linear = (part: 'squeeze' | 'excite', filters: number, activation: 'swish' | 'sigmoid') =>
      tf.layers.conv2d({
        name: `${name}_${part}`,
        filters,
        kernelSize: 1,
        activation,
        kernelInitializer: 'zeros',
      });
    const pooled = stock(tf.layers.globalAveragePooling2d({ name: `${name}_pool` }), x);
    const mean = stock(tf.layers.reshape({ name: `${name}_mean`, targetShape: [1, 1, channels] }), pooled);
    const { squeeze, squeezeBias, excite, exciteBias } = this.own!;
    const hidden = stock(linear('squeeze', squeezed, 'swish'), mean, [squeeze.read(), squeezeBias.read()]);
    const gate = stock(linear('excite', channels, 'sigmoid'), hidden, [excite.read(), exciteBias.read()]);
    return stock(tf.layers.multiply({ name }), [x, gate]);
  }
}

/** Squeeze and excitation as a layer with weights of its own; biases start at 0. */
export function squeezeExciteLayer(settings: SqueezeExciteConfig): tf.layers.Layer {
  return new SqueezeExcite(settings);
}
