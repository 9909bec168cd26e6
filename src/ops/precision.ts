/**
 * Half-width floating-point numbers inside networks. TensorFlow.js knows no such dtype: to it a bfloat16 tensor is a float32 tensor, and
 * only the engine knows better. This file asks the engine, and casts; nothing else tells the widths apart.
 */
import * as tf from '@tensorflow/tfjs';
import { hasKernel, runKernel } from './fast-kernel.ts';

/** float32: 24 bits of significand; bfloat16: 8, and float32's range; float16: 11, and nothing above 65,504. */
export type Precision = 'float32' | 'bfloat16' | 'float16';

/** Kernel that an engine with narrow numbers registers: input {x}, attrs {from, to: Precision}; its gradient is cast back. */
export const CAST_PRECISION = 'CastPrecision';

/** What an engine with narrow numbers has beside the interface of TensorFlow.js. */
export interface KnowsPrecision {
  precisionOf(x: tf.TensorInfo): Precision;
}

/** What a tensor's values really are, where its dtype says float32. */
export function precisionOf(x: tf.Tensor): Precision {
  return (tf.backend() as Partial<KnowsPrecision>).precisionOf?.(x) ?? 'float32';
}

/**
 * The values of x in another precision, rounded to nearest even; x itself where it has that one already. Its gradient is cast back, and
 * nothing else: across the border of a network that scales losses go by its `Casts`.
 *
 * @throws if the engine computes in float32 alone
 */
export function castTo<T extends tf.Tensor>(x: T, to: Precision): T {
  const from = precisionOf(x);
  if (from === to) return x;
  if (!hasKernel(CAST_PRECISION)) {
    throw new Error(
      `the engine '${tf.getBackend()}' computes in float32 alone, not in ${to}: use runtime.precision=float32, or open TensorFlow`,
    );
  }
  return runKernel<T>(CAST_PRECISION, { x }, { from, to });
}

/** Whether the engine has a kernel of its own making for tensors like x: such know float32 and bfloat16. */
export function hasKernelFor(name: string, x: tf.Tensor): boolean {
  return hasKernel(name) && precisionOf(x) !== 'float16';
}

/** A number as a scalar that may meet x in an operation. */
export function scalarLike(x: tf.Tensor, value: number): tf.Scalar {
  return castTo(tf.scalar(value), precisionOf(x));
}

/** Where the losses inside a network are scaled. Both are scalars, read or written at each backward pass. */
export interface ScaledLoss {
  /** S; a power of two costs no rounding. */
  readonly scale: tf.Variable;
  /** Becomes 1 when a gradient that leaves the network for its images is not finite. */
  readonly overflowed: tf.Variable;
}

/** The borders of a network that computes in `precision` while all around it is float32. Every function is differentiable. */
export interface Casts {
  readonly precision: Precision;
  /** Into the network: weights. float32 → precision; the gradient comes out in float32. */
  readonly enter: <T extends tf.Tensor>(x: T) => T;
  /** The same for images: of their gradient what is not finite is told of and becomes 0, so that an attack never follows it. */
  readonly images: <T extends tf.Tensor>(x: T) => T;
  /** Out of it: precision → float32; the gradient goes in narrow. */
  readonly leave: <T extends tf.Tensor>(x: T) => T;
  /** A float32 operand of an operation on narrow tensors, such as batch norm's scale: stays what it is. */
  readonly beside: <T extends tf.Tensor>(x: T) => T;
}

/** No casts: a network in float32. */
export const FLOAT32: Casts = {
  precision: 'float32',
  enter: (x) => x,
  images: (x) => x,
  leave: (x) => x,
  beside: (x) => x,
};

/**
 * The borders of a network of a precision.
 *
 * With a scale S every gradient inside the network is S times what it is outside, so that float16 does not lose the small ones
 * (Micikevicius et al., "Mixed Precision Training", ICLR 2018, section 3.2): it is multiplied by S where it enters through `leave`, and
 * divided by S where it comes out through `enter` and `beside`. Weights' gradients, images' gradients and losses are therefore unscaled
 * by construction, whoever asks for them.
 *
 * @param loss left out: S = 1
 */
export function createCasts(precision: Precision, loss?: ScaledLoss): Casts {
  if (precision === 'float32') return FLOAT32;
  const scaled = (dy: tf.Tensor): tf.Tensor => (loss === undefined ? dy : tf.mul(dy, loss.scale));
  const unscaled = (dy: tf.Tensor): tf.Tensor => (loss === undefined ? dy : tf.div(dy, loss.scale));
  const finite = (dy: tf.Tensor): tf.Tensor => (loss === undefined ? dy : onlyFinite(dy, loss.overflowed));
  const border =
    (to: Precision, back: (dy: tf.Tensor) => tf.Tensor) =>
    <T extends tf.Tensor>(x: T): T =>
      tf.customGrad((tensor) => ({
        value:
          precisionOf(tensor as tf.Tensor) === to
            ? tf.clone(tensor as tf.Tensor)
            : castTo(tensor as tf.Tensor, to),
        gradFunc: (dy) => back(dy as tf.Tensor),
      }))(x) as T;
  const enter = border(precision, (dy) => unscaled(castTo(dy, 'float32')));
  const images = border(precision, (dy) => finite(unscaled(castTo(dy, 'float32'))));
  const leave = border('float32', (dy) => castTo(scaled(dy), precision));
  const divided = border('float32', unscaled);
  return {
    precision,
    enter: (x) => (precisionOf(x) === precision ? x : enter(x)),
    images: (x) => (precisionOf(x) === precision ? x : images(x)),
    leave: (x) => (precisionOf(x) === 'float32' ? x : leave(x)),
    beside: (x) => (loss === undefined ? x : divided(x)),
  };
}

/** dy with 0 where it is infinite or NaN; then `overflowed` becomes 1. */
function onlyFinite(dy: tf.Tensor, overflowed: tf.Variable): tf.Tensor {
  return tf.tidy(() => {
    const fine = tf.isFinite(dy);
    const any = tf.cast(tf.logicalNot(tf.all(fine)), 'float32');
    overflowed.assign(tf.maximum(overflowed, any));
    return tf.where(fine, dy, tf.zerosLike(dy));
  });
}
