/** What the game measures of an opponent's images, whoever made them: are they valid, within the promised bounds, and how much was used. */
import * as tf from '@tensorflow/tfjs';
import type { Bound, Perturbed } from '../generator/generator.ts';
import { scalars, tidied, together, valuesOf, type Figures, type Values } from './figures.ts';

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
export function boundUse(clean: tf.Tensor4D, perturbed: Perturbed): Readonly<Record<string, Float32Array>> {
  return usesOf(
    perturbed.bounds,
    tf.tidy(() => valuesOf(normsOf(sizesOf(clean, perturbed), perturbed.bounds))),
  );
}

/**
 * Throws a PerturbationError unless every image is finite, in [0, 1] and within every bound.
 *
 * @param opponent its name, for the message
 * @returns what `boundUse` measures
 */
export function checkPerturbed(
  opponent: string,
  clean: tf.Tensor4D,
  perturbed: Perturbed,
): Readonly<Record<string, Float32Array>> {
  const { images, bounds } = perturbed;
  const values = tf.tidy(() =>
    valuesOf({ ...rangeOf(images), ...normsOf(sizesOf(clean, perturbed), bounds) }),
  );
  return usesWithin(bounds, values, opponent, roundingsOf(clean, perturbed));
}

/**
 * Scalars of an opponent's images, by TensorBoard tag without its `train/`: `perturbation`, the mean |δ| on the [0, 1] scale;
 * `budget_NAME`, the mean share of a bound that an image uses; for each map its mean (the mean length
 * of its vectors, if they are bounded), and for bounded ones the share of pixels at the bound and at zero, by which a collapsed opponent shows.
 * Telling them checks the images first, as `checkPerturbed` does.
 *
 * @param from the row of the batch that the first image is
 */
export function perturbationFigures(
  opponent: string,
  clean: tf.Tensor4D,
  perturbed: Perturbed,
  from = 0,
): Figures {
  const { images, maps, bounds } = perturbed;
  const roundings = roundingsOf(clean, perturbed);
  return tidied(() => {
    const sizes = sizesOf(clean, perturbed);
    const change = bounds['pixels']?.norm === 'linf' ? sizes['pixels']! : tf.abs(tf.sub(images, clean));
    const kept: Figures = {
      tensors: { ...rangeOf(images), ...normsOf(sizes, bounds) },
      tell: (values) =>
        Object.fromEntries(
          Object.entries(usesWithin(bounds, values, opponent, roundings, from)).map(([name, use]) => [
            `budget_${name}`,
            use.reduce((a, b) => a + b, 0) / use.length,
          ]),
        ),
    };
    const ofMaps = Object.entries(maps).map(([name, map]) =>
      mapFigures(name, map, bounds[name], sizes[name]),
    );
    return together([kept, scalars({ perturbation: tf.mean(change) }), ...ofMaps]);
  });
}

/** How a map is filled: its mean, and if its pixels are bounded the shares of them at their ends. */
function mapFigures(
  name: string,
  map: tf.Tensor4D,
  bound: Bound | undefined,
  lengths: tf.Tensor | undefined,
): Figures {
  if (bound?.norm !== 'pixel') {
    return scalars({ [`${name}_mean`]: tf.mean(map) });
  }
  const share = tf.divNoNan(lengths!, bound.limit); // where nothing may change, all of it is at zero
  return scalars({
    [`${name}_mean`]: tf.mean(lengths!),
    [`${name}_at_bound`]: tf.mean(tf.cast(tf.greaterEqual(share, 1 - AT_END), 'float32')),
    [`${name}_at_zero`]: tf.mean(tf.cast(tf.lessEqual(share, AT_END), 'float32')),
  });
}

const LOWEST = 'lowest';
const HIGHEST = 'highest';

/** The ends of each image's values, [N] each. */
function rangeOf(images: tf.Tensor4D): Readonly<Record<string, tf.Tensor>> {
  return { [LOWEST]: tf.min(images, [1, 2, 3]), [HIGHEST]: tf.max(images, [1, 2, 3]) };
}

