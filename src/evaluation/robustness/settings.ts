/** Settings of `npm run robustness`, but for those of the opponents that it attacks with. */
import { choice, integer, list, nullable, number, text, type SettingsOf } from '../../config/settings.ts';
import { CORRUPTION_NAMES } from '../../data/corruption/corruptions.ts';

export const robustnessSettings = {
  split: choice(['test', 'val'], 'The split of the run’s own dataset that is asked.'),
  seed: integer({ min: 0, doc: 'Seed of the opponents’ draws and of the bootstrap.' }),
  resamples: integer({ min: 0, doc: 'Bootstrap resamples of the confidence intervals; 0 = none.' }),
  corruptions: {
    names: list(choice(CORRUPTION_NAMES, 'Which corruptions, each at five severities; [] = none.')),
    images: nullable(
      integer({
        min: 2,
        doc: 'Images at most, half of them real as far as there are any, spread evenly over the split; null = all.',
      }),
    ),
  },
  attacks: {
    images: nullable(integer({ min: 2, doc: 'The same for the attacks.' })),
    eps: list(
      number({
        above: 0,
        max: 1,
        doc: 'Budgets of the opponents that are bounded by eps, on the [0, 1] pixel scale; [] = none of them.',
      }),
    ),
    flow_max: list(
      number({
        above: 0,
        doc: 'Budgets of those that are bounded by flow_max, in pixels; [] = none of them.',
      }),
    ),
    sigma_max: list(
      number({
        above: 0,
        doc: 'Budgets of those that are bounded by sigma_max, in pixels; [] = none of them.',
      }),
    ),
    suite: list(
      text(
        'The opponents, by their keys, of which each image gets what hurts the detector most: AutoAttack’s worst case. All are bounded by eps.',
      ),
    ),
  },
};
export type RobustnessSettings = SettingsOf<typeof robustnessSettings>;
