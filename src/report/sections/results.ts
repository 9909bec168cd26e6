/** The table of results: a row a setting over its seeds, a row a run, and each manipulation. */
import type { Block, Section } from '../../reports/document.ts';
import type { ResultsTable } from '../../reports/tables.ts';
import {
  figuresOverSeeds,
  mainFigures,
  manipulationFigures,
  namesOfFigures,
  type NamedEstimate,
} from '../figures.ts';
import { seedCell } from '../print.ts';
import type { CheckedEvaluation } from '../run-test.ts';
import { seedsOf, type Scene, type TestedGroup, type TestSet } from '../scene.ts';
import { onSet } from '../shown.ts';

type Figures = (evaluation: CheckedEvaluation) => readonly NamedEstimate[];

/** Tables of each test set. */
export function results(scene: Scene): Section {
  return {
    id: 'results',
    title: 'Results',
    blocks: [
      {
        kind: 'text',
        text:
          'Mean ± standard deviation over seeds; of a single run the figure, with its 95 % bootstrap interval over videos (or people) where it has one. AUC seen and unseen are means over the manipulations ' +
          'that training showed and did not show; pooled is over all fakes together. Accuracy is balanced, at the threshold chosen on val. ECE and Brier score at T: after temperature scaling fitted on val.',
      },
      ...scene.sets.flatMap((set) => tablesOf(scene, set)),
    ],
  };
}

function tablesOf(scene: Scene, { name, groups }: TestSet): Block[] {
  const on = onSet(scene, name);
  const several = groups.some(({ entries }) => entries.length > 1);
  return [
    {
      kind: 'table',
      caption: `Figures of images${on}, and of videos where named.`,
      table: overSeedsTable(groups, mainFigures),
    },
    {
      kind: 'table',
      caption: `AUC of each manipulation against all reals${on}.`,
      table: overSeedsTable(groups, manipulationFigures),
    },
    ...(several
      ? [{ kind: 'table', caption: `Every run${on}`, table: runsTable(groups), folded: true } as const]
      : []),
  ];
}

/** A row a group of runs that differ in their seed alone. */
export function overSeedsTable(groups: readonly TestedGroup[], of: Figures): ResultsTable {
  const names = namesOfFigures(groups, of);
  return {
    columns: ['settings', 'seeds', ...names],
    rows: groups.map((tested) => [
      tested.group.name,
      seedsOf(tested).join(', '),
      ...figuresOverSeeds(tested, names, of).map(seedCell),
    ]),
  };
}

function runsTable(groups: readonly TestedGroup[]): ResultsTable {
  const names = namesOfFigures(groups, mainFigures);
  return {
    columns: ['run', 'settings', 'seed', 'round', ...names],
    rows: groups.flatMap(({ group, entries }) =>
      entries.map(({ run, test }) => {
        const figures = new Map(mainFigures(test.evaluation).map((each) => [each.name, each]));
        const { round } = test.evaluation;
        return [
          run.name,
          group.name,
          String(run.seed),
          String(round),
          ...names.map((name) => figures.get(name) ?? '–'),
        ];
      }),
    ),
  };
}
