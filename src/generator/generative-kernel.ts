/**
 * Generative AT with a free kernel per pixel: networks predict all k² weights, so that they can shift, smear or blur along an edge, not
 * only blur round. The weights are a softmax: an average of neighbours, which invents no colour that was not there.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, number } from '../config/settings.ts';
import { pixelKernel, squaredDistances } from '../ops/pixel-kernel.ts';
import { windowProblems } from './blur.ts';
import type { GeneratorVariant } from './generator.ts';
import { LEARNED_PLAYS, learnedGenerator, networkProblems, networkSettings } from './learned.ts';

const settings = {
  k: choice([3, 5, 7], 'Side of the kernels in pixels.'),
  strength: number({
    min: 0,
    max: 1,
    doc: 'Share of the filtered image in the result, the rest is the image itself; 0 = no change.',
  }),
  identity_logit: number({
    min: 0,
    doc: 'Added to the logit of every kernel’s centre, so that training starts near no change: the centre weighs e^this times its neighbours where the networks say nothing.',
  }),
  ...networkSettings,
};

/** K = softmax(network(x) + identity_logit at the centre) over k² taps; x̃ = x + strength · (K ∗ x − x). */
export const generativeKernel: GeneratorVariant<typeof settings> = {
  name: 'generative-kernel',
  settings,
  plays: LEARNED_PLAYS,
  check: (config, { imageSize }) => [
    ...networkProblems(config, imageSize),
    ...windowProblems(config.k, imageSize),
  ],
  create: (config, context) => {
    const { k, strength, identity_logit: identityLogit } = config;
    const radius = (k - 1) / 2;
    return learnedGenerator('generative-kernel', config, context, {
      outputChannels: k * k,
      change: (images, output) => {
        const kernels = tf.softmax(tf.add(output, centreOf(k, identityLogit))) as tf.Tensor4D;
        const filtered = pixelKernel(images, kernels);
        const mixed = tf.add(images, tf.mul(tf.sub(filtered, images), strength));
        return {
          // rounding alone can leave [0, 1]
          images: tf.clipByValue(mixed, 0, 1) as tf.Tensor4D,
          maps: kernelMaps(kernels, k, strength),
          bounds: {
            sigma: { norm: 'pixel', limit: radius * Math.sqrt(strength) },
            neighbours: { norm: 'pixel', limit: strength },
          },
        };
      },
    });
  },
};

/**
 * What the mixed kernels (1 − strength) · identity + strength · K do, as maps [N, H, W, 1]: `sigma`, their standard deviation about the
 * pixel in pixels, √(½ Σ w (u² + v²)), which for a Gaussian is its σ; `neighbours`, the weight that the pixel does not keep for itself.
 */
function kernelMaps(kernels: tf.Tensor4D, k: number, strength: number): Record<string, tf.Tensor4D> {
  return tf.tidy(() => {
    const mean = (values: readonly number[]): tf.Tensor4D =>
      tf.mul(tf.sum(tf.mul(kernels, tf.tensor1d([...values])), 3, true), strength);
    const distances = squaredDistances(k);
    return {
      sigma: tf.sqrt(mean(distances.map((d) => d / 2))),
      neighbours: mean(distances.map((d) => (d === 0 ? 0 : 1))),
    };
  });
}

/** [k²], the value at the centre and 0 elsewhere. */
function centreOf(k: number, value: number): tf.Tensor1D {
  return tf.tensor1d(squaredDistances(k).map((d) => (d === 0 ? value : 0)));
}