type Bounds = Perturbed['bounds'];

/** What was read of an opponent's images as shares of its bounds. Throws where they are not what it promised. */
function usesWithin(
  bounds: Bounds,
  values: Values,
  opponent: string,
  roundings: Readonly<Record<string, number>>,
  from = 0,
): Readonly<Record<string, Float32Array>> {
  const highest = values[HIGHEST]!;
  const outside = values[LOWEST]!.findIndex(
    // the negation catches NaN too
    (low, row) => !(low >= -RANGE_DUST && highest[row]! <= 1 + RANGE_DUST),
  );
  if (outside >= 0) {
    throw new PerturbationError(
      from + outside,
      `the opponent ${opponent} gave pixels outside [0, 1], or NaN`,
    );
  }
  const uses = usesOf(bounds, values);
  for (const [name, use] of Object.entries(uses)) {
    const { norm, limit } = bounds[name]!;
    // the negation catches NaN too, which a change under a bound of 0 gives
    const row = use.findIndex((share) => !(share * limit <= limit * (1 + DUST) + roundings[name]!));
    if (row >= 0) {
      throw new PerturbationError(
        from + row,
        `the opponent ${opponent} left its budget: ${name} reached ${use[row]!.toFixed(4)} of its ${norm} bound ${limit}`,
      );
    }
  }
  return uses;
}

function usesOf(bounds: Bounds, values: Values): Readonly<Record<string, Float32Array>> {
  return Object.fromEntries(
    Object.entries(bounds).map(([name, { limit }]) => [
      name,
      values[normName(name)]!.map((length) => (length === 0 ? 0 : length / limit)),
    ]),
  );
}

/** What rounding may add to the norm of an image's change, by the bound's name; of maps too: a chain's are differences of pixels. */
function roundingsOf(clean: tf.Tensor4D, { maps, bounds }: Perturbed): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(bounds).map(([name, { norm }]) => [
      name,
      roundingOf(norm, name === 'pixels' ? clean : mapOf(maps, name)),
    ]),
  );
}

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

/** By bound the sizes that its norm is made of: magnitudes, squares, or lengths of pixels. */
function sizesOf(
  clean: tf.Tensor4D,
  { images, maps, bounds }: Perturbed,
): Readonly<Record<string, tf.Tensor>> {
  const sizes = Object.entries(bounds).map(([name, { norm }]): [string, tf.Tensor] => {
    const change = name === 'pixels' ? (tf.sub(images, clean) as tf.Tensor4D) : mapOf(maps, name);
    switch (norm) {
      case 'linf':
        return [name, tf.abs(change)];
      case 'l2':
        return [name, tf.square(change)];
      case 'pixel':
        return [name, pixelLengths(change)];
    }
  });
  return Object.fromEntries(sizes);
}

/** The norm of each image's change, [N], by the bound under its own name for reading. */
function normsOf(
  sizes: Readonly<Record<string, tf.Tensor>>,
  bounds: Bounds,
): Readonly<Record<string, tf.Tensor>> {
  const norms = Object.entries(bounds).map(([name, { norm }]) => {
    const flat = sizes[name]!.reshape([sizes[name]!.shape[0]!, -1]);
    return [normName(name), norm === 'l2' ? tf.sqrt(tf.sum(flat, 1)) : tf.max(flat, 1)] as const;
  });
  return Object.fromEntries(norms);
}

function normName(bound: string): string {
  return `norm_${bound}`;
}

/** The Euclidean length over the channels of each pixel, [N, H, W]. */
function pixelLengths(change: tf.Tensor4D): tf.Tensor {
  return change.shape[3] === 1 ? tf.abs(tf.squeeze(change, [3])) : tf.sqrt(tf.sum(tf.square(change), 3));
}

function mapOf(maps: Perturbed['maps'], name: string): tf.Tensor4D {
  const map = maps[name];
  if (map === undefined) {
    throw new Error(`the opponent bounds ${name}, but gives no such map`);
  }
  return map;
}
