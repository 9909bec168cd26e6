/**
 * What every ranking metric is made of: how many fakes and how many reals score at or above each threshold.
 * Sorting happens once; a bootstrap resample only changes how often each row counts.
 */

/** How errors name what they speak of. */
export interface Naming {
  /** The group of rows under evaluation, e.g. `'test / faceswap'`. */
  readonly group?: string;
  /** One name a row; without it errors give the row's index. */
  readonly ids?: readonly string[];
}

/** Rows ordered by falling score, ties kept together. Made by {@link rankByScore}. */
export interface Ranking {
  /** Row numbers, highest score first. */
  readonly order: Int32Array;
  /** Label (0 real, 1 fake) of each row in that order. */
  readonly labels: Uint8Array;
  /** The distinct scores, falling. */
  readonly thresholds: Float64Array;
  /** For each threshold, how many rows score at or above it. */
  readonly ends: Int32Array;
  readonly group: string;
}

/** Cumulative counts: entry k speaks of the rows scoring at or above `thresholds[k]` (falling). */
export interface Counts {
  readonly thresholds: Float64Array;
  /** Fakes called fake. */
  readonly truePositives: Float64Array;
  /** Reals called fake. */
  readonly falsePositives: Float64Array;
  readonly positives: number;
  readonly negatives: number;
}

/**
 * Orders rows by score.
 *
 * @param labels one a row: 1 = fake (the positive class), 0 = real
 * @param scores one a row, finite; higher = more likely fake
 * @throws if the lengths differ, a label is not 0 or 1, or a score is NaN or infinite (names the row)
 */
export function rankByScore(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  naming: Naming = {},
): Ranking {
  const group = naming.group ?? 'all rows';
  const n = labels.length;
  if (scores.length !== n) throw new Error(`${group}: ${n} labels but ${scores.length} scores`);
  const rowName = (row: number) => (naming.ids?.[row] === undefined ? `row ${row}` : `'${naming.ids[row]}'`);
  for (let row = 0; row < n; row++) {
    if (labels[row] !== 0 && labels[row] !== 1) {
      throw new Error(
        `${group}: label of ${rowName(row)} is ${labels[row]}; labels are 0 (real) or 1 (fake)`,
      );
    }
    if (!Number.isFinite(scores[row])) {
      throw new Error(
        `${group}: score of ${rowName(row)} is ${scores[row]}, not a finite number; ` +
          `a detector that gives such scores is broken, find out why before evaluating it`,
      );
    }
  }
  const score = Float64Array.from(scores);
  const order = Int32Array.from({ length: n }, (_, row) => row).sort((a, b) => score[b]! - score[a]!);
  const sortedLabels = Uint8Array.from(order, (row) => labels[row]!);
  const thresholds: number[] = [];
  const ends: number[] = [];
  for (let at = 0; at < n; at++) {
    const here = score[order[at]!]!;
    if (at + 1 === n || score[order[at + 1]!]! !== here) {
      thresholds.push(here);
      ends.push(at + 1);
    }
  }
  return {
    order,
    labels: sortedLabels,
    thresholds: Float64Array.from(thresholds),
    ends: Int32Array.from(ends),
    group,
  };
}

/**
 * Counts fakes and reals at or above each distinct score.
 *
 * @param multiplicity how often each row counts (by row number, non-negative integers); once each if left out
 * @throws if only one class is there: no ranking metric is defined then
 */
export function countAbove(ranking: Ranking, multiplicity?: ArrayLike<number>): Counts {
  const { order, labels, thresholds, ends } = ranking;
  const truePositives = new Float64Array(thresholds.length);
  const falsePositives = new Float64Array(thresholds.length);
  let positives = 0;
  let negatives = 0;
  let at = 0;
  for (let k = 0; k < thresholds.length; k++) {
    for (; at < ends[k]!; at++) {
      const times = multiplicity === undefined ? 1 : multiplicity[order[at]!]!;
      if (labels[at] === 1) positives += times;
      else negatives += times;
    }
    truePositives[k] = positives;
    falsePositives[k] = negatives;
  }
  if (positives === 0 || negatives === 0) {
    const present = positives > 0 ? 'fakes' : negatives > 0 ? 'reals' : 'no rows';
    throw new Error(
      `${ranking.group}: holds ${positives === 0 && negatives === 0 ? present : `only ${present}`}; ` +
        `AUC, AP, EER and balanced accuracy need both reals and fakes. Add the missing class or leave this group out`,
    );
  }
  return { thresholds, truePositives, falsePositives, positives, negatives };
}
