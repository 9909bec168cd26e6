/** The detector as the game hands it to the opponent: in the mode that crafting asks for, and with nothing in it that would move. */
import * as tf from '@tensorflow/tfjs';
import { INFERENCE, type Discriminator, type Pass } from '../discriminator/discriminator.ts';
import type { Victim } from '../generator/generator.ts';
import type { Criterion } from './criterion.ts';
import { crossEntropy } from './objective.ts';

/** How adversarial images pass through the detector's batch norm. */
export interface CraftingSettings {
  /**
   * Whether the opponent sees the detector with running ('eval') or batch ('train') statistics, or as clean images do when it learns from
   * them ('shared': batch statistics, the main branch), so that the pass of the clean images is the attack's first.
   */
  readonly crafting: 'eval' | 'train' | 'shared';
  /** Whether adversarial images go through batch norm's auxiliary branch. */
  readonly auxiliary_bn: boolean;
}

/**
 * No dropout, no running statistics moved, and the branch that adversarial images learn in.
 *
 * @param criterion L, what the opponent ascends; outside of a game plain cross-entropy
 */
export function victimOf(
  detector: Discriminator,
  settings: CraftingSettings,
  criterion: Criterion = crossEntropy,
): Victim {
  const pass: Pass = {
    training: settings.crafting !== 'eval',
    trackStatistics: false,
    branch: settings.auxiliary_bn && settings.crafting !== 'shared' ? 'auxiliary' : 'main',
  };
  return {
    lossOf: (images, labels) => criterion(detector.logits(images, pass), labels),
    logits: (images) => detector.logits(images, pass),
    predict: (images) => tf.tidy(() => tf.argMax(detector.logits(images, pass), 1)),
  };
}

/**
 * The detector as it is used: running statistics, main batch norm, and 'fake' said from a threshold on. Its fake logit is shifted by the
 * threshold's, so that what an attack takes for the border between the classes is where the decision falls.
 *
 * @param threshold of the probability of 'fake'
 * @throws if the threshold leaves no image on one of its sides
 */
export function decidingVictim(detector: Discriminator, threshold: number): Victim {
  if (!(threshold > 0 && threshold < 1)) {
    throw new Error(
      `the threshold chosen on val is ${threshold}, by which every image is ${threshold > 0 ? 'real' : 'fake'}: there is no decision to attack`,
    );
  }
  const border = Math.log(threshold / (1 - threshold));
  const logits = (images: tf.Tensor4D): tf.Tensor2D =>
    tf.sub(detector.logits(images, INFERENCE), tf.tensor2d([[0, border]]));
  return {
    lossOf: (images, labels) => crossEntropy(logits(images), labels),
    logits,
    predict: (images) => tf.tidy(() => tf.argMax(logits(images), 1)),
  };
}
