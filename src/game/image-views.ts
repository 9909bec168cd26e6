/**
 * DiffAugment between the opponent and the detector: the detector learns from changed views of the images, the clean and the adversarial
 * version of an image under the same draw. What an opponent computes before the detector's pass does not see it; where one pass serves
 * both players (simultaneous and free play) the opponent's gradient goes through it.
 */
import type * as tf from '@tensorflow/tfjs';
import { number, type SettingsOf } from '../config/settings.ts';
import { DRAWS, diffAugment, moveMasks } from '../ops/diff-augment.ts';
import { createRng, type Rng } from '../ops/random.ts';

const probability = (doc: string) => number({ min: 0, max: 1, doc: `Probability of ${doc}.` });

export const diffAugmentSettings = {
  colour_probability: probability('one change of colour: brightness, saturation or contrast'),
  brightness: number({ min: 0, max: 1, doc: 'Largest change of brightness, on the [0, 1] pixel scale.' }),
  saturation: number({ min: 0, max: 1, doc: 'Largest relative change of saturation.' }),
  contrast: number({ min: 0, max: 1, doc: 'Largest relative change of contrast around the image’s mean.' }),
  translation_probability: probability('a shift'),
  translation: number({ min: 0, max: 0.5, doc: 'Largest shift along each axis, as a share of the side.' }),
  cutout_probability: probability('a covered square'),
  cutout: number({ min: 0, max: 1, doc: 'Side of the covered square, as a share of the image’s.' }),
};
export type DiffAugmentSettings = SettingsOf<typeof diffAugmentSettings>;

/** Images as the detector sees them in one step; differentiable, of the same shape. */
export interface ImageView {
  (images: tf.Tensor4D): tf.Tensor4D;
  /** Masks [N, H, W, 1] of images, moved as these are; left out: they stay. */
  readonly masks?: (masks: tf.Tensor4D) => tf.Tensor4D;
}

/** Where views come from; the counter of `rng` is the whole state. */
export interface ImageViews {
  readonly rng: Rng;
  /** Draws once for `count` images; all that is looked at through the view is changed by the same draw, row by row. */
  readonly draw: (count: number) => ImageView;
}

/** Views by the settings, of a random stream of their own; null where every probability is 0. */
export function createImageViews(settings: DiffAugmentSettings, seed: number): ImageViews | null {
  const { colour_probability, translation_probability, cutout_probability } = settings;
  if (colour_probability + translation_probability + cutout_probability === 0) return null;
  const rng = createRng(seed, 'diff-augment');
  return {
    rng,
    draw: (count) => {
      const draws = rng.uniform([count, DRAWS]) as tf.Tensor2D;
      return Object.assign((images: tf.Tensor4D) => diffAugment(images, draws, settings), {
        masks: (masks: tf.Tensor4D) => moveMasks(masks, draws, settings),
      });
    },
  };
}
