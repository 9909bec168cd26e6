/** Detectors small enough for closed forms, as their opponent sees them. */
import * as tf from '@tensorflow/tfjs';
import { crossEntropy } from '../../src/game/objective.ts';
import type { LabelledImages, Victim } from '../../src/generator/generator.ts';

/** A victim by its logits [N, 2]. */
export function victimBy(logits: (images: tf.Tensor4D) => tf.Tensor2D): Victim {
  return {
    lossOf: (images, labels) => crossEntropy(logits(images), labels),
    logits,
    predict: (images) => tf.tidy(() => tf.argMax(logits(images), 1)),
  };
}

/** Logits [0, w·x + bias]: a logistic regression on the pixels, `w` for one image. */
export function logisticVictim(w: Float32Array, shape: readonly number[], bias = 0): Victim {
  return victimBy((images) => {
    const fake = tf.add(tf.sum(tf.mul(images, tf.tensor(w, [1, ...shape])), [1, 2, 3]), bias);
    return tf.stack([tf.zerosLike(fake), fake], 1) as tf.Tensor2D;
  });
}

/** The victim with its calls counted. */
export function counted(victim: Victim): {
  readonly victim: Victim;
  readonly calls: { lossOf: number; predict: number };
} {
  const calls = { lossOf: 0, predict: 0 };
  return {
    calls,
    victim: {
      lossOf: (images, labels) => {
        calls.lossOf++;
        return victim.lossOf(images, labels);
      },
      logits: (images) => victim.logits(images),
      predict: (images) => {
        calls.predict++;
        return victim.predict(images);
      },
    },
  };
}

/** The loss to the true label of each image, in plain numbers. */
export function lossesOf(victim: Victim, images: tf.Tensor4D, { labels }: LabelledImages): number[] {
  return tf.tidy(() => [...victim.lossOf(images, labels).dataSync()]);
}
