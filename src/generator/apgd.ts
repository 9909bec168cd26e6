/**
 * APGD: projected gradient descent that chooses its own steps (Croce & Hein, "Reliable evaluation of adversarial robustness with an
 * ensemble of diverse parameter-free attacks", ICML 2020, algorithm 1). Steps begin as long as the ball is wide, with momentum; at
 * checkpoints an image whose loss has stopped rising goes back to its best point and on with half the step.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, integer, number } from '../config/settings.ts';
import { valueAndGrad } from '../ops/gradients.ts';
import { sign, unitL2, type Direction } from './directions.ts';
import { epsFactor, epsScheduleSettings } from './eps-schedule.ts';
import { NOT_LEARNED, type GeneratorVariant } from './generator.ts';
import { goalOf, goalSetting } from './goal.ts';
import { ballProblems, NORM_BALLS, type Norm } from './norm-ball.ts';

const settings = {
  norm: choice(
    ['linf', 'l2'],
    'What eps bounds: the largest change of a value, or the Euclidean length of an image’s whole change.',
  ),
  eps: number({ min: 0, doc: 'Budget on the [0, 1] pixel scale; 2/255 = 0.00784. 0 changes nothing.' }),
  steps: integer({ min: 1, doc: 'Gradient steps of an attempt; 100 in AutoAttack.' }),
  restarts: integer({
    min: 1,
    doc: 'Attempts, each from a point drawn uniformly from the ball; each image keeps the best of them.',
  }),
  goal: goalSetting,
  ...epsScheduleSettings,
};

const STEEPEST: Readonly<Record<Norm, Direction>> = { linf: sign, l2: unitL2 };

/** Algorithm 1 in the L∞ or L2 ball of eps, on the cross-entropy. */
export const apgd: GeneratorVariant<typeof settings> = {
  name: 'apgd',
  settings,
  check: ballProblems,
  create: (config) => ({
    ...NOT_LEARNED,
    name: 'apgd',
    perturb: (batch, victim, { rng, progress }) =>
      tf.tidy(() => {
        const { norm, steps } = config;
        const eps = config.eps * epsFactor(config.eps_growth, config.eps_growth_share, progress);
        const valueOf = goalOf(config.goal, batch, victim);
        const attempts = Array.from({ length: config.restarts }, () => {
          const start = NORM_BALLS[norm].draw(rng, batch.images, eps);
          return autoPgd(valueOf, batch.images, start, { norm, eps, steps });
        });
        const { at: images } = attempts.reduce(better);
        return { images, maps: {}, bounds: { pixels: { norm, limit: eps } } };
      }),
  }),
};

/** Share of the last step that goes on into the next one: 1 − α of the paper, α = .75. */
const MOMENTUM = 0.25;
/** ρ: with rises in fewer of the steps since the last checkpoint, the step is halved. */
const RISES = 0.75;
/** p₁ and p₂ − p₁, by how much the distance between checkpoints falls each time, and the least; all as shares of the steps. */
const CHECKS = { first: 0.22, less: 0.03, least: 0.06 } as const;

/** An image's best point and what it is worth, [N]. An alias, so that it may leave a tidy. */
export type Climbed = { readonly at: tf.Tensor4D; readonly value: tf.Tensor1D };

type State = {
  readonly at: tf.Tensor4D;
  /** The point before it. */
  readonly before: tf.Tensor4D;
  readonly gradient: tf.Tensor4D;
  readonly value: tf.Tensor1D;
  readonly best: Climbed & { readonly gradient: tf.Tensor4D };
  /** [N, 1, 1, 1]. */
  readonly step: tf.Tensor;
  /** Rises of the value since the last checkpoint, [N]. */
  readonly rises: tf.Tensor1D;
  /** What the best was worth at the last checkpoint, and whether (1) the step was halved there, [N] each. */
  readonly checked: tf.Tensor1D;
  readonly halved: tf.Tensor1D;
};

/**
 * One attempt of APGD.
 *
 * @param valueOf what is climbed, [N], as a differentiable function of images
 * @param clean the centres of the balls, [N, H, W, C]
 * @param start a point of each ball
 * @param met told what each step led to, [N]
 * @returns the best point of each image
 */
