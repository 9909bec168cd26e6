/** Metrics of a score table as functions of how often each row counts: what a bootstrap asks for again and again. */
import { BINS, widthBinOf } from './calibration.ts';
import { countAbove, rankByScore, type Naming } from './counts.ts';
import { accuraciesOf, aucOf, averagePrecisionOf, eerOf } from './metrics.ts';
import type { ScoreRow } from './scores.ts';

/**
 * A metric of given rows, once they are weighted.
 *
 * @param multiplicity how often each row counts, in the order of the rows
 * @returns null where the metric is not defined, because a class (or a manipulation) has no row that counts
 */
export type Resampled = (multiplicity: Int32Array) => number | null;

/** A metric, ready to be asked of rows. Throws on a score that is not finite. */
export type Metric = (rows: readonly ScoreRow[], naming?: Naming) => Resampled;

/** AUC over all rows: pooled over manipulations. */
export const pooledAuc: Metric = ofCounts(aucOf);
/** Average precision over all rows, fake = positive. */
export const pooledAp: Metric = ofCounts(averagePrecisionOf);
/** Equal error rate over all rows. */
export const pooledEer: Metric = ofCounts(eerOf);

/** Balanced accuracy at a threshold that was fixed on val. */
export function balancedAccuracy(threshold: number): Metric {
  return ofCounts((counts) => accuraciesOf(counts, threshold).balancedAccuracy);
}

/** Brier score over all rows, whose scores are probabilities of fake. */
export const brier: Metric = (rows) => {
  const squares = rows.map(({ label, score }) => (score - label) ** 2);
  return (multiplicity) => {
    const total = totalOf(rows, multiplicity);
    return total && squares.reduce((sum, square, row) => sum + multiplicity[row]! * square, 0) / total;
  };
};

/** Expected calibration error over all rows, whose scores are probabilities of fake, with bins of equal width. */
export const calibrationError: Metric = (rows) => {
  const bins = rows.map(({ score }) => widthBinOf(score));
  return (multiplicity) => {
    const gaps = new Float64Array(BINS);
    rows.forEach(({ label, score }, row) => (gaps[bins[row]!]! += multiplicity[row]! * (score - label)));
    const total = totalOf(rows, multiplicity);
    return total && gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / total;
  };
};

/** Mean over the manipulations of the table of each one's AUC against all reals. */
export const macroAuc: Metric = (rows, naming) => {
  const manipulations = [
    ...new Set(rows.filter(({ label }) => label === 1).map(({ manipulation }) => manipulation)),
  ];
  const aucs = manipulations.map((manipulation) =>
    onPart(rows, (row) => row.label === 0 || row.manipulation === manipulation, pooledAuc, naming),
  );
  return (multiplicity) => meanOf(aucs.map((auc) => auc(multiplicity)));
};

/** A metric of a part of the rows, asked by the multiplicities of all of them. */
export function onPart(
  rows: readonly ScoreRow[],
  isIn: (row: ScoreRow) => boolean,
  metric: Metric,
  naming?: Naming,
): Resampled {
  const places = Int32Array.from(rows.flatMap((row, place) => (isIn(row) ? [place] : [])));
  const asked = metric(
    Array.from(places, (place) => rows[place]!),
    naming,
  );
  return (multiplicity) => asked(places.map((place) => multiplicity[place]!));
}

/** The mean; null if any value is. */
export function meanOf(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return sum / values.length;
}

/** The metric of rows that count once each. Throws, naming the group, where it is not defined. */
export function valueOf(metric: Metric, rows: readonly ScoreRow[], naming: Naming = {}): number {
  const value = metric(rows, naming)(new Int32Array(rows.length).fill(1));
  if (value === null) {
    throw new Error(
      `${naming.group ?? 'all rows'}: a metric needs reals and fakes; one of them is missing. Leave the group out`,
    );
  }
  return value;
}

/** How many rows count; null without both classes. */
function totalOf(rows: readonly ScoreRow[], multiplicity: Int32Array): number | null {
  const counts = [0, 0];
  rows.forEach(({ label }, row) => (counts[label]! += multiplicity[row]!));
  return counts.includes(0) ? null : counts[0]! + counts[1]!;
}

function ofCounts(figure: (counts: ReturnType<typeof countAbove>) => number): Metric {
  return (rows, naming = {}) => {
    const ranking = rankByScore(
      rows.map((row) => row.label),
      rows.map((row) => row.score),
      { ids: rows.map((row) => row.id), ...naming },
    );
    return (multiplicity) =>
      totalOf(rows, multiplicity) === null ? null : figure(countAbove(ranking, multiplicity));
  };
}
