/** Losses of maps [N, h, w, 1] that a detector predicts beside the class, where it is known what they should be. */
import * as tf from '@tensorflow/tfjs';
import type { Masks, Targets } from './discriminator.ts';

/** Pixels of a map's cell along each side. Throws, naming the remedy, if the images do not fall into whole cells. */
export function cellOf(name: string, imageSize: number, side: number): number {
  if (imageSize % side !== 0) {
    throw new Error(
      `detector ${name}: images of ${imageSize} pixels a side do not fall into ${side} whole cells of its map: set data.size to a multiple of ${side}, or other strides`,
    );
  }
  return imageSize / side;
}

/** The masks of a batch as means over cells of `cell` pixels, which softens them: [N, h, w, 1]. Throws if the batch has none. */
export function masksIn(name: string, { masks }: Targets, cell: number): Masks {
  if (masks === undefined) {
    throw new Error(
      `detector ${name} learns where fakes were changed, and the batch does not say it: set game.pool_size=0, whose images do not`,
    );
  }
  return { ...masks, values: cell === 1 ? masks.values : tf.avgPool(masks.values, cell, cell, 'valid') };
}

/** weight · the mean over an image's cells, [N]; 0 where its mask is not known. */
export function overCells(losses: tf.Tensor4D, { known }: Masks, weight: number): tf.Tensor1D {
  return tf.mul(tf.mul(tf.mean(losses, [1, 2, 3]), known), weight);
}

/** −t ln σ(x) − (1 − t) ln(1 − σ(x)) of each element, in nats, without overflow; t in [0, 1]. */
export function binaryCrossEntropy<T extends tf.Tensor>(x: T, t: T): T {
  return tf.add(tf.sub(tf.relu(x), tf.mul(x, t)), tf.softplus(tf.neg(tf.abs(x))));
}
