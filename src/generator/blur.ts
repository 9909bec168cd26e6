/**
 * Blur AT: the paper's adversarial pixel-wise Gaussian blur (Wang, Guo, Zuo, "Deepfake Forensics via An Adversarial Game", IEEE TIP 2022).
 * One standard deviation per pixel, moved up the loss: σ_adv = σ + eps · ∇_σ L.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, integer, number, type SettingsOf } from '../config/settings.ts';
import { blurWith, ringSums } from '../ops/gaussian-blur.ts';
import { gradientAscent } from './gradient-ascent.ts';
import { NOT_LEARNED, type GeneratorVariant } from './generator.ts';

const settings = {
  k: choice([3, 5, 7, 9], 'Side of the blur window in pixels.'),
  sigma: number({ min: 0, doc: 'Standard deviation in pixels that every pixel starts from.' }),
  sigma_max: number({ above: 0, doc: 'Largest standard deviation in pixels.' }),
  steps: integer({ min: 1, doc: 'Gradient steps on σ.' }),
  step_size: number({
    min: 0,
    doc: 'Length of a step: pixels with sign, pixels per unit of normalised gradient otherwise.',
  }),
  direction: choice(
    ['raw', 'rms', 'sign'],
    "raw: the gradient itself (the paper's); rms: divided by its root mean square per image; sign: its sign.",
  ),
};

/** Ascends the loss over a one-channel σ map [N, H, W, 1] kept in [0, sigma_max]. */
export const blur: GeneratorVariant<typeof settings> = {
  name: 'blur',
  settings,
  create: (config) => ({
    ...NOT_LEARNED,
    name: 'blur',
    perturb: ({ images }, lossOf) =>
      tf.tidy(() => {
        const [n, height, width] = images.shape;
        const prepared = ringSums(images, config.k);
        const sigma = gradientAscent(lossOf, {
          start: tf.fill([n, height, width, 1], config.sigma) as tf.Tensor4D,
          steps: config.steps,
          stepSize: config.step_size,
          imagesOf: (varied) => blurWith(prepared, varied),
          direction: DIRECTIONS[config.direction],
          project: (varied) => tf.clipByValue(varied, 0, config.sigma_max) as tf.Tensor4D,
        });
        return { images: blurWith(prepared, sigma), maps: { sigma } };
      }),
  }),
};

const DIRECTIONS: Readonly<
  Record<SettingsOf<typeof settings>['direction'], (gradient: tf.Tensor4D) => tf.Tensor4D>
> = {
  raw: (gradient) => gradient,
  rms: (gradient) => {
    const rms = tf.sqrt(tf.mean(tf.square(gradient), [1, 2, 3], true));
    // an image whose gradient vanishes stays where it is
    return tf.divNoNan(gradient, rms) as tf.Tensor4D;
  },
  sign: (gradient) => tf.sign(gradient),
};
