/**
 * A mixture of opponents: one of them, drawn by weight, changes the whole batch, so that the detector cannot prepare for one kind of
 * change alone. (Tramèr & Boneh, "Adversarial Training and Robustness for Multiple Perturbations", NeurIPS 2019, play every kind on
 * each batch; a draw costs what one opponent costs.)
 */
import * as tf from '@tensorflow/tfjs';
import { number } from '../config/settings.ts';
import type { Rng } from '../ops/random.ts';
import type { Learner } from './generator.ts';
import { createParts, opponentsProblems, opponentsSettings, ownedBy, type Combination } from './combined.ts';

type Weights = Readonly<Record<string, number>>;

/**
 * Draws one opponent a batch, with a probability of its weight over the sum of weights; maps and bounds are those of the drawn one.
 * The draw is one number of the opponent's stream. Every learned part trains in every round, whatever is drawn for the detector.
 */
export const mixture: Combination = {
  name: 'mixture',
  of: (opponents) => ({
    name: 'mixture',
    settings: {
      ...opponentsSettings(opponents),
      weights: Object.fromEntries(
        Object.keys(opponents).map((key) => [
          key,
          number({
            min: 0,
            max: 1e6,
            doc: 'How often the opponent of that key is drawn, relative to the others.',
          }),
        ]),
      ),
    },
    plays: ['alternating'],
    check: (settings, context) => [
      ...(Object.values(settings['weights'] as Weights).some((weight) => weight > 0)
        ? []
        : [{ key: 'weights', problem: 'are all 0, so no opponent could be drawn: set one above 0' }]),
      ...opponentsProblems(opponents, settings, context),
    ],
    create: (settings, context) => {
      const parts = createParts(opponents, settings, context);
      const weights = settings['weights'] as Weights;
      return {
        name: 'mixture',
        ...ownedBy(parts),
        learners: parts.flatMap(({ key, generator }) =>
          generator.learners.map((learner) => named(key, learner)),
        ),
        perturb: (batch, victim, turn) => {
          const drawn = drawIndex(
            turn.rng,
            parts.map(({ key }) => weights[key]!),
          );
          return parts[drawn]!.generator.perturb(batch, victim, turn);
        },
      };
    },
  }),
};

/** A part's learner that names what it plays by its key, so that the game can tell one learner's maps from another's. */
function named(key: string, learner: Learner): Learner {
  const byKey = <T>(of: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(
      Object.entries(of).map(([name, value]) => [name === 'pixels' ? name : `${key}_${name}`, value]),
    );
  return {
    trainable: learner.trainable,
    play: (batch, victim, turn) => {
      const played = learner.play(batch, victim, turn);
      return { ...played, maps: byKey(played.maps), bounds: byKey(played.bounds) };
    },
    stepped: () => {
      learner.stepped();
    },
  };
}

/** An index drawn with probability weight / sum of weights; one draw. Weights are ≥ 0, and one is above. */
function drawIndex(rng: Rng, weights: readonly number[]): number {
  const sums = weights.map((_, index) => weights.slice(0, index + 1).reduce((a, b) => a + b, 0));
  const point = tf.tidy(() => rng.uniform([1]).dataSync<'float32'>()[0]!) * sums.at(-1)!;
  // the draw is below 1, so the point is below the last sum; a weight of 0 adds no room to be below
  return sums.findIndex((sum) => point < sum);
}
