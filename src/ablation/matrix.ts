/** Training sets by everything they were tested on. */
import { problemsOf } from '../evaluation/comparable.ts';
import { differingKey } from '../config/differing-key.ts';
import { overSeeds, type OverSeeds } from '../evaluation/seeds.ts';
import { valueOf } from '../evaluation/resampled.ts';
import type { NamedCell } from '../reports/heat-map.ts';
import type { ResultsTable } from '../reports/tables.ts';
import { titleOf } from './columns.ts';
import { NONE } from './comparison-table.ts';
import { METRICS } from './figure.ts';
import { meanOverParts, partsOf, rowsOfParts, type Part } from './parts.ts';
import { foldsOf, runName } from './plan.ts';
import type { Test, TestedStudyRun } from './read-study.ts';
import type { Study } from './study.ts';

export interface MatrixCell {
  /** By seed; null where a run is missing. */
  readonly perSeed: readonly { readonly seed: number; readonly value: number | null }[];
  /** Null unless every seed is there. */
  readonly overSeeds: OverSeeds | null;
  /** Whether training showed this manipulation, of this dataset. */
  readonly seen: boolean;
}

export interface MatrixRow {
  /** A row of the study, with its fold. */
  readonly name: string;
  /** In the order of the columns; null where the row was not tested on it. */
  readonly cells: readonly (MatrixCell | null)[];
  readonly missing: readonly string[];
}

export interface Matrix {
  readonly columns: readonly string[];
  readonly rows: readonly MatrixRow[];
}

/** Tests of the same samples, by whatever run. */
interface TestSet {
  readonly title: string;
  readonly tests: readonly Test[];
}

/**
 * Figures of every row on every manipulation and quality of every test set, mean over seeds. Tests of the same samples are one set, under the name that the
 * study gives it, whether they are a run's own or further ones.
 *
 * @throws if runs with the same data settings were tested on different samples: the data have changed in between
 */
export function matrixOf(study: Study, runs: readonly TestedStudyRun[]): Matrix {
  if (runs.length === 0)
    throw new Error(`${study.name}: no run is done, so there is nothing to make a table of`);
  const sets = testSets(runs);
  const columns = sets.flatMap((set) =>
    partsOf(null, null, set.tests[0]!.rows).map((part) => ({ set, part, title: columnTitle(set, part) })),
  );
  const names = Object.keys(study.rows).flatMap((row) => foldsOf(study).map((fold) => ({ row, fold })));
  const rows = names.map(({ row, fold }): MatrixRow => {
    const missing = study.seeds.filter(
      (seed) => !runs.some(({ run }) => run.row === row && run.fold === fold && run.seed === seed),
    );
    return {
      name: fold === null ? row : `${row} ${fold}`,
      cells: columns.map(({ set, part }) => {
        const own = set.tests.filter(({ run }) => run.row === row && run.fold === fold);
        return own.length === 0 ? null : cellOf(study, own, part);
      }),
      missing: missing.map((seed) => runName(row, fold, seed)),
    };
  });
  return { columns: columns.map(({ title }) => title), rows };
}

function cellOf(study: Study, tests: readonly Test[], part: Part): MatrixCell {
  const { seeds } = study;
  const metric = meanOverParts([part], METRICS[study.metric].of);
  const perSeed = seeds.map((seed) => {
    const test = tests.find(({ run }) => run.seed === seed);
    if (test === undefined) return { seed, value: null };
    const rows = rowsOfParts([part], () => test.rows);
    return { seed, value: valueOf(metric, rows, { group: `${test.name}, ${titleOf(part)}` }) };
  });
  const values = perSeed.flatMap(({ value }) => (value === null ? [] : [value]));
  return {
    perSeed,
    overSeeds: values.length === seeds.length ? overSeeds(values) : null,
    seen: tests.some((test) => isOfTraining(test) && test.seen.includes(part.manipulation)),
  };
}

/** Whether names of manipulations mean the same in the test as in training. */
function isOfTraining({ on, run }: Test): boolean {
  return on === null || run.on.find(({ label }) => label === on)!.data.name === run.config.data.name;
}

