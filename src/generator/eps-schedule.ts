/**
 * A budget that grows over training: a detector that meets the full budget from its first round may learn nothing at all, so the
 * opponent begins weak. Outside training the budget is the full one.
 */
import { choice, number } from '../config/settings.ts';

/** How a budget grows with the rounds played. */
export type EpsGrowth = 'constant' | 'linear' | 'cosine';

/** The settings of the schedule, for the record of every opponent that has an eps. */
export const epsScheduleSettings = {
  eps_growth: choice(
    ['constant', 'linear', 'cosine'],
    'How eps grows over training, and the step with it: not at all; on a straight line from 0; along half a cosine from 0.',
  ),
  eps_growth_share: number({
    above: 0,
    max: 1,
    doc: 'Share of the rounds after which a growing eps is full; of no effect with constant.',
  }),
};

/**
 * What eps and the step are multiplied by.
 *
 * @param growth the shape
 * @param share share of the rounds over which it grows, in (0, 1]
 * @param progress share of the rounds played, in [0, 1]
 * @returns in [0, 1], never falling in `progress`; 1 from `share` on
 */
export function epsFactor(growth: EpsGrowth, share: number, progress: number): number {
  const grown = Math.min(1, progress / share);
  switch (growth) {
    case 'constant':
      return 1;
    case 'linear':
      return grown;
    case 'cosine':
      return (1 - Math.cos(Math.PI * grown)) / 2;
  }
}
