/**
 * Blur AT: the paper's adversarial pixel-wise Gaussian blur (Wang, Guo, Zuo, "Deepfake Forensics via An Adversarial Game", IEEE TIP 2022).
 * One standard deviation per pixel, moved up the loss: σ_adv = σ + eps · ∇_σ L. The paper takes that one step; more of them, a bounded
 * σ and gradients of a length that does not depend on the detector are this project's.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, flag, integer, number, type SettingsOf } from '../config/settings.ts';
import { blurWith, ringDifferences } from '../ops/gaussian-blur.ts';
import { classicalAttack } from './classical.ts';
import { raw, rms, sign, unitL2, type Direction } from './directions.ts';
import { CLASSICAL_PLAYS, type GeneratorVariant, type SettingsProblem } from './generator.ts';
import { goalSetting } from './goal.ts';

const settings = {
  k: choice([3, 5, 7, 9], 'Side of the blur window in pixels.'),
  sigma: number({
    min: 0,
    doc: 'Standard deviation in pixels that every pixel starts from, where random_start is false.',
  }),
  sigma_min: number({ min: 0, doc: 'Smallest standard deviation in pixels; 0: no blur at all.' }),
  sigma_max: number({
    above: 0,
    doc: 'Largest standard deviation in pixels. Beyond about (k − 1)/2 the window cuts the Gaussian off, and more σ only brings its weights nearer to a plain mean: with k = 3 hardly anything is left to gain above 1.',
  }),
  random_start: flag(
    'Whether each pixel starts from a σ drawn uniformly from [sigma_min, sigma_max], not from sigma.',
  ),
  restarts: integer({ min: 1, doc: 'Attempts; each image keeps the best of them.' }),
  steps: integer({ min: 1, doc: 'Gradient steps on σ of an attempt, each from where the last one ended.' }),
  step_size: number({
    min: 0,
    doc: 'Length of a step. sign: pixels; rms: pixels, as root mean square over the image; unit: pixels, as Euclidean length over all σ of the image; raw: pixels² per nat, and as a gradient spreads over an image’s pixels, to be chosen for their number. 0: a fixed blur.',
  }),
  direction: choice(
    ['raw', 'rms', 'sign', 'unit'],
    "raw: the image's own gradient, neither signed nor scaled (the paper's); rms: divided by its root mean square; sign: its sign; unit: divided by its Euclidean length.",
  ),
  keep: choice(
    ['last', 'best'],
    'What an image keeps of an attempt: where the steps end, or the best point on the way, for one more forward pass.',
  ),
  goal: goalSetting,
};

type BlurSettings = SettingsOf<typeof settings>;

const DIRECTIONS: Readonly<Record<BlurSettings['direction'], Direction>> = { raw, rms, sign, unit: unitL2 };

/** Up to this σ (pixels) the nearest tap's weight underflows float32, and with it the gradient: no step would leave it. */
const STUCK = 0.075;

/** Ascends the loss over a one-channel σ map [N, H, W, 1] kept in [sigma_min, sigma_max]. */
export const blur: GeneratorVariant<typeof settings> = {
  name: 'blur',
  settings,
  plays: CLASSICAL_PLAYS,
  check: (config, { imageSize }) => [...blurProblems(config), ...windowProblems(config.k, imageSize)],
  create: (config) =>
    classicalAttack({
      name: 'blur',
      goal: config.goal,
      startsClean: false,
      steps: config.steps,
      restarts: config.restarts,
      keep: config.keep,
      ascent: ({ images }, { rng }) => {
        const [n, height, width] = images.shape;
        const shape = [n, height, width, 1] as const;
        const { sigma_min: smallest, sigma_max: largest } = config;
        const prepared = ringDifferences(images, config.k);
        const project = (sigma: tf.Tensor4D): tf.Tensor4D => tf.clipByValue(sigma, smallest, largest);
        return {
          start: () =>
            config.random_start
              ? project(rng.uniform(shape, smallest, largest) as tf.Tensor4D)
              : tf.fill([...shape], config.sigma),
          perturbedBy: (sigma) => ({
            images: blurWith(prepared, sigma),
            maps: { sigma },
            bounds: { sigma: { norm: 'pixel', limit: largest } },
          }),
          project,
          direction: DIRECTIONS[config.direction],
          stepSize: config.step_size,
        };
      },
    }),
};

/**
 * What is wrong with a window of k×k pixels on images of that size, for any opponent that reflects images at their border: that needs
 * more than (k − 1)/2 pixels. Nothing is known to be wrong while the size is not known.
 */
export function windowProblems(k: number, imageSize: number | null): readonly SettingsProblem[] {
  const radius = (k - 1) / 2;
  if (imageSize === null || imageSize > radius) {
    return [];
  }
  return [
    {
      key: 'k',
      problem: `is ${k}, but a window of ${k} needs images of more than ${radius} pixels, not ${imageSize}`,
    },
  ];
}

function blurProblems(config: BlurSettings): SettingsProblem[] {
  const { sigma, sigma_min: smallest, sigma_max: largest, step_size: stepSize } = config;
  if (smallest > largest) {
    return [{ key: 'sigma_min', problem: `is ${smallest}, above sigma_max = ${largest}: swap them` }];
  }
  const problems: SettingsProblem[] = [];
  if (!config.random_start && (sigma < smallest || sigma > largest)) {
    problems.push({
      key: 'sigma',
      problem: `is ${sigma}, outside [sigma_min, sigma_max] = [${smallest}, ${largest}]: start inside`,
    });
  }
  if (stepSize > 0 && smallest === largest) {
    problems.push({
      key: 'step_size',
      problem: `is ${stepSize}, but sigma_min = sigma_max = ${largest} leaves σ nowhere to go: set step_size to 0 for a fixed blur`,
    });
  } else if (stepSize > 0 && !config.random_start && sigma <= STUCK) {
    problems.push({
      key: 'sigma',
      problem: `is ${sigma}, where the blur is the identity and its gradient 0, so that no step moves it: start from 0.1 or more, set random_start to true, or step_size to 0`,
    });
  }
  if (config.restarts > 1 && !config.random_start) {
    problems.push({
      key: 'restarts',
      problem: `is ${config.restarts}, but every attempt from one sigma is the same: set random_start to true, or restarts to 1`,
    });
  }
  return problems;
}
