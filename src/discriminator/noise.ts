/**
 * Statistics of the noise: a camera leaves one level of it all over a picture, and a face from elsewhere, resampled and blended in, another (Mahdian &
 * Saic, "Using noise inconsistencies for blind image forensics", Image and Vision Computing 2009; Pan, Zhang & Lyu, "Exposing image splicing with
 * inconsistent local noise variances", ICCP 2012). Theirs is a wavelet's finest band; here it is what three high-pass filters leave.
 */
import * as tf from '@tensorflow/tfjs';
import { integer } from '../config/settings.ts';
import type { DiscriminatorVariant } from './discriminator.ts';
import { faceRadius, pixelPlaces } from './face-shape.ts';
import { srmResiduals } from './front-ends.ts';
import { grey, statisticsDetector, statisticsSettings, type Statistics } from './statistics.ts';

const settings = {
  grid: integer({ min: 4, max: 32, doc: 'Blocks that an image is divided into, along each side.' }),
  ...statisticsSettings,
};

/** A linear classifier on the noise of blocks, inside and outside the face. */
export const noise: DiscriminatorVariant<typeof settings> = {
  name: 'noise',
  settings,
  create: (config, context) =>
    statisticsDetector('noise', noiseStatistics(context.imageSize, config.grid), config, context),
};

const FILTERS = 3;

/** Squared grey levels, added to each variance: a little less than the 1/12 that rounding to 8 bits leaves. */
const FLOOR = 0.05;

/** Of a variance of logarithms before its root, whose slope is infinite at 0. */
const SPREAD_FLOOR = 1e-4;

/**
 * For each SRM residual of the grey image, in grey levels, and a grid of blocks: the logarithm of each block's variance; the root mean square
 * deviation of these inside the face and outside; the squared difference of their means; the logarithm of the residual's kurtosis inside and outside.
 *
 * @throws if an image has fewer pixels along a side than the grid blocks
 */
export function noiseStatistics(size: number, grid: number): Statistics {
  if (size < grid) {
    throw new Error(
      `discriminator.grid is ${grid}, but images of ${size} pixels do not fall into so many blocks: set it to ${size} or less`,
    );
  }
  const blocks = grid * grid;
  const [means, parts] = [blockMeans(size, grid), faceParts(grid)];
  return {
    count: FILTERS * (blocks + 5),
    of: (images) =>
      tf.tidy(() => {
        const n = images.shape[0];
        const residuals = srmResiduals(tf.expandDims(tf.mul(grey(images), 255), 3));
        const squares = tf.square(residuals);
        const moments = tf.transpose(tf.concat([residuals, squares, tf.square(squares)], 3), [0, 3, 1, 2]);
        const mean = tf.tensor2d(means, [grid, size]);
        const ofBlocks = tf.matMul(tf.matMul(mean, moments), mean, false, true);
        // [N·filters, blocks] each
        const [first, second, fourth] = tf
          .split(tf.reshape(ofBlocks, [n, 3, FILTERS * blocks]), 3, 1)
          .map((moment) => tf.reshape(moment, [n * FILTERS, blocks])) as [
          tf.Tensor2D,
          tf.Tensor2D,
          tf.Tensor2D,
        ];
        // inside, outside: [N·filters, 2]
        const ofParts = (values: tf.Tensor): tf.Tensor2D =>
          tf.matMul(values as tf.Tensor2D, tf.tensor2d(parts, [blocks, 2]));
        const levels = tf.log(tf.add(tf.relu(tf.sub(second, tf.square(first))), FLOOR));
        const level = ofParts(levels);
        const scatter = tf.relu(tf.sub(ofParts(tf.square(levels)), tf.square(level)));
        const spread = tf.sqrt(tf.add(scatter, SPREAD_FLOOR));
        const gap = tf.square(tf.matMul(level, tf.tensor2d([1, -1], [2, 1])));
        const kurtosis = tf.sub(
          tf.log(tf.add(ofParts(fourth), FLOOR ** 2)),
          tf.mul(tf.log(tf.add(ofParts(second), FLOOR)), 2),
        );
        return tf.reshape(tf.concat([levels, spread, gap, kurtosis], 1), [n, FILTERS * (blocks + 5)]);
      }),
  };
}

/** Means over a grid's blocks along one axis, a pixel on a border counted in both by its shares: [grid, size]. */
function blockMeans(size: number, grid: number): Float32Array {
  const width = size / grid;
  return Float32Array.from({ length: grid * size }, (_, i) => {
    const [block, pixel] = [Math.floor(i / size), i % size];
    const overlap = Math.min(pixel + 1, (block + 1) * width) - Math.max(pixel, block * width);
    return Math.max(0, overlap) / width;
  });
}

/** Means over the blocks whose middle lies on the face, and over the others: [grid², 2]. */
function faceParts(grid: number): Float32Array {
  const inside = pixelPlaces(grid).map((place) => faceRadius(place) < 1);
  const count = inside.filter(Boolean).length;
  return Float32Array.from(
    inside.flatMap((face) => (face ? [1 / count, 0] : [0, 1 / (inside.length - count)])),
  );
}
