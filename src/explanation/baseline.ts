/** What integrated gradients compare an image with: an image in which there is nothing to find. */
import * as tf from '@tensorflow/tfjs';
import { filterImages, gaussianGain } from './filter-images.ts';

export const BASELINES = ['black', 'blurred'] as const;
export type Baseline = (typeof BASELINES)[number];

/** The standard deviation of the blur, as a share of the side: of a face its place and colours are left. */
const BLUR = 1 / 16;

/**
 * `black`: zeros, so that dark pixels can have no part in the answer. `blurred`: the image without its detail (Fong & Vedaldi, "Interpretable
 * Explanations of Black Boxes by Meaningful Perturbation", ICCV 2017), so that what is explained is detail. [N, S, S, 3] → the same shape.
 */
export function baselineOf(name: Baseline, images: tf.Tensor4D): tf.Tensor4D {
  return name === 'black' ? tf.zerosLike(images) : filterImages(images, gaussianGain(BLUR * images.shape[1]));
}
