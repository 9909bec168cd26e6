/** The detector as the game hands it to the opponent: in the mode that crafting asks for, and with nothing in it that would move. */
import * as tf from '@tensorflow/tfjs';
import type { Discriminator, Pass } from '../discriminator/discriminator.ts';
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
    predict: (images) => tf.tidy(() => tf.argMax(detector.logits(images, pass), 1)),
  };
}