function testSets(runs: readonly TestedStudyRun[]): TestSet[] {
  const sets: Test[][] = [];
  for (const test of runs.flatMap(({ tests }) => tests)) {
    const set = sets.find(([first]) => problemsOf([first!, test]).length === 0);
    if (set === undefined) sets.push([test]);
    else if (!set.some(({ run }) => run === test.run)) set.push(test); // a further test may be the run's own
  }
  requireUnchanged(sets);
  return sets.map((tests) => {
    const further = tests.find(({ on }) => on !== null)?.on;
    return { title: further ?? (sets.length === 1 ? '' : tests[0]!.run.row), tests };
  });
}

/** The same settings name the same samples, or the data have changed under the study. */
function requireUnchanged(sets: readonly (readonly Test[])[]): void {
  const firsts = sets.map(([first]) => first!);
  firsts.forEach((first, i) => {
    for (const other of firsts.slice(i + 1)) {
      if (differingKey(dataOf(first), dataOf(other)) === null) {
        throw new Error(
          `${problemsOf([first, other]).join('\n')}\nThe settings of their data are the same, so the data have changed in between: evaluate all runs anew`,
        );
      }
    }
  });
}

function dataOf({ on, run }: Test): unknown {
  return on === null ? run.config.data : run.on.find(({ label }) => label === on)!.data;
}

function columnTitle({ title }: TestSet, part: Part): string {
  return title === '' ? titleOf(part) : `${title}: ${titleOf(part)}`;
}

/** What is read: mean ± standard deviation, `*` where training showed the manipulation. */
export function matrixTable({ columns, rows }: Matrix): ResultsTable {
  return {
    columns: ['trained on', ...columns],
    rows: rows.map(({ name, cells }) => [
      name,
      ...cells.map((cell) => (cell === null ? '' : readCell(cell))),
    ]),
  };
}

function readCell({ overSeeds, seen }: MatrixCell): string {
  if (overSeeds === null) return NONE;
  const { mean, sd } = overSeeds;
  return `${mean.toFixed(3)}${sd === null ? '' : ` ± ${sd.toFixed(3)}`}${seen ? ' *' : ''}`;
}

/** For programs: a line a cell, with every digit. */
export function matrixNumbers(study: Study, { columns, rows }: Matrix): ResultsTable {
  const number = (value: number | null | undefined) => (value == null ? '' : { value, interval: null });
  return {
    columns: ['trained on', 'tested on', 'seen', 'mean', 'sd', ...study.seeds.map((seed) => `seed ${seed}`)],
    rows: rows.flatMap(({ name, cells }) =>
      cells.flatMap((cell, i) =>
        cell === null
          ? []
          : [
              [
                ...[name, columns[i]!, cell.seen ? 'yes' : 'no'],
                ...[number(cell.overSeeds?.mean), number(cell.overSeeds?.sd)],
                ...cell.perSeed.map(({ value }) => number(value)),
              ],
            ],
      ),
    ),
  };
}

/** What a reader must know of the figures, a sentence each. */
export function matrixNotes({ seeds, metric, unit }: Study, { rows }: Matrix): string[] {
  const missing = rows.flatMap((row) => row.missing);
  return [
    `${METRICS[metric].title} of ${unit} against the reals of the same test, ${seeds.length > 1 ? `mean ± standard deviation over the seeds ${seeds.join(', ')}` : `seed ${seeds[0]}`}; * = training showed this manipulation.`,
    ...(missing.length > 0 ? [`MISSING, and no mean without them: ${missing.join(', ')}.`] : []),
  ];
}

/** The cells that have a mean, for a heat map. */
export function heatCells({ columns, rows }: Matrix): NamedCell[] {
  return rows.flatMap(({ name, cells }) =>
    cells.flatMap((cell, i) => {
      const mean = cell?.overSeeds?.mean;
      return mean === undefined ? [] : [{ row: name, column: columns[i]!, value: mean, marked: cell!.seen }];
    }),
  );
}
