/** Learning rates over the rounds of a game. */
import { choice, number, type SettingsOf } from '../config/settings.ts';

export const scheduleSettings = {
  name: choice(['constant', 'one-cycle'], 'Course of the learning rate over a run.'),
  warmup: number({ min: 0, below: 1, doc: 'Share of the rounds that a one-cycle run climbs for.' }),
};

export type ScheduleSettings = SettingsOf<typeof scheduleSettings>;

/**
 * The learning rate of round `step` (0 is the first) of `steps`, as a multiple of the peak, in (0, 1].
 * one-cycle: up from 1/25 over the warm-up, then down to 1/10,000, both along a cosine (Smith & Topin 2018; as PyTorch's OneCycleLR but for where it ends).
 */
export function learningRateAt(schedule: ScheduleSettings, step: number, steps: number): number {
  switch (schedule.name) {
    case 'constant':
      return 1;
    case 'one-cycle': {
      const climb = schedule.warmup * steps;
      return step < climb
        ? cosine(1 / 25, 1, step / climb)
        : cosine(1, 1e-4, (step - climb) / Math.max(1, steps - 1 - climb));
    }
  }
}

function cosine(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * Math.min(1, share)))) / 2;
}
