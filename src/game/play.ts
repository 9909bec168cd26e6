/** The ways of playing a round, by `game.play`. */
import type { LabelledImages, Turn } from '../generator/generator.ts';
import { playFree, type Carried, type FreeSettings } from './free.ts';
import {
  playRound,
  type GameSettings,
  type LearningRates,
  type Players,
  type RoundMetrics,
  type RoundSettings,
} from './round.ts';
import { playSimultaneously } from './simultaneous.ts';

/** Settings of a round, by the way it is played. */
export type PlaySettings =
  | ({ readonly play: 'alternating' } & RoundSettings)
  | ({ readonly play: 'simultaneous' } & GameSettings)
  | ({ readonly play: 'free' } & FreeSettings);

/** Plays one round the way that the settings say. */
export function play(
  players: Players & { readonly carried: Carried | null },
  batch: LabelledImages,
  settings: PlaySettings,
  learningRates: LearningRates,
  turn: Turn,
): RoundMetrics {
  switch (settings.play) {
    case 'alternating':
      return playRound(players, batch, settings, learningRates, turn);
    case 'simultaneous':
      return playSimultaneously(players, batch, settings, learningRates, turn);
    case 'free':
      return playFree(players, batch, settings, learningRates, turn);
  }
}
