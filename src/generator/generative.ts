/**
 * Generative AT as in the paper (Wang, Guo, Zuo 2022): networks predict the blur map and learn to make the detector fail:
 * min over D, max over G of L(x, y) + λ·L(G(x), y).
 */
import * as tf from '@tensorflow/tfjs';
import { choice, number } from '../config/settings.ts';
import { gaussianBlur } from '../ops/gaussian-blur.ts';
import { windowProblems } from './blur.ts';
import type { GeneratorVariant } from './generator.ts';
import { LEARNED_PLAYS, learnedGenerator, networkProblems, networkSettings } from './learned.ts';

const settings = {
  k: choice([3, 5, 7, 9], 'Side of the blur window in pixels.'),
  sigma_max: number({
    above: 0,
    doc: 'Largest standard deviation in pixels; the networks reach from no blur at all to this.',
  }),
  ...networkSettings,
};

/** σ = sigma_max · sigmoid(network(x)), one value a pixel, then the pixel-wise Gaussian blur. */
export const generative: GeneratorVariant<typeof settings> = {
  name: 'generative',
  settings,
  plays: LEARNED_PLAYS,
  check: (config, { imageSize }) => [
    ...networkProblems(config, imageSize),
    ...windowProblems(config.k, imageSize),
  ],
  create: (config, context) =>
    learnedGenerator('generative', config, context, {
      outputChannels: 1,
      change: (images, output) => {
        const sigma = tf.mul(tf.sigmoid(output), config.sigma_max) as tf.Tensor4D;
        return {
          images: gaussianBlur(images, sigma, config.k),
          maps: { sigma },
          bounds: { sigma: { norm: 'pixel', limit: config.sigma_max } },
        };
      },
    }),
};
