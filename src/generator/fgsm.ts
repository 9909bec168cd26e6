/**
 * Fast gradient sign method (Goodfellow, Shlens, Szegedy, "Explaining and Harnessing Adversarial Examples", ICLR 2015), and with a
 * random start FGSM-RS (Wong, Rice, Kolter, "Fast is better than free", ICLR 2020).
 */
import { flag, nullable, number } from '../config/settings.ts';
import { classicalAttack } from './classical.ts';
import { sign } from './directions.ts';
import { epsFactor, epsScheduleSettings } from './eps-schedule.ts';
import { CLASSICAL_PLAYS, type GeneratorVariant } from './generator.ts';
import { goalSetting } from './goal.ts';
import { ONE_ATTEMPT } from './gradient-ascent.ts';
import { pixelAscent, reachProblems } from './pgd.ts';

const settings = {
  eps: number({ min: 0, max: 1, doc: 'L∞ budget on the [0, 1] pixel scale; 2/255 = 0.00784.' }),
  alpha: nullable(
    number({
      above: 0,
      doc: 'Length of the step on the [0, 1] pixel scale; null: eps, or 1.25 · eps from a random start, as in Wong et al.',
    }),
  ),
  random_start: flag(
    'Whether the step starts from a point drawn uniformly from the ball, not from the clean image.',
  ),
  goal: goalSetting,
  ...epsScheduleSettings,
};

/** x_adv = clip(Π(x₀ + alpha · sign(∇x L(x₀)))), x₀ the clean image or a point of its ball: one step to the corner of the L∞ ball. */
export const fgsm: GeneratorVariant<typeof settings> = {
  name: 'fgsm',
  settings,
  plays: CLASSICAL_PLAYS,
  startsClean: true,
  check: ({ eps, alpha }, { play }) => reachProblems(eps, alpha, 1, play),
  create: (config) => {
    const alpha = config.alpha ?? (config.random_start ? 1.25 * config.eps : config.eps);
    return classicalAttack({
      name: 'fgsm',
      goal: config.goal,
      startsClean: !config.random_start,
      steps: 1,
      ...ONE_ATTEMPT,
      ascent: (batch, { rng, progress }) => {
        const factor = epsFactor(config.eps_growth, config.eps_growth_share, progress);
        return pixelAscent(batch, rng, {
          norm: 'linf',
          eps: factor * config.eps,
          alpha: factor * alpha,
          randomStart: config.random_start,
          direction: sign,
        });
      },
    });
  },
};
