/**
 * Square attack: random search that sees what the detector says, and no gradient (Andriushchenko et al., "Square attack: a query-efficient
 * black-box adversarial attack via random search", ECCV 2020), in the L∞ ball. It begins with vertical stripes of ±ε and then tries squares
 * of ±2ε, smaller and smaller, at places drawn at random; what helps stays.
 */
import * as tf from '@tensorflow/tfjs';
import { integer, number } from '../config/settings.ts';
import type { Rng } from '../ops/random.ts';
import { epsFactor, epsScheduleSettings } from './eps-schedule.ts';
import { NOT_LEARNED, type GeneratorVariant } from './generator.ts';
import { classToLeave, goalSetting, marginOf } from './goal.ts';

const settings = {
  eps: number({ min: 0, max: 1, doc: 'L∞ budget on the [0, 1] pixel scale; 2/255 = 0.00784.' }),
  queries: integer({ min: 1, doc: 'Squares that are tried, a forward pass each; 5000 in AutoAttack.' }),
  p: number({ above: 0, max: 1, doc: 'Share of the image that the first squares cover; .8 in AutoAttack.' }),
  goal: goalSetting,
  ...epsScheduleSettings,
};

/** Climbs the margin of the other class; every image has squares of its own, and goes on after it has crossed the border. */
export const square: GeneratorVariant<typeof settings> = {
  name: 'square',
  settings,
  blackBox: true,
  create: (config) => ({
    ...NOT_LEARNED,
    name: 'square',
    perturb: (batch, victim, { rng, progress }) =>
      tf.tidy(() => {
        const eps = config.eps * epsFactor(config.eps_growth, config.eps_growth_share, progress);
        const margin = marginOf(victim, classToLeave(config.goal, batch, victim));
        const images = squareSearch(margin, batch.images, rng, { eps, queries: config.queries, p: config.p });
        return { images, maps: {}, bounds: { pixels: { norm: 'linf', limit: eps } } };
      }),
  }),
};

/** The share of the image that a square covers falls by half after these of 10,000 queries (section 4.1). */
const HALVINGS = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];

/** The side of the square of query `i` of `queries`, in pixels of an image of height × width. */
export function squareSide(
  i: number,
  queries: number,
  p: number,
  [height, width]: readonly [number, number],
): number {
  const at = Math.trunc((i / queries) * 10_000);
  const share = p / 2 ** HALVINGS.filter((end) => at > end).length;
  const side = Math.max(1, Math.round(Math.sqrt(share * height * width)));
  return Math.min(side, height, width);
}

/**
 * Random search.
 *
 * @param margin what is climbed, [N]
 * @param clean [N, H, W, C]
 */
export function squareSearch(
  margin: (images: tf.Tensor4D) => tf.Tensor1D,
  clean: tf.Tensor4D,
  rng: Rng,
  { eps, queries, p }: { readonly eps: number; readonly queries: number; readonly p: number },
): tf.Tensor4D {
  const [n, height, width, channels] = clean.shape;
  const signs = (uniform: tf.Tensor): tf.Tensor => tf.sign(tf.sub(uniform, 0.5));
  const [rows, columns] = [tf.range(0, height).reshape([1, height]), tf.range(0, width).reshape([1, width])];
  // the ball and [0, 1] together
  const [lowest, highest] = [tf.maximum(tf.sub(clean, eps), 0), tf.minimum(tf.add(clean, eps), 1)];
  const project = (images: tf.Tensor): tf.Tensor4D => tf.minimum(tf.maximum(images, lowest), highest);
  let best = tf.tidy(() => {
    const stripes = tf.mul(signs(rng.uniform([n, 1, width, channels])), eps);
    const at = project(tf.add(clean, stripes));
    return { at, value: margin(at) };
  });
  for (let i = 0; i < queries; i++) {
    const before = best;
    best = tf.tidy(() => {
      const side = squareSide(i, queries, p, [height, width]);
      const [colour, top, left] = tf.split(rng.uniform([n, channels + 2]), [channels, 1, 1], 1);
      const inRows = within(rows, top!, height - side, side).reshape([n, height, 1, 1]);
      const inColumns = within(columns, left!, width - side, side).reshape([n, 1, width, 1]);
      const change = tf.mul(signs(colour!), 2 * eps).reshape([n, 1, 1, channels]);
      const at = project(tf.add(before.at, tf.mul(tf.mul(inRows, inColumns), change)));
      const value = margin(at);
      const wins = tf.greater(value, before.value);
      const wide = tf.reshape(wins, [n, 1, 1, 1]);
      return { at: tf.where(wide, at, before.at), value: tf.where(wins, value, before.value) };
    });
    tf.dispose(before);
  }
  tf.dispose([best.value, rows, columns, lowest, highest]);
  return best.at;
}

/** 1 on `side` of the places, 0 elsewhere: [N, places]. The first of them is any of 0 … `last` by a uniform number of each image, [N, 1]. */
function within(places: tf.Tensor, uniform: tf.Tensor, last: number, side: number): tf.Tensor {
  const place = tf.sub(places, tf.floor(tf.mul(uniform, last + 1)));
  return tf.cast(tf.logicalAnd(tf.greaterEqual(place, 0), tf.less(place, side)), 'float32');
}
