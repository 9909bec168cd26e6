/**
 * What a gradient becomes before a step is taken along it. All of them treat each image for itself, so that an attack does not
 * depend on what else is in the batch.
 */
import * as tf from '@tensorflow/tfjs';

/** A rule of steps. It holds nothing itself: what it must remember from step to step is handed to it and back. */
export interface Direction {
  /** How many tensors of the gradient's shape it remembers; they start as zeros. */
  readonly memories: number;
  /**
   * @param gradient of the value that is climbed, [N, …]
   * @param step 1 for the first
   */
  next(
    gradient: tf.Tensor,
    memories: readonly tf.Tensor[],
    step: number,
  ): { readonly direction: tf.Tensor; readonly memories: readonly tf.Tensor[] };
}

/** A direction without memory. */
function immediate(direction: (gradient: tf.Tensor) => tf.Tensor): Direction {
  return { memories: 0, next: (gradient) => ({ direction: direction(gradient), memories: [] }) };
}

/** The gradient itself: the paper's step for σ. */
export const raw: Direction = immediate((gradient) => gradient);

/** Its sign: the steepest step of the L∞ norm. */
export const sign: Direction = immediate((gradient) => tf.sign(gradient));

/** Divided by its Euclidean length, image by image: the steepest step of the L2 norm. An image whose gradient vanishes stays. */
export const unitL2: Direction = immediate((gradient) => overRoot(tf.sum, gradient));

/** Divided by its root mean square, image by image, so that a step size reads in the unit of what is varied. */
export const rms: Direction = immediate((gradient) => overRoot(tf.mean, gradient));

/**
 * Accumulated gradients g ← μ·g + ∇/mean|∇|, then another direction's way with g (Dong et al., "Boosting Adversarial Attacks with
 * Momentum", CVPR 2018). μ = 0 leaves `inner` as it is but for the gradient's scale.
 *
 * @param inner a direction without memory
 */
export function momentum(mu: number, inner: Direction): Direction {
  return {
    memories: 1,
    next: (gradient, [before]) => {
      const scaled = tf.divNoNan(gradient, perImage(tf.mean, tf.abs(gradient)));
      const accumulated = tf.add(tf.mul(before!, mu), scaled);
      return { direction: inner.next(accumulated, [], 1).direction, memories: [accumulated] };
    },
  };
}

/** Adam's step (Kingma & Ba 2015), value by value: m̂ / (√v̂ + 1e-8), of magnitude about 1. */
export function adam(beta1 = 0.9, beta2 = 0.999): Direction {
  return {
    memories: 2,
    next: (gradient, [m, v], step) => {
      const mean = tf.add(tf.mul(m!, beta1), tf.mul(gradient, 1 - beta1));
      const square = tf.add(tf.mul(v!, beta2), tf.mul(tf.square(gradient), 1 - beta2));
      const root = tf.sqrt(tf.div(square, 1 - beta2 ** step));
      return {
        direction: tf.div(tf.div(mean, 1 - beta1 ** step), tf.add(root, 1e-8)),
        memories: [mean, square],
      };
    },
  };
}

/**
 * Each image over the root of its reduced squares. Brought to a largest magnitude of 1 first: the squares of a gradient below about 1e-20
 * would all be 0 in float32, and a detector that is sure of itself leaves such gradients.
 */
function overRoot(reduce: Reduction, gradient: tf.Tensor): tf.Tensor {
  const scaled = tf.divNoNan(gradient, perImage(tf.max, tf.abs(gradient)));
  return tf.divNoNan(scaled, tf.sqrt(perImage(reduce, tf.square(scaled))));
}

type Reduction = (x: tf.Tensor, axes: number[], keepDims: boolean) => tf.Tensor;

/** A reduction over everything but the first axis, kept for broadcasting. */
function perImage(reduce: Reduction, x: tf.Tensor): tf.Tensor {
  return reduce(x, x.shape.map((_, axis) => axis).slice(1), true);
}
