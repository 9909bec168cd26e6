/** A batch as the detector learns from it: images, labels, and the further targets that some detectors have. */
import * as tf from '@tensorflow/tfjs';
import type { Targets } from '../discriminator/discriminator.ts';
import type { LabelledImages } from '../generator/generator.ts';
import type { ImageView } from './image-views.ts';

/** Row i of every tensor is the same image. */
export type TaughtImages = LabelledImages & Targets;

/** Every tensor of a batch in a fixed order: images, labels, then what else there is. */
export function tensorsOf({ images, labels, manipulations, masks }: TaughtImages): readonly tf.Tensor[] {
  return [
    images,
    labels,
    ...(manipulations === undefined ? [] : [manipulations]),
    ...(masks === undefined ? [] : [masks.values, masks.known]),
  ];
}

/** A part's rows of a batch. */
export function rowsOf(batch: TaughtImages, from: number, count: number): TaughtImages {
  const { images, labels, manipulations, masks } = batch;
  return {
    images: rows(images, from, count),
    labels: rows(labels, from, count),
    ...(manipulations === undefined ? {} : { manipulations: rows(manipulations, from, count) }),
    ...(masks === undefined
      ? {}
      : { masks: { values: rows(masks.values, from, count), known: rows(masks.known, from, count) } }),
  };
}

/** A part's rows of something that has one for each image of the batch; differentiable. */
export function rows<T extends tf.Tensor>(of: T, from: number, count: number): T {
  return tf.slice(of, from, count);
}

/** The targets of images that are looked at through a view: masks lie where the view has moved them. */
export function targetsThrough(targets: Targets, view: ImageView): Targets {
  const { masks } = targets;
  return masks === undefined
    ? targets
    : { ...targets, masks: { ...masks, values: view.masks(masks.values) } };
}
