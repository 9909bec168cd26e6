/** What the trainings cost. */
import type { Section } from '../../reports/document.ts';
import { overSeeds } from '../../evaluation/seeds.ts';
import { meanAndSd } from '../print.ts';
import type { ReportedRun } from '../run.ts';
import type { Scene } from '../scene.ts';

/** Minutes, speed and memory over seeds. */
export function cost({ groups }: Scene): Section {
  return {
    id: 'cost',
    title: 'Cost',
    blocks: [
      {
        kind: 'table',
        caption:
          'Mean ± standard deviation over seeds. Minutes of wall clock with evaluations on val; images a second by the median round; the largest memory that was logged. kJ of the whole processor, by its own counters; most systems let no user but root read them. A dash: the log does not tell.',
        table: {
          columns: ['settings', 'runs', 'minutes', 'rounds', 'ms a round', 'images/s', 'memory, MB', 'kJ'],
          rows: groups.map(({ name, runs }) => [
            name,
            String(runs.length),
            over(runs, ({ status }) => status.minutes, 1),
            over(runs, ({ status }) => status.step, 0),
            over(runs, ({ training }) => training.msPerRound, 0),
            over(runs, imagesPerSecond, 1),
            over(runs, ({ training }) => training.residentMb, 0),
            over(runs, ({ training: { joules } }) => (joules === null ? null : joules / 1000), 1),
          ]),
        },
      },
    ],
  };
}

function imagesPerSecond({ settings, training }: ReportedRun): number | null {
  const batch = Number(settings.get('game.batch_size'));
  return training.msPerRound === null || !Number.isFinite(batch)
    ? null
    : (1000 * batch) / training.msPerRound;
}

function over(runs: readonly ReportedRun[], of: (run: ReportedRun) => number | null, digits: number): string {
  const values = runs.map(of);
  const known = values.filter((value) => value !== null);
  if (known.length < values.length) return '–';
  return meanAndSd(overSeeds(known), digits);
}
