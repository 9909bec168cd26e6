/**
 * The losses of the game, and nothing else (Wang, Guo, Zuo, "Deepfake Forensics via An Adversarial Game", IEEE TIP 2022):
 *
 *   plain              min_θD  Σ L(x, y)
 *   adversarial only   min_θD  Σ L(opponent(x), y)
 *   clean + λ·adv      min_θD  Σ L(x, y) + λ · L(opponent(x), y)
 *   both players       min_θD max_θG  Σ L(x, y) + λ · L(G(x), y)
 */
import * as tf from '@tensorflow/tfjs';
import { sparseCrossEntropy } from '../ops/cross-entropy.ts';

/** Which images the detector learns from. */
export type Objective = 'clean' | 'adversarial' | 'clean+adversarial';

/**
 * L: cross-entropy of each image in nats.
 *
 * @param logits [N, classes] float32
 * @param labels [N] int32, class indices
 * @returns [N] float32, ≥ 0
 * @throws if a label is no class
 */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  return sparseCrossEntropy(logits, labels);
}

/** The sets of images whose mean losses the detector may descend. */
export type Term = 'clean' | 'adversarial';

/**
 * What the detector descends: weights of the mean losses over the batch, so that learning rates do not depend on its size. A term
 * without a weight is not computed.
 */
export function objectiveWeights(
  objective: Objective,
  lambda: number,
): Readonly<Partial<Record<Term, number>>> {
  switch (objective) {
    case 'clean':
      return { clean: 1 };
    case 'adversarial':
      return { adversarial: 1 };
    case 'clean+adversarial':
      return { clean: 1, adversarial: lambda };
  }
}

/** The weighted sum of mean losses, in nats, rounded to float32 as they are; those without a weight do not count. */
export function weighted(
  weights: Readonly<Partial<Record<Term, number>>>,
  losses: Readonly<Partial<Record<Term, number | undefined>>>,
): number {
  const terms = (['clean', 'adversarial'] as const).filter((term) => weights[term] !== undefined);
  return terms.reduce(
    (sum, term) => Math.fround(sum + Math.fround(Math.fround(weights[term]!) * losses[term]!)),
    0,
  );
}

/** The generator's side: it descends the negative of what the detector loses on its images, a scalar. */
export function generatorLoss(adversarial: tf.Tensor1D): tf.Scalar {
  return tf.tidy(() => tf.neg(tf.mean(adversarial)) as tf.Scalar);
}
