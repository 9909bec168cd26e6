/**
 * One update of an optimiser, as a function of tensors. The rules differ in numbers only:
 *   g ← pull · θ + g, cut down to a longest length before    m ← decay · m + gain · g    v ← decay₂ · v + gain₂ · g²
 *   θ ← shrinkage · θ − stepSize · m / (ofRoot · √v + besideRoot), or without v: θ ← shrinkage · θ − stepSize · m
 */
import * as tf from '@tensorflow/tfjs';
import { hasKernel, runKernel } from './fast-kernel.ts';
import { flatten, unflatten } from './flat-parameters.ts';

/**
 * Kernel that a fast engine registers: inputs by position, N parameters, N gradients, the averages, the step's numbers; attributes a
 * `StepRule`'s; outputs N parameters, the averages, the gradient's length.
 */
export const OPTIMIZER_STEP = 'OptimizerStep';

/** x ← decay · x + gain · new. */
export interface Averaging {
  readonly decay: number;
  readonly gain: number;
}

/** What of a rule is the same in every step. */
export interface StepRule {
  readonly mean: Averaging;
  /** Of squared gradients; left out, there is no root to divide by. */
  readonly square?: Averaging;
  /** Times θ, added to the gradient: the slope of an L2 penalty. */
  readonly pull: number;
  /** Longest gradient allowed, Euclidean over all parameters; 0 = any. */
  readonly clipNorm: number;
}

export interface StepState {
  /** Of any shapes, float32. */
  readonly parameters: readonly tf.Tensor[];
  /** m, and v if the rule has squares: each [P], the parameters one after another. */
  readonly averages: readonly tf.Tensor1D[];
}

/**
 * The state after one update; the old one is left as it is.
 *
 * @param gradients of the parameters: same order and shapes, float32
 * @param numbers [shrinkage, stepSize], and with squares [shrinkage, stepSize, ofRoot, besideRoot]: [2] or [4] float32
 * @returns besides the state, the gradients' Euclidean length before it was cut, a scalar
 * @throws if shapes or sizes do not fit each other
 */
export function optimizerStep(
  rule: StepRule,
  { parameters, averages }: StepState,
  gradients: readonly tf.Tensor[],
  numbers: tf.Tensor1D,
): StepState & { readonly gradientNorm: tf.Scalar } {
  const expected = rule.square === undefined ? 1 : 2;
  if (
    averages.length !== expected ||
    numbers.size !== 2 * expected ||
    gradients.length !== parameters.length
  ) {
    throw new Error(
      `this update takes ${expected} averages, ${2 * expected} numbers and ${parameters.length} gradients, ` +
        `not ${averages.length}, ${numbers.size} and ${gradients.length}`,
    );
  }
  if (hasKernel(OPTIMIZER_STEP)) {
    const inputs = Object.fromEntries(
      [...parameters, ...gradients, ...averages, numbers].map((tensor, i) => [String(i), tensor]),
    );
    const outputs = runKernel<tf.Tensor[]>(OPTIMIZER_STEP, inputs, { rule, parameters: parameters.length });
    return {
      parameters: outputs.slice(0, parameters.length),
      averages: outputs.slice(parameters.length, -1) as tf.Tensor1D[],
      gradientNorm: outputs.at(-1) as tf.Scalar,
    };
  }
  return plainStep(rule, { parameters, averages }, gradients, numbers);
}

/** The same on vectors of all parameters: a dozen operations for any number of layers. */
function plainStep(
  { mean, square, pull, clipNorm }: StepRule,
  { parameters, averages }: StepState,
  gradients: readonly tf.Tensor[],
  numbers: tf.Tensor1D,
): StepState & { readonly gradientNorm: tf.Scalar } {
  return tf.tidy(() => {
    const [shrinkage, stepSize, ofRoot, besideRoot] = tf.unstack(numbers) as tf.Scalar[];
    const theta = flatten(parameters);
    const raw = flatten(gradients);
    const gradientNorm = tf.sqrt(tf.sum(tf.square(raw))) as tf.Scalar;
    const cut = clipNorm > 0 ? clip(raw, gradientNorm, clipNorm) : raw;
    const gradient = pull > 0 ? tf.add(cut, tf.mul(theta, pull)) : cut;
    const m = moved(averages[0]!, gradient, mean);
    const v = square && moved(averages[1]!, tf.square(gradient), square);
    const direction = v === undefined ? m : tf.div(m, tf.add(tf.mul(tf.sqrt(v), ofRoot!), besideRoot!));
    const next = tf.sub(tf.mul(theta, shrinkage!), tf.mul(direction, stepSize!)) as tf.Tensor1D;
    return {
      parameters: unflatten(
        next,
        parameters.map(({ shape }) => shape),
      ),
      averages: v === undefined ? [m] : [m, v],
      gradientNorm,
    };
  });
}

/** The gradient, shortened to the limit where it is longer; a factor of 1 leaves it bit for bit. */
function clip(gradient: tf.Tensor1D, norm: tf.Scalar, limit: number): tf.Tensor1D {
  return tf.mul(gradient, tf.minimum(1, tf.div(limit, norm)));
}

function moved(average: tf.Tensor1D, by: tf.Tensor, { decay, gain }: Averaging): tf.Tensor1D {
  return tf.add(tf.mul(average, decay), tf.mul(by, gain));
}
