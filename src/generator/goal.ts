/** What a classical attack is after: away from a class, or towards one. */
import * as tf from '@tensorflow/tfjs';
import { choice } from '../config/settings.ts';
import type { LabelledImages, Victim } from './generator.ts';

/** The setting of that name, the same for every classical attack. */
export const goalSetting = choice(
  ['true-label', 'predicted-label', 'other-label', 'real', 'fake'],
  'true-label: away from the truth; predicted-label: away from what the detector says of the clean image, which tells nothing of the truth; other-label, real, fake: towards that class.',
);

export type Goal = 'true-label' | 'predicted-label' | 'other-label' | 'real' | 'fake';

/**
 * What the attack ascends, [N], as a function of images: the cross-entropy to the class that it leaves (Goodfellow et al. 2015), or
 * the negative of that to the class that it seeks. The predicted label, which cannot leak the true one (Kurakin et al., "Adversarial
 * Machine Learning at Scale", ICLR 2017), costs one forward pass on the clean images, here and now.
 */
export function goalOf(
  goal: Goal,
  { images, labels }: LabelledImages,
  victim: Victim,
): (images: tf.Tensor4D) => tf.Tensor1D {
  const awayFrom = (classes: tf.Tensor1D) => (x: tf.Tensor4D) => victim.lossOf(x, classes);
  const towards = (classes: tf.Tensor1D) => (x: tf.Tensor4D) => tf.neg(victim.lossOf(x, classes));
  switch (goal) {
    case 'true-label':
      return awayFrom(labels);
    case 'predicted-label':
      return awayFrom(victim.predict(images));
    case 'other-label':
      return towards(tf.sub(1, labels).cast('int32') as tf.Tensor1D);
    case 'real':
      return towards(tf.zerosLike(labels));
    case 'fake':
      return towards(tf.onesLike(labels));
  }
}

/**
 * The class that the goal leads away from, [N] int32; of two classes, away from one is towards the other. For attacks that are after the
 * border between the classes rather than a loss.
 */
export function classToLeave(goal: Goal, { images, labels }: LabelledImages, victim: Victim): tf.Tensor1D {
  switch (goal) {
    case 'true-label':
    case 'other-label':
      return labels;
    case 'predicted-label':
      return victim.predict(images);
    case 'real':
      return tf.onesLike(labels);
    case 'fake':
      return tf.zerosLike(labels);
  }
}

/**
 * By how much the other class's logit is above that of `classes`, [N], as a differentiable function of images: above 0 where the detector
 * says the other one. It does not saturate, as the cross-entropy does. What it needs of the classes is made here and now.
 */
export function marginOf(victim: Victim, classes: tf.Tensor1D): (images: tf.Tensor4D) => tf.Tensor1D {
  // (−1, 1) where real is left, (1, −1) where fake is
  const towardsFake = tf.sub(1, tf.mul(2, tf.cast(classes, 'float32')));
  const signs = tf.stack([tf.neg(towardsFake), towardsFake], 1);
  return (images) => tf.sum(tf.mul(victim.logits(images), signs), 1);
}
