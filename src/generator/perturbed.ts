/** What an opponent gives back: images, what it chose to make them, and how far it promises to have gone. */
import type * as tf from '@tensorflow/tfjs';

/** The largest change that an opponent allows itself. Measured for each image alone. */
export type Bound = {
  /** linf: largest magnitude; l2: Euclidean length; pixel: largest Euclidean length over the channels of any pixel. */
  readonly norm: 'linf' | 'l2' | 'pixel';
  readonly limit: number;
};

/** An alias, not an interface, so that it may leave a tidy. */
export type Perturbed = {
  /** Same shape as the input, in [0, 1]. */
  readonly images: tf.Tensor4D;
  /** What the opponent chose, for pictures and statistics: `sigma` [N, H, W, 1] in pixels, for one. */
  readonly maps: Readonly<Record<string, tf.Tensor4D>>;
  /** What it promises to have kept: `pixels` bounds images − clean, any other key the map of that name. The game measures both. */
  readonly bounds: Readonly<Record<string, Bound>>;
};
