/** The ways of playing a round, by `game.play`. */
import * as tf from '@tensorflow/tfjs';
import type { Turn } from '../generator/generator.ts';
import { read, type Figures, type RoundMetrics } from './figures.ts';
import { freeRound, type Carried, type FreeSettings } from './free.ts';
import {
  alternatingRound,
  type GameSettings,
  type LearningRates,
  type Players,
  type RoundSettings,
} from './round.ts';
import { simultaneousRound } from './simultaneous.ts';
import type { TaughtImages } from './taught.ts';

/** Settings of a round, by the way it is played. */
export type PlaySettings =
  | ({ readonly play: 'alternating' } & RoundSettings)
  | ({ readonly play: 'simultaneous' } & GameSettings)
  | ({ readonly play: 'free' } & FreeSettings);

/**
 * Plays one round the way that the settings say, and moves both players. Synchronous; frees every tensor that it made.
 *
 * @param learningRates of this round
 * @throws PerturbationError if the opponent leaves [0, 1] or its bounds, which shows when the round has been played; any error if it cannot
 *   be played that way
 */
export function play(...round: Parameters<typeof roundOf>): RoundMetrics {
  return tf.tidy(() => read(roundOf(...round)));
}

/**
 * The round with its figures yet unread: a function of tensors, variables and fed values, the learning rates among them, and of the
 * opponent's own readings if it makes any.
 */
export function roundOf(
  players: Players & { readonly carried: Carried | null },
  batch: TaughtImages,
  settings: PlaySettings,
  learningRates: LearningRates,
  turn: Turn,
): Figures {
  switch (settings.play) {
    case 'alternating':
      return alternatingRound(players, batch, settings, learningRates, turn);
    case 'simultaneous':
      return simultaneousRound(players, batch, settings, learningRates, turn);
    case 'free':
      return freeRound(players, batch, settings, learningRates, turn);
  }
}
