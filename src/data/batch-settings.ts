/** What training batches are made of, beside the dataset itself: the settings group `batches`. */
import { choice, flag, integer, list, nullable } from '../config/settings.ts';
import type { SettingsOf } from '../config/settings.ts';
import { ONLINE_METHODS } from './online-fakes.ts';

export const batchSettings = {
  paired: flag(
    'Whether a fake sits beside a real of its own pair, augmented alike, where there is one; false: reals and fakes are drawn independently.',
  ),
  balance: choice(
    ['manipulation', 'video', 'none'],
    'Which fakes come equally often: those of each manipulation, those of each video (of a manipulation), or simply every image. Half of a batch is real in any case.',
  ),
  frames_per_video: nullable(
    integer({
      min: 1,
      doc: 'Images of each video in an epoch, drawn anew for each; null = all of them, or one where videos are balanced.',
    }),
  ),
  online_fakes: list({
    ...choice(
      ONLINE_METHODS,
      'Fakes that are made of the training reals when these are read, each time anew, beside the dataset’s own; the dataset must know their landmarks.',
    ),
    expects: `one of ${ONLINE_METHODS.join(', ')} (SBI is self-blend; experiment=sbi trains on nothing else)`,
  }),
  own_fakes: flag(
    'Whether the dataset’s own fakes are in training; false: reals and online_fakes alone. Val and test keep theirs.',
  ),
};
export type BatchSettings = SettingsOf<typeof batchSettings>;

/** How the samples that there are get into batches. */
export type PlanSettings = Omit<BatchSettings, 'online_fakes' | 'own_fakes'>;

/** Pairs, the manipulations in turn, every image once an epoch. */
export const PLAIN_BATCHES: PlanSettings = { paired: true, balance: 'manipulation', frames_per_video: null };
