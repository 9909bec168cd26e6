/**
 * Generative AT with a bounded residual image: networks predict what is added to each pixel, at most eps in magnitude (adversarial
 * transformation networks: Baluja & Fischer, AAAI 2018; Poursaeed et al., CVPR 2018).
 */
import * as tf from '@tensorflow/tfjs';
import { number } from '../config/settings.ts';
import type { GeneratorVariant } from './generator.ts';
import { LEARNED_PLAYS, learnedGenerator, networkProblems, networkSettings } from './learned.ts';

const settings = {
  eps: number({ min: 0, max: 1, doc: 'Largest change of a pixel on the [0, 1] scale; 8/255 is 0.0314.' }),
  ...networkSettings,
};

/** r = eps · tanh(network(x)), the map `residual`; x̃ = clip(x + r, 0, 1). */
export const generativeResidual: GeneratorVariant<typeof settings> = {
  name: 'generative-residual',
  settings,
  plays: LEARNED_PLAYS,
  check: (config, { imageSize }) => networkProblems(config, imageSize),
  create: (config, context) =>
    learnedGenerator('generative-residual', config, context, {
      outputChannels: 3,
      change: (images, output) => {
        const residual = tf.mul(tf.tanh(output), config.eps) as tf.Tensor4D;
        return {
          images: tf.clipByValue(tf.add(images, residual), 0, 1) as tf.Tensor4D,
          maps: { residual },
          bounds: {
            pixels: { norm: 'linf', limit: config.eps },
            residual: { norm: 'pixel', limit: config.eps * Math.sqrt(images.shape[3]) },
          },
        };
      },
    }),
};
