/**
 * Projected gradient descent on pixels (Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018):
 * x ← clip(Π(x + alpha · direction(∇x L))), Π onto the ball of radius eps around the clean image. The direction is the steepest of the
 * ball's norm: the gradient's sign for L∞, the gradient by its length for L2.
 */
import { choice, flag, integer, nullable, number, type SettingsOf } from '../config/settings.ts';
import type { Rng } from '../ops/random.ts';
import { classicalAttack } from './classical.ts';
import { momentum, sign, unitL2, type Direction } from './directions.ts';
import { epsFactor, epsScheduleSettings } from './eps-schedule.ts';
import {
  CLASSICAL_PLAYS,
  type CheckContext,
  type GeneratorVariant,
  type LabelledImages,
  type PlayName,
  type SettingsProblem,
} from './generator.ts';
import { goalSetting } from './goal.ts';
import type { Ascent } from './gradient-ascent.ts';
import { ballProblems, NORM_BALLS, type Norm } from './norm-ball.ts';

const settings = {
  norm: choice(
    ['linf', 'l2'],
    'What eps bounds: the largest change of a value, or the Euclidean length of an image’s whole change.',
  ),
  eps: number({ min: 0, doc: 'Budget on the [0, 1] pixel scale; 2/255 = 0.00784. 0 changes nothing.' }),
  alpha: nullable(
    number({
      above: 0,
      doc: 'Length of a step in the norm, on the [0, 1] pixel scale; null: 2.5 · eps / steps, as in Madry et al.',
    }),
  ),
  steps: integer({ min: 1, doc: 'Gradient steps of an attempt.' }),
  random_start: flag(
    'Whether an attempt starts from a point drawn uniformly from the ball, not from the clean image.',
  ),
  restarts: integer({ min: 1, doc: 'Attempts; each image keeps the best of them.' }),
  momentum: number({
    min: 0,
    doc: 'μ of Dong et al. 2018: g ← μ·g + ∇ by its mean magnitude, and g gives the direction; 0: none.',
  }),
  keep: choice(
    ['last', 'best'],
    'What an image keeps of an attempt: where the steps end, or the best point on the way, for one more forward pass.',
  ),
  goal: goalSetting,
  ...epsScheduleSettings,
};

const STEEPEST: Readonly<Record<Norm, Direction>> = { linf: sign, l2: unitL2 };

/** Steps in a ball of pixels: L∞ or L2. */
export const pgd: GeneratorVariant<typeof settings> = {
  name: 'pgd',
  settings,
  plays: CLASSICAL_PLAYS,
  startsClean: true,
  check: pgdProblems,
  create: (config) => {
    const steepest = STEEPEST[config.norm];
    const direction = config.momentum === 0 ? steepest : momentum(config.momentum, steepest);
    const alpha = config.alpha ?? (2.5 * config.eps) / config.steps;
    return classicalAttack({
      name: 'pgd',
      goal: config.goal,
      startsClean: !config.random_start,
      steps: config.steps,
      restarts: config.restarts,
      keep: config.keep,
      ascent: (batch, { rng, progress }) => {
        const factor = epsFactor(config.eps_growth, config.eps_growth_share, progress);
        return pixelAscent(batch, rng, {
          norm: config.norm,
          eps: factor * config.eps,
          alpha: factor * alpha,
          randomStart: config.random_start,
          direction,
        });
      },
    });
  },
};

export interface PixelSteps {
  readonly norm: Norm;
  /** Radius of the ball, ≥ 0, on the [0, 1] pixel scale. */
  readonly eps: number;
  /** Length of a step, on the same scale. */
  readonly alpha: number;
  /** Whether each attempt starts from a point drawn from the ball, or from the clean image. */
  readonly randomStart: boolean;
  readonly direction: Direction;
}

/** Pixels in search of the largest loss in a ball around the clean images: what FGSM and PGD climb. */
export function pixelAscent({ images }: LabelledImages, rng: Rng, steps: PixelSteps): Ascent {
  const { norm, eps } = steps;
  const ball = NORM_BALLS[norm];
  return {
    start: () => (steps.randomStart ? ball.draw(rng, images, eps) : images),
    perturbedBy: (varied) => ({ images: varied, maps: {}, bounds: { pixels: { norm, limit: eps } } }),
    project: (varied) => ball.project(varied, images, eps),
    direction: steps.direction,
    stepSize: steps.alpha,
  };
}

/**
 * Says so where steps of a given alpha end before the edge of the ball: the budget would be less than what is written. In free play steps go
 * on from batch to batch, and none is too short.
 */
export function reachProblems(
  eps: number,
  alpha: number | null,
  steps: number,
  play: PlayName = 'alternating',
): SettingsProblem[] {
  // alpha may be a rounded eps / steps
  if (play === 'free' || alpha === null || steps * alpha >= eps * (1 - 1e-3)) {
    return [];
  }
  const [longer, more] = [eps / steps, Math.ceil(eps / alpha)];
  const problem =
    `${steps === 1 ? 'a step' : `${steps} steps`} of ${alpha} cannot reach eps = ${eps}: ` +
    `set alpha to ${Number(longer.toPrecision(3))} or more${steps === 1 ? '' : `, or steps to ${more} or more`}, or alpha to null`;
  return [{ key: 'alpha', problem }];
}

function pgdProblems(config: SettingsOf<typeof settings>, { play }: CheckContext): SettingsProblem[] {
  const problems = [...reachProblems(config.eps, config.alpha, config.steps, play), ...ballProblems(config)];
  if (config.restarts > 1 && !config.random_start) {
    problems.push({
      key: 'restarts',
      problem: `is ${config.restarts}, but every attempt from the clean image is the same: set random_start to true, or restarts to 1`,
    });
  }
  return problems;
}
