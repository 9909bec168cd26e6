/**
 * Simultaneous play: one backward pass through generator and detector gives the generator's ascent and the detector's descent, and
 * both step at once. Half the passes of alternating play; each player answers the other's last move, not the present one.
 */
import * as tf from '@tensorflow/tfjs';
import type { LabelledImages, Turn } from '../generator/generator.ts';
import { learn, type Adversary, type RoundMetrics } from './learn.ts';
import { learnedFigures } from './monitors.ts';
import { perturbationMetrics } from './perturbation.ts';
import type { GameSettings, LearningRates, Players } from './round.ts';
import { victimOf } from './victim.ts';

/**
 * Plays one round and moves both players, the generator against the detector in training mode, as the one pass has it. Synchronous;
 * frees every tensor that it made.
 *
 * @throws if the opponent is not one learned generator; PerturbationError if it leaves [0, 1] or its bounds
 */
export function playSimultaneously(
  players: Players,
  batch: LabelledImages,
  settings: GameSettings,
  learningRates: LearningRates,
  turn: Turn,
): RoundMetrics {
  const { detector, generator, generatorOptimizer } = players;
  const [learner, ...others] = generator.learners;
  if (learner === undefined || others.length > 0) {
    throw new Error(
      `the opponent ${generator.name} cannot play simultaneously, only a single learned generator can: set game=alternating`,
    );
  }
  return tf.tidy(() => {
    const victim = victimOf(detector, settings);
    let paid = 0;
    const adversary: Adversary = {
      variables: learner.trainable,
      play: () => learner.play(batch, victim, turn),
      measure: (played) => {
        paid = tf.mean(played.cost!).dataSync()[0]!;
        const measured = perturbationMetrics(generator.name, batch.images, played);
        return { ...measured, ...learnedFigures(measured) };
      },
    };
    const { metrics, opponentGradients } = learn(players, batch, adversary, settings, learningRates.detector);
    // mean over the batch, and downhill on the negative
    const downhill = opponentGradients.map((gradient) => tf.mul(gradient, -1 / batch.labels.shape[0]));
    const { gradientNorm } = generatorOptimizer.step(downhill, learningRates.generator);
    learner.stepped();
    const loss_g = paid - metrics['loss_adversarial']!;
    return { ...metrics, loss_g, gradient_norm_g: gradientNorm };
  });
}
