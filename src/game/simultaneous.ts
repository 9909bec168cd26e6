/**
 * Simultaneous play: one backward pass through generator and detector gives the generator's ascent and the detector's descent, and
 * both step at once. Half the passes of alternating play; each player answers the other's last move, not the present one. A detector with
 * dropout or losses of its own takes another pass for the generator's gradient, which is of the whole detector and of L (pass.ts).
 */
import * as tf from '@tensorflow/tfjs';
import type { Turn } from '../generator/generator.ts';
import { scalars, tidied, together, toldAs, type Figures } from './figures.ts';
import { learn, type Adversary } from './learn.ts';
import { learnedFigures } from './monitors.ts';
import type { Part } from './parts.ts';
import { perturbationFigures } from './perturbation.ts';
import type { GameSettings, LearningRates, Players } from './round.ts';
import type { TaughtImages } from './taught.ts';
import { victimOf } from './victim.ts';

/**
 * A round with its figures yet unread, both players moved, the generator against the detector in training mode, as the one pass has it.
 * Reading them throws a PerturbationError if the opponent left [0, 1] or its bounds.
 *
 * @throws if the opponent is not one learned generator
 */
export function simultaneousRound(
  players: Players,
  batch: TaughtImages,
  settings: GameSettings,
  learningRates: LearningRates,
  turn: Turn,
): Figures {
  const { detector, generator, criterion, generatorOptimizer } = players;
  const [learner, ...others] = generator.learners;
  if (learner === undefined || others.length > 0) {
    throw new Error(
      `the opponent ${generator.name} cannot play simultaneously, only a single learned generator can: set game=alternating`,
    );
  }
  return tidied(() => {
    const victim = victimOf(detector, settings, criterion);
    const adversaryOf = (part: Part): Adversary => ({
      variables: learner.trainable,
      play: () => learner.play(part, victim, turn),
      measure: (played, losses) =>
        together([
          toldAs(perturbationFigures(generator.name, part.images, played, part.from), (measured) => ({
            ...measured,
            ...learnedFigures(measured),
          })),
          scalars({ [PAID]: tf.mean(played.cost!), [GAINED]: tf.mean(losses) }),
        ]),
    });
    const step = (uphill: readonly tf.Tensor[]): Figures => {
      const downhill = uphill.map((gradient) => tf.neg(gradient));
      const { gradientNorm } = generatorOptimizer.step(downhill, () => learningRates.generator);
      learner.stepped();
      return scalars({ gradient_norm_g: gradientNorm });
    };
    const { figures } = learn(players, batch, adversaryOf, settings, () => learningRates.detector, step);
    return toldAs(figures, ({ [PAID]: paid, [GAINED]: gained, ...told }) => ({
      ...told,
      loss_g: paid! - gained!,
    }));
  });
}

/** The figures of what the images cost the opponent and gained it, its loss together; not told by themselves. */
const PAID = 'paid';
const GAINED = 'gained';
