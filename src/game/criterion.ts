/**
 * L, what an image costs the detector by its logits and label; every opponent ascends the same L that the detector descends. Besides plain
 * cross-entropy: smoothed labels, the focal loss, and weights of the classes by their numbers in the training split.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, nullable, number, type SettingsOf } from '../config/settings.ts';
import { crossEntropy } from './objective.ts';

const shared = {
  class_balance: nullable(
    number({
      min: 0,
      below: 1,
      doc: 'β of class-balanced weights (1 − β) / (1 − βⁿ), n a class’s images in the training split, scaled to a mean of 1 over the classes; null = none. Half of a batch is real in any case, so the weights come on top of that.',
    }),
  ),
};

/** The losses by `criterion.name`, and what each asks for. */
export const criterionSettings = {
  'cross-entropy': {
    label_smoothing: number({
      min: 0,
      below: 1,
      doc: 'ε, share of a label that is spread evenly over both classes; 0 = plain cross-entropy.',
    }),
    ...shared,
  },
  focal: {
    gamma: number({ min: 0, doc: 'γ, how much less an image counts that the detector is right about.' }),
    alpha: nullable(number({ min: 0, max: 1, doc: 'α, weight of fakes, and 1 − α of reals; null = none.' })),
    ...shared,
  },
};

export const criterionName = choice(
  ['cross-entropy', 'focal'],
  'L, of the whole game: cross-entropy, or the focal loss.',
);

export type CriterionSettings = {
  [Name in keyof typeof criterionSettings]: { readonly name: Name } & SettingsOf<
    (typeof criterionSettings)[Name]
  >;
}[keyof typeof criterionSettings];

/**
 * L of each image: logits [N, 2] float32, labels [N] int32 → [N] float32 ≥ 0, each from its own row alone. Throws if a label is no class,
 * as {@link crossEntropy} does.
 */
export type Criterion = (logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor1D;

/** Images of the training split: real, fake. */
export type ClassCounts = readonly [real: number, fake: number];

/**
 * The game's L by its settings; plain cross-entropy is {@link crossEntropy} itself.
 *
 * @param counts only read where there is a `class_balance`
 * @throws if they are needed and unknown, or a class has no image
 */
export function createCriterion(settings: CriterionSettings, counts: ClassCounts | null): Criterion {
  const { class_balance } = settings;
  const plain = settings.name === 'focal' ? focalLoss(settings) : smoothed(settings.label_smoothing);
  if (class_balance === null) return plain;
  if (counts === null) {
    throw new Error(
      'criterion.class_balance needs the numbers of reals and fakes in the training split: hand them to createCriterion',
    );
  }
  return weighing(plain, classBalancedWeights(class_balance, counts));
}

/**
 * Cross-entropy to labels of which ε is spread evenly over the C classes (Szegedy et al., "Rethinking the inception architecture for
 * computer vision", CVPR 2016, section 7): (1 − ε) · −ln p_y + ε · mean_c −ln p_c = −ln p_y + ε · (z_y − mean_c z_c).
 */
function smoothed(epsilon: number): Criterion {
  if (epsilon === 0) return crossEntropy;
  return (logits, labels) =>
    tf.tidy(() => {
      const losses = crossEntropy(logits, labels);
      const own = tf.sum(tf.mul(tf.oneHot(labels, logits.shape[1]), logits), 1);
      return tf.add(losses, tf.mul(tf.sub(own, tf.mean(logits, 1)), epsilon));
    });
}

/**
 * FL = −α_y (1 − p_y)^γ ln p_y (Lin et al., "Focal loss for dense object detection", ICCV 2017, equation 5). Of two classes 1 − p_y is the
 * other one's probability, so (1 − p_y)^γ is e^(−γ · cross-entropy to the other), finite and with a finite gradient for any logits and γ.
 */
function focalLoss({ gamma, alpha }: Extract<CriterionSettings, { name: 'focal' }>): Criterion {
  const focal: Criterion = (logits, labels) =>
    tf.tidy(() => {
      const losses = crossEntropy(logits, labels);
      const others = crossEntropy(logits, tf.sub(tf.scalar(1, 'int32'), labels));
      return tf.mul(tf.exp(tf.mul(others, -gamma)), losses);
    });
  const loss = gamma === 0 ? crossEntropy : focal;
  return alpha === null ? loss : weighing(loss, [1 - alpha, alpha]);
}

/**
 * (1 − β) / (1 − β^n_c), the inverse of a class's effective number of images, scaled to a mean of 1 over the classes (Cui et al.,
 * "Class-balanced loss based on effective number of samples", CVPR 2019, equation 2).
 *
 * @throws if a class has no image
 */
export function classBalancedWeights(beta: number, counts: ClassCounts): [real: number, fake: number] {
  if (!counts.every((count) => Number.isSafeInteger(count) && count > 0)) {
    throw new Error(
      `criterion.class_balance weighs classes by their images in the training split, which has ${counts[0]} real and ${counts[1]} fake: it needs both`,
    );
  }
  // 1 − βⁿ keeps its digits for β near 1
  const inverse = ([real, fake]: ClassCounts): [number, number] => {
    const of = (count: number): number => -(1 - beta) / Math.expm1(count * Math.log(beta));
    return [of(real), of(fake)];
  };
  const [real, fake] = inverse(counts);
  const mean = (real + fake) / 2;
  return [real / mean, fake / mean];
}

/** L times the weight of its class; the mean over a batch is not divided by the weights, so that each image's L is its own. */
function weighing(criterion: Criterion, weights: readonly [real: number, fake: number]): Criterion {
  return (logits, labels) =>
    tf.tidy(() => {
      const losses = criterion(logits, labels); // first, for it checks the labels
      return tf.mul(losses, tf.sum(tf.mul(tf.oneHot(labels, 2), [...weights]), 1));
    });
}
