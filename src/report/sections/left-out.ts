/** What is not in the report, why, and how to get it in. */
import type { Section } from '../../reports/document.ts';
import { missingSeeds } from '../../evaluation/comparable.ts';
import { listed } from '../print.ts';
import type { Scene } from '../scene.ts';

const SEEDS =
  'Not all settings have the same seeds. Each one’s means are over its own; differences are taken over the seeds that both have.';

/** The section, or none where nothing is left out and nothing is to be known. */
export function leftOut({ problems, notes, groups }: Scene): Section[] {
  const lacking = missingSeeds(groups.flatMap(({ name, runs }) => runs.map(({ seed }) => ({ name, seed }))));
  const missing = lacking.map(
    ({ name, seeds }) => `${name} lacks ${seeds.length === 1 ? 'seed' : 'seeds'} ${listed(seeds)}.`,
  );
  if (problems.length === 0 && notes.length === 0 && missing.length === 0) return [];
  const table = {
    columns: ['run', 'file', 'what is wrong', 'what to do'],
    rows: problems.map(({ run, file, what, remedy }) => [run, file, what, remedy]),
  };
  return [
    {
      id: 'left-out',
      title: problems.length === 0 ? 'To be known' : 'Left out',
      blocks: [
        ...notes.map((text) => ({ kind: 'warning', text }) as const),
        ...(missing.length === 0
          ? []
          : ([
              { kind: 'warning', text: SEEDS },
              { kind: 'list', items: missing },
            ] as const)),
        ...(problems.length === 0
          ? []
          : [
              {
                kind: 'table',
                caption:
                  'No figure of these is in the report; where a file of a test on other data is at fault, that test alone is left out.',
                table,
              } as const,
            ]),
      ],
    },
  ];
}
