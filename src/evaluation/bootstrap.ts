/**
 * Percentile bootstrap intervals over independent units (Efron & Tibshirani 1993, ch. 13). Frames of one video, or a
 * photo and the forgeries made of it, are not independent, so whole units are drawn, never single rows.
 */
import { rngFor, type Rng } from '../data/rng.ts';

export interface BootstrapOptions {
  readonly seed: number;
  /** Resamples that count; 1,000 gives ends good to about a tenth of the interval's width. */
  readonly resamples: number;
  /** Coverage aimed at, in (0, 1). */
  readonly confidence?: number;
  /** Names the group in errors and gives it its own random draws. */
  readonly group: string;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface Bootstrap<K extends string> {
  readonly intervals: Readonly<Record<K, Interval>>;
  /** Draws thrown away because the statistic is not defined on them (one class only), and drawn anew. */
  readonly redrawn: number;
}

/** A draw may be thrown away this often for each one that counts. */
const PATIENCE = 100;

/** The values of each statistic on the resamples that count, in the order in which they were drawn. */
export interface Resampled<K extends string> {
  readonly samples: Readonly<Record<K, Float64Array>>;
  readonly redrawn: number;
}

/**
 * Intervals for several statistics of the same rows, from the same resamples.
 *
 * @param units each row's unit (videoId); units are drawn with replacement, as many as there are
 * @param statistics the values on a resample, told how often each row is in it; null if they are not defined there
 * @returns for each statistic the (1 ± confidence)/2 quantiles (linear between order statistics), and the redraws
 * @throws if there are fewer than two units, or nearly every draw has to be thrown away
 */
export function bootstrapIntervals<K extends string>(
  units: readonly string[],
  statistics: (multiplicity: Int32Array) => Readonly<Record<K, number>> | null,
  options: BootstrapOptions,
): Bootstrap<K> {
  requireConfidence(options.confidence);
  const { samples, redrawn } = bootstrapSamples(units, statistics, options);
  const intervals = Object.fromEntries(
    (Object.keys(samples) as K[]).map((key) => [key, intervalOf(samples[key], options.confidence)]),
  ) as Record<K, Interval>;
  return { intervals, redrawn };
}

/**
 * The resamples behind {@link bootstrapIntervals}; parameters and errors are the same.
 *
 * @param statistics is also given the random stream, for what it draws besides units
 */
export function bootstrapSamples<K extends string>(
  units: readonly string[],
  statistics: (multiplicity: Int32Array, rng: Rng) => Readonly<Record<K, number>> | null,
  { seed, resamples, group }: BootstrapOptions,
): Resampled<K> {
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new Error(`bootstrap resamples must be a whole number of at least 1, not ${resamples}`);
  }
  const unitOf = numberUnits(units);
  const unitCount = 1 + unitOf.reduce((largest, unit) => Math.max(largest, unit), -1);
  if (unitCount < 2) {
    throw new Error(
      `${group}: all ${units.length} rows are of one video; an interval needs at least two. ` +
        `Evaluate more videos, or ask for no intervals (resamples 0)`,
    );
  }
  const rng = rngFor(seed, 'bootstrap', group);
  const drawn = new Int32Array(unitCount);
  const multiplicity = new Int32Array(units.length);
  const counted: Readonly<Record<K, number>>[] = [];
  let redrawn = 0;
  while (counted.length < resamples) {
    drawn.fill(0);
    for (let i = 0; i < unitCount; i++) drawn[rng.integer(unitCount)]!++;
    for (let row = 0; row < units.length; row++) multiplicity[row] = drawn[unitOf[row]!]!;
    const values = statistics(multiplicity, rng);
    if (values !== null) counted.push(values);
    else if (++redrawn > PATIENCE * resamples) {
      throw new Error(
        `${group}: ${redrawn} of ${redrawn + counted.length} resamples hold one class only; ` +
          `too few videos of the rarer class for an interval. Evaluate more, or ask for none (resamples 0)`,
      );
    }
  }
  const samples = Object.fromEntries(
    (Object.keys(counted[0]!) as K[]).map((key) => [key, Float64Array.from(counted, (each) => each[key])]),
  ) as Record<K, Float64Array>;
  return { samples, redrawn };
}

function requireConfidence(confidence = 0.95): void {
  if (!(confidence > 0 && confidence < 1)) {
    throw new Error(`bootstrap confidence must lie between 0 and 1, not ${confidence}`);
  }
}

/** The (1 ± confidence)/2 quantiles of a statistic's values on resamples. Throws unless confidence lies in (0, 1). */
export function intervalOf(samples: Float64Array, confidence = 0.95): Interval {
  requireConfidence(confidence);
  const sorted = samples.slice().sort();
  const tail = (1 - confidence) / 2;
  return { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

/** Quantile `q` of rising values, linear between order statistics (numpy's default, Hyndman & Fan's type 7). */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) throw new Error('quantile of no values');
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (place - below) * (high - low);
}

function numberUnits(units: readonly string[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(units, (unit) => {
    const known = numbers.get(unit);
    if (known !== undefined) return known;
    numbers.set(unit, numbers.size);
    return numbers.size - 1;
  });
}
