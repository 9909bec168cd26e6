/**
 * Dynamic loss scaling for float16 (Micikevicius et al., "Mixed Precision Training", ICLR 2018): gradients inside networks are S times
 * what they are, so that small ones are not lost; where one overflows, the step is left out and S halved. Nothing is read back: all of it
 * is tensors, so that a recorded step does the same. bfloat16 has float32's range and needs none.
 */
import * as tf from '@tensorflow/tfjs';
import type { ScaledLoss } from '../ops/precision.ts';
import type { Optimizer } from './optimizer.ts';

/** S at the start: gradients of mean losses are small, and the first overflow costs one step. */
const FIRST_SCALE = 2 ** 15;
/** Steps without overflow after which S is doubled, as in PyTorch's GradScaler. */
const STEPS_TO_DOUBLE = 2000;
/** float32 holds powers of two far beyond; float16's own range ends here. */
const LARGEST_SCALE = 2 ** 24;

export interface LossScale extends ScaledLoss {
  /** S, steps since it last changed, whether this step overflowed, steps left out so far: scalars, for the checkpoint. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  dispose(): void;
}

/** A loss scale at its start. Its variables live outside any tidy until `dispose`. */
export function createLossScale(): LossScale {
  const scalar = (value: number): tf.Variable => tf.tidy(() => tf.variable(tf.scalar(value), false));
  const scale = scalar(FIRST_SCALE);
  const overflowed = scalar(0);
  const state = new Map([
    ['scale', scale],
    ['good_steps', scalar(0)],
    ['overflowed', overflowed],
    ['steps_skipped', scalar(0)],
  ]);
  return {
    scale,
    overflowed,
    state,
    dispose: () => {
      state.forEach((variable) => variable.dispose());
    },
  };
}

/**
 * An optimiser that leaves out the steps whose gradients are not finite, or whose round met an overflow before: variables and averages
 * then stay as they are, bit for bit. A step left out still counts as one for the corrections of the averages.
 *
 * @param variables that the optimiser moves
 * @param closes whether S is to be updated after each step: the detector's does it, for itself and for what came before it
 */
export function guarded(
  optimizer: Optimizer,
  variables: readonly tf.Variable[],
  lossScale: LossScale,
  closes: boolean,
): Optimizer {
  const moved = [...variables, ...optimizer.state.values()];
  const { overflowed, state } = lossScale;
  return {
    step: (gradients, learningRate) =>
      tf.tidy(() => {
        const before = moved.map((variable) => variable.clone());
        const { gradientNorm } = optimizer.step(gradients, learningRate);
        const finite = tf.logicalAnd(tf.isFinite(gradientNorm), tf.equal(overflowed, 0));
        moved.forEach((variable, i) => variable.assign(tf.where(finite, variable, before[i]!)));
        overflowed.assign(tf.where(finite, tf.zerosLike(overflowed), tf.onesLike(overflowed)));
        const norm = tf.where(finite, gradientNorm, tf.zerosLike(gradientNorm));
        if (!closes) return { gradientNorm: norm };
        update(lossScale);
        const told = {
          loss_scale: lossScale.scale.clone(),
          steps_skipped: state.get('steps_skipped')!.clone(),
        };
        return { gradientNorm: norm, told: told as unknown as Record<string, tf.Scalar> };
      }),
    get steps() {
      return optimizer.steps;
    },
    state: optimizer.state,
    seek: optimizer.seek,
    dispose: optimizer.dispose,
  };
}

/** Does what only looks at a game: an overflow that it meets is no step's, and one that waits for a step goes on waiting. */
export function aside<T>(lossScale: LossScale | null, look: () => T): T {
  if (lossScale === null) return look();
  const { overflowed } = lossScale;
  const before = tf.keep(overflowed.clone());
  try {
    return look();
  } finally {
    overflowed.assign(before);
    before.dispose();
  }
}

/** S ← S / 2 after an overflow, 2·S after STEPS_TO_DOUBLE steps without one. */
function update({ scale, overflowed, state }: LossScale): void {
  const [good, skipped] = [state.get('good_steps')!, state.get('steps_skipped')!];
  const steps = tf.add(good, 1);
  const due = tf.greaterEqual(steps, STEPS_TO_DOUBLE);
  const over = tf.greater(overflowed, 0);
  const grown = tf.minimum(tf.mul(scale, 2), LARGEST_SCALE);
  const [less, none] = [tf.maximum(tf.div(scale, 2), 1), tf.zerosLike(good)];
  skipped.assign(tf.add(skipped, overflowed));
  good.assign(tf.where(tf.logicalOr(over, due), none, steps));
  scale.assign(tf.where(over, less, tf.where(due, grown, scale)));
  overflowed.assign(tf.zerosLike(overflowed));
}
