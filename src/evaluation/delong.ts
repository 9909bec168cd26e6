/**
 * The test of DeLong, DeLong & Clarke-Pearson (Biometrics 1988) for the AUCs of two detectors on the same rows, in O(n log n) by mid-ranks (Sun & Xu,
 * IEEE Signal Processing Letters 2014). It takes rows for independent, which frames of one video are not; with `units` the variance is that
 * of Obuchowski (Biometrics 1997) for clustered rows.
 */
import { countAbove, rankByScore, type Naming } from './counts.ts';
import type { Interval } from './bootstrap.ts';
import { normalUpper, twoSided } from './normal.ts';

export interface DeLongOptions extends Naming {
  /** Each row's cluster (videoId); left out: every row is one of its own. */
  readonly units?: readonly string[];
  /** Coverage of the interval, in (0, 1). */
  readonly confidence?: number;
}

export interface DeLong {
  /** AUCs of both detectors. */
  readonly a: number;
  readonly b: number;
  /** a − b. */
  readonly difference: number;
  /** Of the difference. */
  readonly variance: number;
  /**
   * Its interval, difference / √variance, and the two-sided p-value; null where the detectors differ and the variance is zero, about which the test
   * knows nothing.
   */
  readonly interval: Interval | null;
  readonly z: number | null;
  readonly p: number | null;
}

/**
 * Compares the AUCs of two detectors, paired.
 *
 * @param labels one a row, 1 = fake
 * @param a scores of one detector in the order of `labels`; @param b of the other
 * @throws on lengths that differ, scores that are not finite, one class alone, or fewer than two units of a class
 */
export function deLong(
  labels: ArrayLike<number>,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { units, confidence = 0.95, ...naming }: DeLongOptions = {},
): DeLong {
  const group = naming.group ?? 'all rows';
  if (units !== undefined && units.length !== labels.length) {
    throw new Error(`${group}: ${labels.length} rows but ${units.length} units`);
  }
  const [first, second] = [placements(labels, a, naming), placements(labels, b, naming)];
  const change = first.values.map((value, row) => value - second.values[row]!);
  const difference = first.auc - second.auc;
  const variance = varianceOf(labels, change, difference, units, group);
  const deviation = Math.sqrt(variance);
  const reach = normalUpper((1 - confidence) / 2) * deviation;
  const z = deviation > 0 ? difference / deviation : difference === 0 ? 0 : null;
  return {
    ...{ a: first.auc, b: second.auc, difference, variance },
    interval: z === null ? null : { low: difference - reach, high: difference + reach },
    z,
    p: z === null ? null : twoSided(z),
  };
}

/**
 * Of each fake the share of reals that score below it, of each real the share of fakes above it, ties half: V10 and V01, whose means over either class
 * are the AUC.
 */
function placements(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  naming: Naming,
): { readonly values: Float64Array; readonly auc: number } {
  const ranking = rankByScore(labels, scores, naming);
  const { truePositives, falsePositives, positives, negatives } = countAbove(ranking);
  const values = new Float64Array(labels.length);
  let auc = 0;
  let at = 0;
  for (let k = 0; k < ranking.thresholds.length; k++) {
    const fakesAbove = ((k === 0 ? 0 : truePositives[k - 1]!) + truePositives[k]!) / 2; // half of the ties
    const realsBelow = negatives - ((k === 0 ? 0 : falsePositives[k - 1]!) + falsePositives[k]!) / 2;
    for (; at < ranking.ends[k]!; at++) {
      const isFake = ranking.labels[at] === 1;
      values[ranking.order[at]!] = isFake ? realsBelow / negatives : fakesAbove / positives;
      if (isFake) auc += realsBelow;
    }
  }
  return { values, auc: auc / (positives * negatives) };
}

/** S10/M + S01/N + 2 S11/(M N), the sums over units of the placements' deviations from their mean. */
function varianceOf(
  labels: ArrayLike<number>,
  values: Float64Array,
  mean: number,
  units: readonly string[] | undefined,
  group: string,
): number {
  const sums = new Map<string | number, { fakes: number; reals: number; fake: number; real: number }>();
  for (let row = 0; row < labels.length; row++) {
    const unit = units === undefined ? row : units[row]!;
    const sum = sums.get(unit) ?? { fakes: 0, reals: 0, fake: 0, real: 0 };
    sums.set(unit, sum);
    if (labels[row] === 1) {
      sum.fakes++;
      sum.fake += values[row]! - mean;
    } else {
      sum.reals++;
      sum.real += values[row]! - mean;
    }
  }
  const all = [...sums.values()];
  const total = (of: (sum: (typeof all)[number]) => number): number => all.reduce((t, sum) => t + of(sum), 0);
  const [fakes, reals] = [total((sum) => sum.fakes), total((sum) => sum.reals)];
  const unitsOf = {
    fake: total((sum) => Number(sum.fakes > 0)),
    real: total((sum) => Number(sum.reals > 0)),
  };
  if (unitsOf.fake < 2 || unitsOf.real < 2) {
    throw new Error(
      `${group}: fakes of ${unitsOf.fake} and reals of ${unitsOf.real} videos; a variance needs two or more of each`,
    );
  }
  const corrected = (count: number): number => count / (count - 1);
  const variance =
    (corrected(unitsOf.fake) * total((sum) => sum.fake ** 2)) / fakes ** 2 +
    (corrected(unitsOf.real) * total((sum) => sum.real ** 2)) / reals ** 2 +
    (2 * corrected(all.length) * total((sum) => sum.fake * sum.real)) / (fakes * reals);
  return Math.max(0, variance); // rounding alone takes it below
}