export function autoPgd(
  valueOf: (images: tf.Tensor4D) => tf.Tensor1D,
  clean: tf.Tensor4D,
  start: tf.Tensor4D,
  { norm, eps, steps }: { readonly norm: Norm; readonly eps: number; readonly steps: number },
  met: (value: tf.Tensor1D) => void = () => {},
): Climbed {
  const project = (images: tf.Tensor4D): tf.Tensor4D => NORM_BALLS[norm].project(images, clean, eps);
  const share = (part: number): number => Math.max(Math.trunc(part * steps), 1);
  let state = tf.tidy(() => begin(valueOf, start, 2 * eps));
  let [distance, since] = [share(CHECKS.first), 0];
  for (let k = 0; k < steps; k++) {
    const from = state;
    const isCheck = ++since === distance;
    state = tf.tidy(() => {
      const moved = move(valueOf, project, STEEPEST[norm], from, k === 0 ? 0 : MOMENTUM);
      return cloned(isCheck ? checkpoint(moved, RISES * distance) : moved);
    });
    dispose(from);
    met(state.value);
    if (isCheck) [distance, since] = [Math.max(distance - share(CHECKS.less), share(CHECKS.least)), 0];
  }
  const { at, value } = state.best;
  const found = { at: at.clone(), value: value.clone() };
  dispose(state);
  return found;
}

function begin(valueOf: (images: tf.Tensor4D) => tf.Tensor1D, start: tf.Tensor4D, step: number): State {
  const { value, grad: gradient } = valueAndGrad(valueOf, start);
  return cloned({
    ...{ at: start, before: start, gradient, value, best: { at: start, value, gradient } },
    step: tf.fill([start.shape[0], 1, 1, 1], step),
    rises: tf.zerosLike(value),
    checked: value,
    halved: tf.onesLike(value),
  });
}

/** One step with momentum, projected before and after it. */
function move(
  valueOf: (images: tf.Tensor4D) => tf.Tensor1D,
  project: (images: tf.Tensor4D) => tf.Tensor4D,
  steepest: Direction,
  state: State,
  momentum: number,
): State {
  const { direction } = steepest.next(state.gradient, [], 1);
  const ahead = project(tf.add(state.at, tf.mul(direction, state.step)));
  const step = tf.mul(tf.sub(ahead, state.at), 1 - momentum);
  const at = project(tf.add(tf.add(state.at, step), tf.mul(tf.sub(state.at, state.before), momentum)));
  const { value, grad: gradient } = valueAndGrad(valueOf, at);
  const rises = tf.add(state.rises, tf.cast(tf.greater(value, state.value), 'float32')) as tf.Tensor1D;
  const wins = tf.greater(value, state.best.value);
  const best = {
    at: tf.where(wide(wins), at, state.best.at),
    value: tf.where(wins, value, state.best.value),
    gradient: tf.where(wide(wins), gradient, state.best.gradient),
  };
  return { ...state, at, before: state.at, gradient, value, best, rises };
}

/** Halves the step of images that rose too rarely, or were not halved last time and have found nothing better since, and puts them back at their best. */
function checkpoint(state: State, needed: number): State {
  const rare = tf.lessEqual(state.rises, needed);
  const idle = tf.logicalAnd(tf.equal(state.halved, 0), tf.greaterEqual(state.checked, state.best.value));
  const halve = tf.logicalOr(rare, idle);
  return {
    ...state,
    at: tf.where(wide(halve), state.best.at, state.at),
    gradient: tf.where(wide(halve), state.best.gradient, state.gradient),
    step: tf.where(wide(halve), tf.mul(state.step, 0.5), state.step),
    rises: tf.zerosLike(state.rises),
    checked: state.best.value,
    halved: tf.cast(halve, 'float32') as tf.Tensor1D,
  };
}

function wide(rows: tf.Tensor): tf.Tensor {
  return tf.reshape(rows, [rows.shape[0]!, 1, 1, 1]);
}

/** Tensors of its own for each place, for the state that it came from is freed. */
function cloned({ best, ...rest }: State): State {
  const copy = <T extends tf.Tensor>(tensor: T): T => tensor.clone() as T;
  return {
    at: copy(rest.at),
    before: copy(rest.before),
    gradient: copy(rest.gradient),
    value: copy(rest.value),
    step: copy(rest.step),
    rises: copy(rest.rises),
    checked: copy(rest.checked),
    halved: copy(rest.halved),
    best: { at: copy(best.at), value: copy(best.value), gradient: copy(best.gradient) },
  };
}

function dispose({ best, ...rest }: State): void {
  tf.dispose([...Object.values(rest), ...Object.values(best)]);
}

/** Image by image the better of two attempts. */
function better(first: Climbed, second: Climbed): Climbed {
  const wins = tf.greater(second.value, first.value);
  return {
    at: tf.where(wide(wins), second.at, first.at),
    value: tf.where(wins, second.value, first.value),
  };
}
