/**
 * SAT: an adversarial optical flow. Every pixel looks a little aside, x̃(i, j) = x(i + Δu, j + Δv), so that the loss grows while the
 * picture keeps its own colours (Xiao et al., "Spatially Transformed Adversarial Examples", ICLR 2018; an opponent of Wang, Guo,
 * Zuo 2022). Xiao et al. search with L-BFGS and bound the flow by its smoothness alone; here steps of a known length stay within
 * a known distance, as training needs.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, flag, integer, nullable, number, type SettingsOf } from '../config/settings.ts';
import { flowSmoothness, flowWarp } from '../ops/flow-warp.ts';
import type { Rng } from '../ops/random.ts';
import { classicalAttack } from './classical.ts';
import { adam, sign, type Direction } from './directions.ts';
import {
  CLASSICAL_PLAYS,
  type CheckContext,
  type GeneratorVariant,
  type SettingsProblem,
} from './generator.ts';
import { goalSetting } from './goal.ts';

const settings = {
  flow_max: number({ min: 0, doc: 'How far a pixel may look aside, in pixels; 0 moves nothing.' }),
  tau: number({
    min: 0,
    doc: 'Weight of unsmoothness: the loss in nats pays tau for a mean of 1 pixel, over the image, of the sum of a pixel’s distances in flow to its four neighbours. Xiao et al. sum over the image: their τ is tau / (height · width).',
  }),
  steps: integer({ min: 1, doc: 'Gradient steps.' }),
  step_size: nullable(
    number({
      above: 0,
      doc: 'How far a step goes, in pixels, down and right each with sign and adam; null: 2.5 · flow_max / steps.',
    }),
  ),
  direction: choice(
    ['sign', 'unit', 'adam'],
    'sign: of the gradient, down and right each; unit: the gradient of each pixel by its length; adam: down and right each by Adam.',
  ),
  random_start: flag(
    'Whether each pixel starts from a flow drawn uniformly from the disc of flow_max, not from zero.',
  ),
  keep: choice(
    ['last', 'best'],
    'What an image keeps: where the steps end, or the best point on the way, for one more forward pass.',
  ),
  goal: goalSetting,
};

type SatSettings = SettingsOf<typeof settings>;

/**
 * Ascends the loss less tau · smoothness over a flow [N, H, W, 2] in pixels, rows first, no vector longer than flow_max.
 *
 * From zero flow every pixel stands on a kink of the bilinear interpolation, and the first gradient is that towards larger
 * coordinates: a first step the other way may lose what it should gain, which the next ones see and mend.
 */
export const sat: GeneratorVariant<typeof settings> = {
  name: 'sat',
  settings,
  plays: CLASSICAL_PLAYS,
  startsClean: true,
  check: reachProblems,
  create: (config) => {
    const { flow_max: longest, tau, steps, keep, goal } = config;
    return classicalAttack({
      name: 'sat',
      goal,
      startsClean: !config.random_start,
      steps,
      restarts: 1,
      keep,
      ascent: ({ images }, { rng }) => {
        const [n, height, width] = images.shape;
        const shape: [number, number, number, number] = [n, height, width, 2];
        return {
          start: () => (config.random_start ? drawFlow(rng, shape, longest) : tf.zeros(shape)),
          perturbedBy: (flow) => ({
            images: flowWarp(images, flow),
            maps: { flow },
            bounds: { flow: { norm: 'pixel', limit: longest } },
          }),
          project: (flow) => shortened(flow, longest),
          direction: DIRECTIONS[config.direction],
          stepSize: config.step_size ?? (2.5 * longest) / steps,
          // a mean over pixels, so that one tau suits every image size as the loss does
          ...(tau === 0
            ? {}
            : { penalty: (flow) => tf.mul(flowSmoothness(flow), tau / (height * width)) as tf.Tensor1D }),
        };
      },
    });
  },
};

/** The gradient of each pixel by its Euclidean length: the steepest step where the longest vector is what is bounded. A pixel without gradient stays. */
const unitOfPixel: Direction = {
  memories: 0,
  next: (gradient) => ({ direction: tf.divNoNan(gradient, pixelLengths(gradient)), memories: [] }),
};

const DIRECTIONS: Readonly<Record<SatSettings['direction'], Direction>> = {
  sign,
  unit: unitOfPixel,
  adam: adam(),
};

/** Vectors longer than the limit shortened to it, the others as they are. */
function shortened(flow: tf.Tensor4D, limit: number): tf.Tensor4D {
  // limit / limit is 1 exactly; 0 / 0 is met where nothing may move
  return tf.mul(flow, tf.divNoNan(limit, tf.maximum(pixelLengths(flow), limit)));
}

/** Uniform over the disc: the square root of a uniform number is the radius that does it. */
function drawFlow(rng: Rng, shape: [number, number, number, number], limit: number): tf.Tensor4D {
  const one = [...shape.slice(0, 3), 1];
  const radius = tf.mul(tf.sqrt(rng.uniform(one)), limit);
  const angle = rng.uniform(one, 0, 2 * Math.PI);
  return tf.concat([tf.mul(radius, tf.cos(angle)), tf.mul(radius, tf.sin(angle))], 3) as tf.Tensor4D;
}

/** The Euclidean length of each pixel's vector, [N, H, W, 1]. */
function pixelLengths(flow: tf.Tensor): tf.Tensor {
  return tf.sqrt(tf.sum(tf.square(flow), 3, true));
}

/** Says so where the steps end before flow_max: the bound would be less than what is written. Those of free play go on from batch to batch. */
function reachProblems(config: SatSettings, { play }: CheckContext): SettingsProblem[] {
  const { flow_max: longest, steps, step_size: stepSize, direction } = config;
  // a step of both components goes along the diagonal
  const length = direction === 'unit' ? 1 : Math.SQRT2;
  // step_size may be a rounded flow_max / steps
  if (play === 'free' || stepSize === null || steps * stepSize * length >= longest * (1 - 1e-3)) {
    return [];
  }
  const [longer, more] = [longest / steps / length, Math.ceil(longest / stepSize / length)];
  const problem =
    `${steps === 1 ? 'a step' : `${steps} steps`} of ${stepSize} pixels cannot reach flow_max = ${longest}: ` +
    `set step_size to ${Number(longer.toPrecision(3))} or more, or to null, or steps to ${more} or more`;
  return [{ key: 'step_size', problem }];
}
