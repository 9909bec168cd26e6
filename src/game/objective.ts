/**
 * The losses of the game, and nothing else (Wang, Guo, Zuo, "Deepfake Forensics via An Adversarial Game", IEEE TIP 2022):
 *
 *   plain              min_θD  Σ L(x, y)
 *   adversarial only   min_θD  Σ L(opponent(x), y)
 *   clean + λ·adv      min_θD  Σ L(x, y) + λ · L(opponent(x), y)
 *   both players       min_θD max_θG  Σ L(x, y) + λ · L(G(x), y)
 */
import * as tf from '@tensorflow/tfjs';

/** Which images the detector learns from. */
export type Objective = 'clean' | 'adversarial' | 'clean+adversarial';

/**
 * L: cross-entropy of each image in nats.
 *
 * @param logits [N, classes] float32
 * @param labels [N] int32, class indices
 * @returns [N] float32, ≥ 0
 */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  return tf.tidy(() => {
    const oneHot = tf.oneHot(labels, logits.shape[1]);
    return tf.neg(tf.sum(tf.mul(oneHot, tf.logSoftmax(logits)), 1)) as tf.Tensor1D;
  });
}

export interface DetectorTerms {
  /** Cross-entropy of the clean images, [N]. */
  readonly clean: () => tf.Tensor1D;
  /** Cross-entropy of the opponent's images, [N]. */
  readonly adversarial: () => tf.Tensor1D;
}

export interface DetectorLoss {
  /** What the detector descends, a scalar: the mean over the batch, so that learning rates do not depend on its size. */
  readonly loss: tf.Scalar;
  /** The parts that were computed, scalars. */
  readonly parts: Readonly<Partial<Record<'clean' | 'adversarial', tf.Scalar>>>;
}

/** The detector's side of the game: only the terms that the objective names are computed. */
export function detectorLoss(objective: Objective, lambda: number, terms: DetectorTerms): DetectorLoss {
  switch (objective) {
    case 'clean': {
      const clean = tf.mean(terms.clean()) as tf.Scalar;
      return { loss: clean, parts: { clean } };
    }
    case 'adversarial': {
      const adversarial = tf.mean(terms.adversarial()) as tf.Scalar;
      return { loss: adversarial, parts: { adversarial } };
    }
    case 'clean+adversarial': {
      const clean = tf.mean(terms.clean()) as tf.Scalar;
      const adversarial = tf.mean(terms.adversarial()) as tf.Scalar;
      return { loss: tf.add(clean, tf.mul(adversarial, lambda)), parts: { clean, adversarial } };
    }
  }
}

/** The generator's side: it descends the negative of what the detector loses on its images, a scalar. */
export function generatorLoss(adversarial: tf.Tensor1D): tf.Scalar {
  return tf.tidy(() => tf.neg(tf.mean(adversarial)) as tf.Scalar);
}
