/** Learning rates over the rounds of a game. */
import { choice, integer, number, type SettingsOf } from '../config/settings.ts';

export const scheduleSettings = {
  name: choice(['constant', 'one-cycle', 'step'], 'Course of the learning rate over a run.'),
  warmup: number({ min: 0, below: 1, doc: 'Share of the rounds that a one-cycle run climbs for.' }),
  stages: integer({ min: 1, doc: 'Equal parts of a step run, each with one learning rate.' }),
  drop: number({
    above: 0,
    max: 1,
    doc: 'What a step run multiplies the learning rate by from stage to stage.',
  }),
};

export type ScheduleSettings = SettingsOf<typeof scheduleSettings>;

/**
 * The learning rate of round `step` (0 is the first) of `steps`, as a multiple of the peak, in (0, 1].
 * step: drop^k in the k-th of equal stages, k from 0 (He et al. 2016).
 * one-cycle: up from 1/25 over the warm-up, then down to 1/10,000, both along a cosine (Smith & Topin 2018; as PyTorch's OneCycleLR but for where it ends).
 */
export function learningRateAt(schedule: ScheduleSettings, step: number, steps: number): number {
  switch (schedule.name) {
    case 'constant':
      return 1;
    case 'step':
      return schedule.drop ** Math.floor((step * schedule.stages) / steps);
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
