/** What an opponent did to a batch, as plain data that a picture can be made of. */
import * as tf from '@tensorflow/tfjs';
import type { Perturbed } from '../generator/generator.ts';
import type { Comparison, ImageBatch, ShownMap } from '../reports/pictures.ts';

/** Maps in pixels; those of an opponent's parts have the part's key before their name. */
const IN_PIXELS = /^(\w+_)?(sigma|flow)$/;
/** A map of more channels has no colours to be shown in. */
const MOST_CHANNELS = 3;

/**
 * The first `columns` images of a batch beside what the opponent made of them and the maps that it chose, but for maps of more than
 * three channels. A map's scale ends at its bound, so that pictures of all rounds compare; without a bound, at the whole number that it
 * reaches.
 *
 * @param amplification differences are shown times this
 */
export function comparisonOf(
  clean: tf.Tensor4D,
  { images, maps, bounds }: Perturbed,
  { columns, amplification }: { readonly columns: number; readonly amplification: number },
): Comparison {
  const showable = Object.entries(maps).filter(([, map]) => map.shape[3] <= MOST_CHANNELS);
  const shown = showable.map(([name, map]): ShownMap => {
    const bound = bounds[name];
    // the length of a whole image's values says nothing of one pixel's
    const limit = bound === undefined || bound.norm === 'l2' ? 0 : bound.limit;
    return {
      name,
      values: firstOf(map, columns),
      largest: limit > 0 ? limit : largestOf(map),
      ...(IN_PIXELS.test(name) ? { unit: 'px' } : {}),
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
