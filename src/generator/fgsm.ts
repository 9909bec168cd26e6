/** Fast gradient sign method (Goodfellow, Shlens, Szegedy, "Explaining and Harnessing Adversarial Examples", ICLR 2015). */
import { number } from '../config/settings.ts';
import { classicalAttack } from './classical.ts';
import { sign } from './directions.ts';
import { CLASSICAL_PLAYS, type GeneratorVariant } from './generator.ts';
import { ONE_ATTEMPT } from './gradient-ascent.ts';
import { projectLinf } from './norm-ball.ts';

const settings = {
  eps: number({ min: 0, max: 1, doc: 'L∞ budget on the [0, 1] pixel scale; 2/255 = 0.00784.' }),
};

/** x_adv = clip(x + eps · sign(∇x L)): one step to the corner of the L∞ ball. */
export const fgsm: GeneratorVariant<typeof settings> = {
  name: 'fgsm',
  settings,
  plays: CLASSICAL_PLAYS,
  create: ({ eps }) =>
    classicalAttack({
      name: 'fgsm',
      goal: 'true-label',
      steps: 1,
      ...ONE_ATTEMPT,
      ascent: ({ images }) => ({
        start: () => images,
        perturbedBy: (varied) => ({
          images: varied,
          maps: {},
          bounds: { pixels: { norm: 'linf', limit: eps } },
        }),
        project: (varied) => projectLinf(varied, images, eps),
        direction: sign,
        stepSize: eps,
      }),
    }),
};
