/** What the game measures of an opponent's images, whoever made them: are they valid, within the promised bounds, and how much was used. */
import * as tf from '@tensorflow/tfjs';
import type { Bound, Perturbed } from '../generator/generator.ts';

/** Bounds may be passed by this share, and [0, 1] by this much: float32 dust. */
const DUST = 1e-4;
/** What rounding clean + δ to float32 may add to a change of one pixel value; more than DUST where a bound is tiny. */
const ROUNDING = 1e-7;
const RANGE_DUST = 1e-6;
/** A map's value counts as at its bound, or at zero, within this share of the bound. */
const AT_END = 0.02;

/** An opponent broke its word; `row` is the place in the batch. */
export class PerturbationError extends Error {
  readonly row: number;

  constructor(row: number, message: string) {
    super(message);
    this.name = 'PerturbationError';
    this.row = row;
  }
}

/**
 * The share of each bound that each image uses, [N] by the bound's name; 1 = all of it. A bound of 0 that is kept is used by 0,
 * one that is not by infinity.
 */
export function boundUse(
  clean: tf.Tensor4D,
  { images, maps, bounds }: Perturbed,
): Readonly<Record<string, Float32Array>> {
  return Object.fromEntries(
    Object.entries(bounds).map(([name, bound]) => {
      const lengths = tf.tidy(() => {
        const change = name === 'pixels' ? tf.sub(images, clean) : maps[name];
        if (change === undefined) {
          throw new Error(`the opponent bounds ${name}, but gives no such map`);
        }
        return lengthOf(change as tf.Tensor4D, bound.norm).dataSync<'float32'>();
      });
      return [name, lengths.map((length) => (length === 0 ? 0 : length / bound.limit))];
    }),
  );
}

/**
 * Throws a PerturbationError unless every image is finite, in [0, 1] and within every bound.
 *
 * @param opponent its name, for the message
 * @returns what `boundUse` measured
 */
export function checkPerturbed(
  opponent: string,
  clean: tf.Tensor4D,
  perturbed: Perturbed,
): Readonly<Record<string, Float32Array>> {
  const outside = tf.tidy(() => {
    const { images } = perturbed;
    const lowest = tf.min(images, [1, 2, 3]).dataSync<'float32'>();
    const highest = tf.max(images, [1, 2, 3]).dataSync<'float32'>();
    // the negation catches NaN too
    return lowest.findIndex((low, row) => !(low >= -RANGE_DUST && highest[row]! <= 1 + RANGE_DUST));
  });
  if (outside >= 0) {
    throw new PerturbationError(outside, `the opponent ${opponent} gave pixels outside [0, 1], or NaN`);
  }
  const uses = boundUse(clean, perturbed);
  for (const [name, use] of Object.entries(uses)) {
    const { norm, limit } = perturbed.bounds[name]!;
    // of maps too: a chain's are differences of pixels
    const rounding = roundingOf(norm, name === 'pixels' ? clean : perturbed.maps[name]!);
    // the negation catches NaN too, which a change under a bound of 0 gives
    const row = use.findIndex((share) => !(share * limit <= limit * (1 + DUST) + rounding));
    if (row >= 0) {
      throw new PerturbationError(
        row,
        `the opponent ${opponent} left its budget: ${name} reached ${use[row]!.toFixed(4)} of its ${norm} bound ${limit}`,
      );
    }
  }
  return uses;
}

/**
 * Scalars of an opponent's images, by TensorBoard tag without its `train/`: `perturbation`, the mean |δ| on the [0, 1] scale;
 * `budget_NAME`, the mean share of a bound that an image uses; for each map its mean (the mean length
 * of its vectors, if they are bounded), and for bounded ones the share of pixels at the bound and at zero, by which a collapsed opponent shows. Checks the images first.
 */
export function perturbationMetrics(
  opponent: string,
  clean: tf.Tensor4D,
  perturbed: Perturbed,
): Readonly<Record<string, number>> {
  const uses = checkPerturbed(opponent, clean, perturbed);
  const { images, maps, bounds } = perturbed;
  return tf.tidy(() => {
    const metrics: Record<string, number> = { perturbation: meanOf(tf.abs(tf.sub(images, clean))) };
    for (const [name, use] of Object.entries(uses)) {
      metrics[`budget_${name}`] = use.reduce((a, b) => a + b, 0) / use.length;
    }
    for (const [name, map] of Object.entries(maps)) {
      const bound = bounds[name];
      if (bound?.norm !== 'pixel') {
        metrics[`${name}_mean`] = meanOf(map);
        continue;
      }
      const lengths = tf.norm(map, 'euclidean', 3);
      metrics[`${name}_mean`] = meanOf(lengths);
      const share = tf.divNoNan(lengths, bound.limit); // where nothing may change, all of it is at zero
      metrics[`${name}_at_bound`] = meanOf(tf.cast(tf.greaterEqual(share, 1 - AT_END), 'float32'));
      metrics[`${name}_at_zero`] = meanOf(tf.cast(tf.lessEqual(share, AT_END), 'float32'));
    }
    return metrics;
  });
}

/** What rounding may add to the norm of an image's change. */
function roundingOf(norm: Bound['norm'], { shape: [, height, width, channels] }: tf.Tensor4D): number {
  switch (norm) {
    case 'linf':
      return ROUNDING;
    case 'l2':
      return ROUNDING * Math.sqrt(height * width * channels);
    case 'pixel':
      return ROUNDING * Math.sqrt(channels);
  }
}

/** The norm of each image's change, [N]. */
function lengthOf(change: tf.Tensor4D, norm: Bound['norm']): tf.Tensor1D {
  switch (norm) {
    case 'linf':
      return tf.max(tf.abs(change), [1, 2, 3]);
    case 'l2':
      return tf.sqrt(tf.sum(tf.square(change), [1, 2, 3]));
    case 'pixel':
      return tf.sqrt(tf.max(tf.sum(tf.square(change), 3), [1, 2]));
  }
}

function meanOf(x: tf.Tensor): number {
  return tf.mean(x).dataSync()[0]!;
}
