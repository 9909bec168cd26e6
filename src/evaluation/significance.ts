/**
 * Whether one detector is better than another on the same test. The verdict is a paired bootstrap over whole videos (or people): both detectors are
 * judged on the same resamples, so that what makes a video hard for both cancels out. DeLong's test stands beside it.
 */
import { bootstrapSamples, intervalOf, type BootstrapOptions, type Interval } from './bootstrap.ts';
import { pairRows } from './comparable.ts';
import { deLong, type DeLong } from './delong.ts';
import { holm } from './holm.ts';
import { valueOf, type Metric } from './resampled.ts';
import type { ScoreRow } from './scores.ts';

/** The difference of a metric between two detectors. */
export interface Difference {
  /** The metric of either. */
  readonly a: number;
  readonly b: number;
  /** a − b. */
  readonly value: number;
  /** Of the difference, by percentiles of the resamples. */
  readonly interval: Interval;
  /** Two-sided: twice the smaller share of resamples on one side of zero, (count + 1) / (resamples + 1), at most 1. */
  readonly p: number;
  readonly resamples: number;
  /** Resamples on which the metric was not defined, drawn anew. */
  readonly redrawn: number;
}

/** A detector by name, with its scores. */
export interface Scored {
  readonly name: string;
  readonly rows: readonly ScoreRow[];
}

/** A detector against another one, in a family of comparisons. */
export interface Comparison extends Difference {
  readonly names: readonly [a: string, b: string];
  /** Holm's correction of p over the family. */
  readonly pHolm: number;
}

/**
 * The difference of a metric between two detectors, by a paired bootstrap over videoIds.
 *
 * @throws if the rows are not of the same samples, a score is not finite, or there are too few units for an interval
 */
export function pairedDifference(
  a: Scored,
  b: Scored,
  metric: Metric,
  options: BootstrapOptions,
): Difference {
  const others = pairRows(a.rows, b.rows, [a.name, b.name]);
  const { group } = options;
  const [first, second] = [valueOf(metric, a.rows, { group }), valueOf(metric, others, { group })];
  const [ofA, ofB] = [metric(a.rows, { group }), metric(others, { group })];
  const units = a.rows.map(({ videoId }) => videoId);
  const { samples, redrawn } = bootstrapSamples<'difference'>(
    units,
    (multiplicity) => {
      const [here, there] = [ofA(multiplicity), ofB(multiplicity)];
      return here === null || there === null ? null : { difference: here - there };
    },
    options,
  );
  return {
    ...{ a: first, b: second, value: first - second },
    interval: intervalOf(samples.difference, options.confidence),
    p: twoSidedShare(samples.difference),
    resamples: options.resamples,
    redrawn,
  };
}

/**
 * Each detector against the first, with p-values corrected over all of them. Intervals are not corrected: each has its own coverage.
 *
 * @throws as {@link pairedDifference} does
 */
export function compareWithFirst(
  [first, ...others]: readonly [Scored, ...Scored[]],
  metric: Metric,
  options: BootstrapOptions,
): Comparison[] {
  const differences = others.map((other) => pairedDifference(other, first, metric, options));
  const corrected = holm(differences.map(({ p }) => p));
  return differences.map((difference, i) => ({
    ...difference,
    names: [others[i]!.name, first.name],
    pHolm: corrected[i]!,
  }));
}

/**
 * DeLong's test of two detectors' pooled AUCs, its variance clustered by videoId.
 *
 * @throws as {@link deLong} and {@link pairRows} do
 */
export function deLongByVideo(a: Scored, b: Scored, confidence = 0.95): DeLong {
  const others = pairRows(a.rows, b.rows, [a.name, b.name]);
  const scores = (rows: readonly ScoreRow[]): number[] => rows.map(({ score }) => score);
  return deLong(
    a.rows.map(({ label }) => label),
    scores(a.rows),
    scores(others),
    { units: a.rows.map(({ videoId }) => videoId), confidence, ids: a.rows.map(({ id }) => id) },
  );
}

/** Corrected p below which a difference counts as shown. */
export const LEVEL = 0.05;

export type Verdict = 'greater' | 'smaller' | 'by chance' | 'none';

/**
 * What a comparison shows: a difference counts if its interval leaves out zero and p, corrected over its family, is below .05. `by chance`: the interval leaves out
 * zero, but of so many comparisons some do.
 */
export function verdictOn({ value, interval }: Pick<Difference, 'value' | 'interval'>, p: number): Verdict {
  if (interval.low <= 0 && interval.high >= 0) return 'none';
  if (p >= LEVEL) return 'by chance';
  return value > 0 ? 'greater' : 'smaller';
}

const SAYS: Readonly<Record<Verdict, string>> = {
  greater: 'greater',
  smaller: 'smaller',
  'by chance': 'not below .05, no difference is shown',
  none: 'the interval contains zero, no difference is shown',
};

/** What a difference says, in a line: `+0.012 [0.004, 0.021], p 0.006: greater`. */
export function verdictOf(difference: Difference & { readonly pHolm?: number }): string {
  const { value, interval, p, pHolm } = difference;
  const signed = (x: number): string => (x < 0 ? '−' : '+') + Math.abs(x).toFixed(3);
  const chance = pHolm === undefined ? `p ${p.toPrecision(2)}` : `p ${pHolm.toPrecision(2)} (Holm)`;
  const says = SAYS[verdictOn(difference, pHolm ?? p)];
  return `${signed(value)} [${signed(interval.low)}, ${signed(interval.high)}], ${chance}: ${says}`;
}

/** The share of resamples beyond zero, of the rarer side, twice. */
export function twoSidedShare(differences: Float64Array): number {
  let [below, above] = [0, 0];
  for (const difference of differences) {
    if (difference <= 0) below++;
    if (difference >= 0) above++;
  }
  return Math.min(1, (2 * (Math.min(below, above) + 1)) / (differences.length + 1));
}
