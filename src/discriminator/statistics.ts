/**
 * Detectors of the time before deep networks: statistics of an image that somebody thought up, and a linear classifier. The statistics are
 * differentiable tensor operations, batch norm standardises them, and a linear layer gives the logits, so that such a detector learns in the
 * game by the same step as a network, and every opponent climbs its loss by the true gradient. A boosted or support-vector classifier, as in
 * most of those papers, has no gradient to climb, or none that a batch can be descended along.
 */
import * as tf from '@tensorflow/tfjs';
import { number, type SettingsOf } from '../config/settings.ts';
import type { Discriminator, DiscriminatorContext } from './discriminator.ts';
import { apply, batchNorm } from '../ops/layers.ts';
import { classifierHead, discriminatorOf } from './model.ts';

/** What each of them takes besides its own settings. */
export const statisticsSettings = {
  bn_momentum: number({
    min: 0,
    below: 1,
    doc: 'Share of the old running statistics kept at each training pass; these standardise the features.',
  }),
  bn_epsilon: number({
    above: 0,
    max: 1,
    doc: 'Added to the variance of a feature where it is standardised.',
  }),
};

/** Numbers that an image is judged by. */
export interface Statistics {
  /** How many. */
  readonly count: number;
  /** [N, H, W, 3] in [0, 1] → [N, count], differentiable; constants are made anew in each call, so that a recorded round holds them. */
  readonly of: (images: tf.Tensor4D) => tf.Tensor2D;
}

/** Statistics, standardised, and a linear layer to two logits; float32 in any precision, since nothing is convolved by weights. */
export function statisticsDetector(
  name: string,
  { count, of }: Statistics,
  config: SettingsOf<typeof statisticsSettings>,
  context: DiscriminatorContext,
): Discriminator {
  const { imageSize, seed, auxiliaryBatchNorm } = context;
  const input = tf.input({ shape: [imageSize, imageSize, 3], name: 'images' });
  const statistics = apply(
    'statistics',
    (x) => tf.reshape(of(x as tf.Tensor4D), [x.shape[0]!, 1, 1, count]),
    ([n]) => [n!, 1, 1, count],
  );
  const norm = { momentum: config.bn_momentum, epsilon: config.bn_epsilon };
  const standardise = batchNorm({
    name: 'standardise_bn',
    ...norm,
    auxiliary: auxiliaryBatchNorm,
    activation: 'none',
  });
  const standardised = standardise.apply(statistics.apply(input)) as tf.SymbolicTensor;
  const outputs = classifierHead(standardised, { seed, auxiliaryBatchNorm, batchNorm: norm });
  return discriminatorOf(name, tf.model({ name, inputs: input, outputs }), context);
}

/** Luma by ITU-R BT.601: [N, H, W, 3] → [N, H, W]. */
export function grey(images: tf.Tensor4D): tf.Tensor3D {
  return tf.tidy(() => tf.sum(tf.mul(images, tf.tensor1d([0.299, 0.587, 0.114])), 3));
}
