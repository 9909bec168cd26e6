/** Where a model is cut for whoever asks what its last features show (Grad-CAM). */
import type * as tf from '@tensorflow/tfjs';
import { cutPoints } from '../ops/recompute.ts';
import { programOf, runSteps } from '../ops/run-model.ts';
import type { Halves } from './discriminator.ts';

/**
 * A model cut behind the last layer whose output is a map of more than one cell, [N, h, w, c], which all that follows reads and nothing else; undefined if
 * it has none. Runs the layers as they are, without recomputing.
 */
export function halvesOf(model: tf.LayersModel): Halves | undefined {
  const { input, steps } = programOf(model);
  const cut = cutPoints(input, steps).findLast((at) => {
    const [h = 1, w = 1, ...channels] = steps[at - 1]!.shape;
    return channels.length === 1 && h * w > 1;
  });
  if (cut === undefined) return undefined;
  const { output } = steps[cut - 1]!;
  return {
    features: (images, pass) => runSteps(steps.slice(0, cut), input, images, pass) as tf.Tensor4D,
    logits: (features, pass) => runSteps(steps.slice(cut), output, features, pass) as tf.Tensor2D,
  };
}
