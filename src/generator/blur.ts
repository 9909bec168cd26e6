/**
 * Blur AT: the paper's adversarial pixel-wise Gaussian blur (Wang, Guo, Zuo, "Deepfake Forensics via An Adversarial Game", IEEE TIP 2022).
 * One standard deviation per pixel, moved up the loss: σ_adv = σ + eps · ∇_σ L.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, integer, number, type SettingsOf } from '../config/settings.ts';
import { blurWith, ringDifferences } from '../ops/gaussian-blur.ts';
import { classicalAttack } from './classical.ts';
import { raw, rms, sign, type Direction } from './directions.ts';
import { CLASSICAL_PLAYS, type GeneratorVariant } from './generator.ts';
import { ONE_ATTEMPT } from './gradient-ascent.ts';

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
  plays: CLASSICAL_PLAYS,
  create: (config) =>
    classicalAttack({
      name: 'blur',
      goal: 'true-label',
      steps: config.steps,
      ...ONE_ATTEMPT,
      ascent: ({ images }) => {
        const [n, height, width] = images.shape;
        const prepared = ringDifferences(images, config.k);
        return {
          start: () => tf.fill([n, height, width, 1], config.sigma),
          perturbedBy: (sigma) => ({
            images: blurWith(prepared, sigma),
            maps: { sigma },
            bounds: { sigma: { norm: 'pixel', limit: config.sigma_max } },
          }),
          project: (sigma) => tf.clipByValue(sigma, 0, config.sigma_max),
          direction: DIRECTIONS[config.direction],
          stepSize: config.step_size,
        };
      },
    }),
};

const DIRECTIONS: Readonly<Record<SettingsOf<typeof settings>['direction'], Direction>> = { raw, rms, sign };
