/**
 * What a figure of a table is made of: one value a part, a part being a manipulation (of one quality, where a test has several) against the reals of
 * its test, in a fold. The figure is the mean of the parts' values, so that a large part does not drown a small one.
 */
import { meanOf, onPart, type Metric } from '../evaluation/resampled.ts';
import type { ScoreRow } from '../evaluation/scores.ts';

export interface Part {
  readonly fold: string | null;
  /** The name of further test data; null = the run's own. */
  readonly on: string | null;
  readonly manipulation: string;
  /** Null where the test has one quality or says none. */
  readonly compression: string | null;
}

/** A test's rows by the fold of its run and the data. */
export type RowsOf = (fold: string | null, on: string | null) => readonly ScoreRow[];

/**
 * The rows of all parts as one table, each row once for each fold and test: what a bootstrap over people or videos draws from, the folds of one resample
 * sharing the people drawn.
 */
export function rowsOfParts(parts: readonly Part[], rowsOf: RowsOf): ScoreRow[] {
  return [...new Map(parts.map((part) => [sourceOf(part), part]))].flatMap(([source, { fold, on }]) => {
    const wanted = new Set(
      parts.filter((part) => sourceOf(part) === source).map((part) => part.manipulation),
    );
    return rowsOf(fold, on)
      .filter(({ label, manipulation }) => label === 0 || wanted.has(manipulation))
      .map((row) => ({ ...row, id: `${source}${row.id}` }));
  });
}

/** Mean of a metric over the parts, of rows that {@link rowsOfParts} made of the same parts; not defined on a resample that lacks a class in any of them. */
export function meanOverParts(parts: readonly Part[], metric: Metric): Metric {
  return (rows, naming) => {
    const values = parts.map((part) => {
      const source = sourceOf(part);
      const isIn = ({ id, label, manipulation, compression }: ScoreRow): boolean =>
        id.startsWith(source) &&
        (label === 0 || manipulation === part.manipulation) &&
        (part.compression === null || compression === part.compression);
      return onPart(rows, isIn, metric, naming);
    });
    return (multiplicity) => meanOf(values.map((value) => value(multiplicity)));
  };
}

/** Begins the ids of a fold's rows on some data; no other source begins so. */
function sourceOf({ fold, on }: Part): string {
  return `${JSON.stringify([fold, on])} `;
}

/** The parts of a test, one a manipulation, and one for each quality where there are several. */
export function partsOf(fold: string | null, on: string | null, rows: readonly ScoreRow[]): Part[] {
  const fakes = rows.filter(({ label }) => label === 1);
  const manipulations = [...new Set(fakes.map(({ manipulation }) => manipulation))].sort();
  const qualities = [...new Set(rows.map(({ compression }) => compression ?? null))].sort();
  const several = qualities.length > 1 && !qualities.includes(null);
  return manipulations.flatMap((manipulation) => {
    const own = several
      ? qualities.filter((quality) =>
          fakes.some((row) => row.manipulation === manipulation && row.compression === quality),
        )
      : [null];
    return own.map((compression) => ({ fold, on, manipulation, compression }));
  });
}
