/**
 * Instance normalisation: each channel of each image by its own mean and variance over the pixels (Ulyanov, Vedaldi, Lempitsky 2016).
 * It has no running statistics and does not look at the rest of the batch.
 */
import * as tf from '@tensorflow/tfjs';
import { FLOAT32, type Casts } from './precision.ts';

/**
 * y = (x − mean) / √(var + epsilon) · scale + offset, mean and biased variance over H and W of each image and channel.
 * The gradient is written out: with x̂ the normalised x and g = ∂L/∂y,
 *   ∂L/∂x = scale / √(var + epsilon) · (g − mean(g) − x̂ · mean(g · x̂)).
 *
 * @param x [N, H, W, C] float32
 * @param scale [C] γ
 * @param offset [C] β
 * @param epsilon added to the variance, > 0; with one pixel the variance is 0 and y = offset
 */
export function instanceNorm(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  epsilon: number,
): tf.Tensor4D {
  const op = tf.customGrad((input, gamma, beta, save) => {
    const [images, factors, offsets] = [input as tf.Tensor4D, gamma as tf.Tensor1D, beta as tf.Tensor1D];
    const centred = tf.sub(images, pixelMean(images)) as tf.Tensor4D;
    const inverse = tf.rsqrt(tf.add(pixelMean(tf.square(centred)), epsilon)); // [N, 1, 1, C]
    const normal = tf.mul(centred, inverse) as tf.Tensor4D;
    (save as tf.GradSaveFunc)([normal, inverse, factors]);
    return {
      value: tf.add(tf.mul(normal, factors), offsets),
      gradFunc: (dy, saved) => backward(dy as tf.Tensor4D, saved),
    };
  });
  return op(x, scale, offset) as tf.Tensor4D;
}

function backward(dy: tf.Tensor4D, saved: tf.Tensor[]): tf.Tensor[] {
  const [normal, inverse, factors] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor1D];
  const [meanDy, meanProduct] = [pixelMean(dy), pixelMean(tf.mul(dy, normal))];
  const inner = tf.sub(tf.sub(dy, meanDy), tf.mul(normal, meanProduct));
  const pixels = dy.shape[1] * dy.shape[2];
  const overBatch = (mean: tf.Tensor): tf.Tensor => tf.mul(tf.sum(mean, [0, 1, 2]), pixels);
  return [tf.mul(tf.mul(inverse, factors), inner), overBatch(meanProduct), overBatch(meanDy)];
}

/** [N, H, W, C] → [N, 1, 1, C]. */
function pixelMean(x: tf.Tensor4D): tf.Tensor4D {
  return tf.mean(x, [1, 2], true);
}

type Weight = ReturnType<tf.layers.Layer['addWeight']>;

export interface InstanceNormConfig {
  readonly name: string;
  readonly epsilon: number;
  /** Of the network that it is a layer of; left out: float32. It computes in float32 in any. */
  readonly casts?: Casts;
}

class InstanceNorm extends tf.layers.Layer {
  static readonly className = 'InstanceNormalization';
  private readonly settings: InstanceNormConfig;
  private scale: Weight | undefined;
  private offset: Weight | undefined;

  constructor(settings: InstanceNormConfig) {
    super({ name: settings.name });
    this.settings = settings;
  }

  override build(inputShape: tf.Shape): void {
    const channels = inputShape[inputShape.length - 1]!;
    this.scale = this.addWeight('gamma', [channels], 'float32', tf.initializers.ones());
    this.offset = this.addWeight('beta', [channels], 'float32', tf.initializers.zeros());
    this.built = true;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = (Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D;
    const [scale, offset] = [this.scale!.read(), this.offset!.read()] as [tf.Tensor1D, tf.Tensor1D];
    const { epsilon, casts = FLOAT32 } = this.settings;
    return casts.enter(instanceNorm(casts.leave(x), scale, offset, epsilon));
  }
}

/** Instance normalisation with a scale and an offset per channel, as a layer for tf.layers models. */
export function instanceNormLayer(settings: InstanceNormConfig): tf.layers.Layer {
  return new InstanceNorm(settings);
}
