/**
 * DiffAugment and mixup between the opponent and the detector: the detector learns from changed views of the images, the clean and the
 * adversarial version of an image under the same draw. What an opponent computes before the detector's pass does not see it; where one pass serves
 * both players (simultaneous and free play) the opponent's gradient goes through it.
 */
import type * as tf from '@tensorflow/tfjs';
import { number, type SettingsOf } from '../config/settings.ts';
import { DRAWS, diffAugment, moveMasks } from '../ops/diff-augment.ts';
import { createRng } from '../ops/random.ts';
import { createMixup, type MixupSettings } from './mixup.ts';

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

/** A figure of each image by its logits [N, 2] and its label [N]: [N] float32. L is one. */
export type PerImage = (logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor1D;

/** How the detector sees a batch in one step. */
export interface ImageView {
  /** What it sees in the place of the images; differentiable, of the same shape. */
  readonly images: (images: tf.Tensor4D) => tf.Tensor4D;
  /** Masks [N, H, W, 1] of images, where it sees them. */
  readonly masks: (masks: tf.Tensor4D) => tf.Tensor4D;
  /** The figure of what it sees; of mixed images the sum of both labels' by their shares. */
  readonly judged: (figure: PerImage) => PerImage;
}

/** The images themselves. */
export const AS_IT_IS: ImageView = {
  images: (images) => images,
  masks: (masks) => masks,
  judged: (figure) => figure,
};

/** Where views come from. */
export interface ImageViews {
  /** Draws so far; the whole state. */
  readonly counter: number;
  /** Continues from a saved counter. */
  readonly seek: (counter: number) => void;
  /** Draws once for `count` images; all that is looked at through the view is changed by the same draw, row by row. */
  readonly draw: (count: number) => ImageView;
}

/** Views by the settings, of random streams of their own: first DiffAugment, then mixup; null where neither changes anything. */
export function createImageViews(
  diff_augment: DiffAugmentSettings,
  mixup: MixupSettings,
  seed: number,
): ImageViews | null {
  const [augmented, mixed] = [createAugmented(diff_augment, seed), createMixup(mixup, seed)];
  if (augmented === null || mixed === null) return augmented ?? mixed;
  return {
    // each draws once a view
    get counter() {
      return mixed.counter;
    },
    seek: (counter) => {
      [augmented, mixed].forEach((views) => {
        views.seek(counter);
      });
    },
    draw: (count) => {
      const [first, then] = [augmented.draw(count), mixed.draw(count)];
      return {
        images: (images) => then.images(first.images(images)),
        masks: (masks) => then.masks(first.masks(masks)),
        judged: (figure) => then.judged(first.judged(figure)),
      };
    },
  };
}

/** Whether DiffAugment or mixup changes anything. */
export function changesViews(
  { colour_probability, translation_probability, cutout_probability }: DiffAugmentSettings,
  { alpha }: MixupSettings,
): boolean {
  return colour_probability + translation_probability + cutout_probability + alpha > 0;
}

function createAugmented(settings: DiffAugmentSettings, seed: number): ImageViews | null {
  if (!changesViews(settings, { alpha: 0 })) return null;
  const rng = createRng(seed, 'diff-augment');
  return {
    get counter() {
      return rng.counter;
    },
    seek: (counter) => {
      rng.seek(counter);
    },
    draw: (count) => {
      const draws = rng.uniform([count, DRAWS]) as tf.Tensor2D;
      return {
        ...AS_IT_IS,
        images: (images) => diffAugment(images, draws, settings),
        masks: (masks) => moveMasks(masks, draws, settings),
      };
    },
  };
}
