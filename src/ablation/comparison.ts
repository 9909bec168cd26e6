/** Rows against a reference row, over seeds. */
import { requireComparable } from '../evaluation/comparable.ts';
import { holm } from '../evaluation/holm.ts';
import { valueOf, type Metric } from '../evaluation/resampled.ts';
import type { ScoreRow } from '../evaluation/scores.ts';
import { differenceOverSeeds, overSeeds, type OverSeeds } from '../evaluation/seeds.ts';
import { pairedDifference, type Difference } from '../evaluation/significance.ts';
import { columnsOf, type Column, type Columns } from './columns.ts';
import { METRICS } from './figure.ts';
import { meanOverParts, rowsOfParts } from './parts.ts';
import { foldsOf, runName } from './plan.ts';
import type { Test, TestedStudyRun } from './read-study.ts';
import type { Study } from './study.ts';

/** A row's figure of one column. */
export interface ComparedFigure {
  /** By seed, in the study's order; null where a run is missing. */
  readonly perSeed: readonly { readonly seed: number; readonly value: number | null }[];
  /** Null unless every seed is there: a mean over other seeds is another figure. */
  readonly overSeeds: OverSeeds | null;
  /** Row minus reference, with Holm's correction over the rows of the column; null for the reference, and where a run of either is missing. */
  readonly difference: (Difference & { readonly pHolm: number }) | null;
}

export interface ComparedRow {
  readonly row: string;
  readonly overrides: readonly string[];
  /** In the order of the columns. */
  readonly figures: readonly ComparedFigure[];
  /** Means over the runs that are there. */
  readonly minutes: number | null;
  readonly msPerRound: number | null;
  /** Runs that have no figures, by name. */
  readonly missing: readonly string[];
}

export interface Comparison extends Columns {
  readonly rows: readonly ComparedRow[];
}

/**
 * The figures of each row over seeds, and differences to the reference row, with intervals by resampling people or videos and, with several seeds, seeds.
 *
 * @throws if runs of one fold were not tested on the same samples with the same labels; what {@link columnsOf} and the bootstrap throw
 */
export function compareRows(study: Study, runs: readonly TestedStudyRun[]): Comparison {
  if (runs.length === 0)
    throw new Error(`${study.name}: no run is done, so there is nothing to make a table of`);
  requireSameTests(runs);
  const { columns, absent } = columnsOf(study.columns, runs);
  const compared = columns.map((column) => compareColumn(study, column, runs));
  const rows = Object.entries(study.rows).map(([row, overrides]): ComparedRow => {
    const own = runs.filter(({ run }) => run.row === row);
    return {
      ...{ row, overrides, figures: compared.map((figures) => figures.get(row)!) },
      minutes: meanOf(own.map(({ minutes }) => minutes)),
      msPerRound: meanOf(own.map(({ msPerRound }) => msPerRound).filter((ms) => ms !== null)),
      missing: missingOf(study, row, own),
    };
  });
  return { columns, absent, rows };
}

/** All tests of a fold on the same data are of the same samples, whatever the row and the seed. */
function requireSameTests(runs: readonly TestedStudyRun[]): void {
  const groups = new Map<string, Test[]>();
  for (const test of runs.flatMap(({ tests }) => tests)) {
    const key = JSON.stringify([test.run.fold, test.on]);
    groups.set(key, [...(groups.get(key) ?? []), test]);
  }
  for (const tests of groups.values()) requireComparable(tests);
}

/** One column's figures by row. */
function compareColumn(
  study: Study,
  { title, parts }: Column,
  runs: readonly TestedStudyRun[],
): Map<string, ComparedFigure> {
  const metric = meanOverParts(parts, METRICS[study.metric].of);
  const rowNames = Object.keys(study.rows);
  /** The rows of all parts of a table row with a seed; null if a run of any fold is missing: a mean over other folds is another figure. */
  const rowsOf = (row: string, seed: number): ScoreRow[] | null => {
    const own = new Map(
      runs.filter(({ run }) => run.row === row && run.seed === seed).map((each) => [each.run.fold, each]),
    );
    if (foldsOf(study).some((fold) => !own.has(fold))) return null;
    return rowsOfParts(parts, (fold, on) => own.get(fold)!.tests.find((test) => test.on === on)!.rows);
  };
  const tables = new Map(
    rowNames.map((row) => [row, study.seeds.map((seed) => ({ seed, rows: rowsOf(row, seed) }))]),
  );
  const differences = new Map<string, Difference>();
  for (const row of rowNames) {
    if (row === study.reference) continue;
    const difference = differenceOf(study, title, metric, tables.get(row)!, tables.get(study.reference!)!);
    if (difference !== null) differences.set(row, difference);
  }
  const corrected = holm([...differences.values()].map(({ p }) => p));
  const pHolm = new Map([...differences.keys()].map((row, i) => [row, corrected[i]!]));
  return new Map(
    rowNames.map((row): [string, ComparedFigure] => {
      const perSeed = tables.get(row)!.map(({ seed, rows }) => ({
        seed,
        value: rows === null ? null : valueOf(metric, rows, { group: `${row}, seed ${seed}, ${title}` }),
      }));
      const values = perSeed.flatMap(({ value }) => (value === null ? [] : [value]));
      const difference = differences.get(row);
      return [
        row,
        {
          perSeed,
          overSeeds: values.length === perSeed.length ? overSeeds(values) : null,
          difference: difference === undefined ? null : { ...difference, pHolm: pHolm.get(row)! },
        },
      ];
    }),
  );
}

type SeedTables = readonly { readonly seed: number; readonly rows: readonly ScoreRow[] | null }[];

/** Of one seed the interval is over people or videos alone. */
function differenceOf(
  { name, reference, resamples, seeds }: Study,
  title: string,
  metric: Metric,
  row: SeedTables,
  other: SeedTables,
): Difference | null {
  const pairs = row.flatMap(({ seed, rows: a }, i) => {
    const b = other[i]!.rows;
    return a === null || b === null ? [] : [{ seed, a, b }];
  });
  if (pairs.length < seeds.length) return null;
  const options = { seed: BOOTSTRAP_SEED, resamples, group: `${name} ${title}` };
  if (pairs.length > 1) return differenceOverSeeds(pairs, metric, options);
  const [{ a, b }] = pairs as [(typeof pairs)[number]];
  return pairedDifference({ name: 'the row', rows: a }, { name: reference!, rows: b }, metric, options);
}

/** Of the resamples; it is no seed of a run. */
const BOOTSTRAP_SEED = 1;

function missingOf(study: Study, row: string, own: readonly TestedStudyRun[]): string[] {
  return study.seeds.flatMap((seed) =>
    foldsOf(study)
      .filter((fold) => !own.some(({ run }) => run.seed === seed && run.fold === fold))
      .map((fold) => runName(row, fold, seed)),
  );
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : overSeeds(values).mean;
}
