/**
 * Dropout (Srivastava et al., JMLR 2014) and stochastic depth (Huang et al., "Deep networks with stochastic depth", ECCV 2016), inverted: what is
 * kept is scaled, so that inference is the identity. What is dropped is a function of the pass's draw and the layer's name: a pass that is
 * computed twice drops the same, and a pass without a draw (inference, an opponent's) drops nothing.
 */
import * as tf from '@tensorflow/tfjs';
import { passOf } from './layers.ts';
import { castTo, precisionOf } from './precision.ts';
import type { HasStandard } from './standard-layer.ts';
import { record } from './tape.ts';

export interface DropoutConfig {
  readonly name: string;
  /** Probability of being dropped, in [0, 1). */
  readonly rate: number;
  /** What is dropped or kept as one: each number, or all of an image's. */
  readonly unit: 'number' | 'image';
}

class Dropout extends tf.layers.Layer implements HasStandard {
  static readonly className = 'DropoutByDraw';
  private readonly settings: DropoutConfig;

  constructor(settings: DropoutConfig) {
    super({ name: settings.name });
    this.settings = settings;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: unknown): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    const { draw } = passOf(kwargs);
    if (draw === undefined) return x;
    const { name, rate, unit } = this.settings;
    return tf.tidy(() => {
      const shape = unit === 'number' ? x.shape : x.shape.map((size, axis) => (axis === 0 ? size : 1));
      return times(x, keepMask(draw.uniform(name, shape), rate));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { rate, unit } = this.settings;
    return { ...super.getConfig(), rate, unit };
  }

  standard(x: tf.SymbolicTensor): tf.SymbolicTensor {
    return x;
  }
}

/** A layer of [N, …] → [N, …] that drops by the draw of its pass. Throws if the rate is not in [0, 1). */
export function dropoutLayer(settings: DropoutConfig): tf.layers.Layer {
  if (!(settings.rate >= 0 && settings.rate < 1)) {
    throw new Error(`layer ${settings.name}: a dropout rate is in [0, 1), not ${settings.rate}`);
  }
  return new Dropout(settings);
}

/** Whether a layer is one of {@link dropoutLayer}. */
export function isDropout(layer: tf.layers.Layer): boolean {
  return layer instanceof Dropout;
}

/** 1 / (1 − rate) where a uniform draw from [0, 1) is at least the rate, else 0. */
function keepMask(uniform: tf.Tensor, rate: number): tf.Tensor {
  return tf.mul(tf.cast(tf.greaterEqual(uniform, rate), 'float32'), 1 / (1 - rate));
}

/** x · mask in the precision of x; only the mask is kept for the gradient. */
function times(x: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const masked = (of: tf.Tensor, by: tf.Tensor): tf.Tensor =>
    castTo(tf.mul(castTo(of, 'float32'), by), precisionOf(of));
  return record({
    name: 'Dropout',
    inputs: { x },
    forward: () => masked(x, mask),
    save: [mask],
    gradient: (dy, [kept]) => ({ x: masked(dy, kept!) }),
  });
}
