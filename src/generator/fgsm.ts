/** Fast gradient sign method (Goodfellow, Shlens, Szegedy, "Explaining and Harnessing Adversarial Examples", ICLR 2015). */
import * as tf from '@tensorflow/tfjs';
import { number } from '../config/settings.ts';
import { gradientAscent } from './gradient-ascent.ts';
import { NOT_LEARNED, type GeneratorVariant } from './generator.ts';
import { projectLinf } from './norm-ball.ts';

const settings = {
  eps: number({ min: 0, max: 1, doc: 'L∞ budget on the [0, 1] pixel scale; 2/255 = 0.00784.' }),
};

/** x_adv = clip(x + eps · sign(∇x L)): one step to the corner of the L∞ ball. */
export const fgsm: GeneratorVariant<typeof settings> = {
  name: 'fgsm',
  settings,
  create: ({ eps }) => ({
    ...NOT_LEARNED,
    name: 'fgsm',
    perturb: ({ images }, lossOf) => ({
      images: gradientAscent(lossOf, {
        start: images,
        steps: 1,
        stepSize: eps,
        imagesOf: (varied) => varied,
        direction: (gradient) => tf.sign(gradient),
        project: (varied) => projectLinf(varied, images, eps),
      }),
      maps: {},
    }),
  }),
};
