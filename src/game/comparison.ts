/** What an opponent did to a batch, as plain data that a picture can be made of. */
import * as tf from '@tensorflow/tfjs';
import type { Perturbed } from '../generator/generator.ts';
import type { Comparison, ImageBatch, ShownMap } from '../reports/pictures.ts';

/** Units of the maps that have one. */
const UNITS: Readonly<Record<string, string>> = { sigma: 'px', flow: 'px' };

/**
 * The first `columns` images of a batch beside what the opponent made of them and the maps that it chose. A map's scale ends at its
 * bound, so that pictures of all rounds compare; without a bound, at the whole number that it reaches.
 *
 * @param amplification differences are shown times this
 */
export function comparisonOf(
  clean: tf.Tensor4D,
  { images, maps, bounds }: Perturbed,
  { columns, amplification }: { readonly columns: number; readonly amplification: number },
): Comparison {
  const shown = Object.entries(maps).map(([name, map]): ShownMap => {
    const bound = bounds[name];
    // the length of a whole image's values says nothing of one pixel's
    const limit = bound === undefined || bound.norm === 'l2' ? 0 : bound.limit;
    const unit = UNITS[name];
    return {
      name,
      values: firstOf(map, columns),
      largest: limit > 0 ? limit : largestOf(map),
      ...(unit === undefined ? {} : { unit }),
    };
  });
  return {
    clean: firstOf(clean, columns),
    adversarial: firstOf(images, columns),
    maps: shown,
    amplification,
  };
}

function largestOf(map: tf.Tensor4D): number {
  return Math.max(1, Math.ceil(tf.tidy(() => tf.max(tf.abs(map)).dataSync<'float32'>()[0]!)));
}

function firstOf(images: tf.Tensor4D, columns: number): ImageBatch {
  return tf.tidy(() => {
    const first = images.slice(0, Math.min(columns, images.shape[0]));
    return { shape: first.shape, data: first.dataSync<'float32'>() };
  });
}
