/**
 * Detection metrics as pure functions on arrays. Fake (label 1) is the positive class and a higher score means
 * more likely fake; a row is called fake when its score is AT OR ABOVE the threshold. All of them work on the whole
 * set at once (never a mean of batch values), keep ties together, and equal scikit-learn to 1e-9.
 */
import type { PrCurve } from '../reports/reporter.ts';
import { countAbove, rankByScore } from './counts.ts';
import type { Counts, Naming } from './counts.ts';

/**
 * Area under the ROC curve: the chance that a random fake scores above a random real, ties counting half (mid-ranks).
 *
 * @throws if only one class is there (an AUC of 0.5 would be a lie) or a score is not finite
 */
export function rocAuc(labels: ArrayLike<number>, scores: ArrayLike<number>, naming: Naming = {}): number {
  return aucOf(countAbove(rankByScore(labels, scores, naming)));
}

/**
 * Average precision Σ (R_k − R_{k−1})·P_k over falling thresholds, fake = positive (no interpolation, as in
 * scikit-learn's `average_precision_score`). It depends on the share of fakes; AUC does not.
 */
export function averagePrecision(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  naming: Naming = {},
): number {
  return averagePrecisionOf(countAbove(rankByScore(labels, scores, naming)));
}

/**
 * Equal error rate: where the miss rate 1 − TPR equals the false-alarm rate FPR on the ROC curve with straight lines
 * between its points (a run of ties is one straight line). Its crossing with TPR = 1 − FPR always exists and is unique,
 * so the value does not hang on which thresholds happen to be in the sample.
 */
export function eer(labels: ArrayLike<number>, scores: ArrayLike<number>, naming: Naming = {}): number {
  return eerOf(countAbove(rankByScore(labels, scores, naming)));
}

export interface RocCurve {
  /** Falling; the first is Infinity (nothing is called fake). */
  readonly thresholds: readonly number[];
  readonly fpr: readonly number[];
  readonly tpr: readonly number[];
}

/** ROC points at every distinct score, from (0, 0) to (1, 1) (`roc_curve(..., drop_intermediate=False)`). */
export function rocCurve(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  naming: Naming = {},
): RocCurve {
  const counts = countAbove(rankByScore(labels, scores, naming));
  return {
    thresholds: [Infinity, ...counts.thresholds],
    fpr: [0, ...counts.falsePositives.map((fp) => fp / counts.negatives)],
    tpr: [0, ...counts.truePositives.map((tp) => tp / counts.positives)],
  };
}

export interface PrecisionRecallCurve {
  /** Rising; one fewer than there are points, for the last point (precision 1, recall 0) has no threshold. */
  readonly thresholds: readonly number[];
  readonly precision: readonly number[];
  readonly recall: readonly number[];
}

/** Precision and recall at every distinct score, thresholds rising (`precision_recall_curve`). */
export function prCurve(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  naming: Naming = {},
): PrecisionRecallCurve {
  const { thresholds, truePositives, falsePositives, positives } = countAbove(
    rankByScore(labels, scores, naming),
  );
  const precision = truePositives.map((tp, k) => tp / (tp + falsePositives[k]!));
  const recall = truePositives.map((tp) => tp / positives);
  return {
    thresholds: [...thresholds].reverse(),
    precision: [...[...precision].reverse(), 1],
    recall: [...[...recall].reverse(), 0],
  };
}

/**
 * Counts at `points` thresholds spread evenly over [0, 1], as TensorBoard draws them. Where nothing is called fake the
 * precision is 1 (as the last point of {@link prCurve}).
 *
 * @param probabilities one a row, in [0, 1]
 * @throws on a score outside [0, 1]: logits must go through the sigmoid first
 */
export function prCurveAtEvenThresholds(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  points = 201,
  naming: Naming = {},
): PrCurve {
  const counts = countAbove(rankByScore(labels, probabilities, naming));
  const { thresholds, positives, negatives } = counts;
  if (thresholds[0]! > 1 || thresholds.at(-1)! < 0) {
    throw new Error(
      `${naming.group ?? 'all rows'}: a PR curve over [0, 1] needs probabilities, these are logits`,
    );
  }
  const at = Array.from({ length: points }, (_, point) => {
    const above = thresholds.filter((score) => score >= point / (points - 1)).length;
    return above === 0
      ? { tp: 0, fp: 0 }
      : { tp: counts.truePositives[above - 1]!, fp: counts.falsePositives[above - 1]! };
  });
  return {
    truePositives: at.map(({ tp }) => tp),
    falsePositives: at.map(({ fp }) => fp),
    trueNegatives: at.map(({ fp }) => negatives - fp),
    falseNegatives: at.map(({ tp }) => positives - tp),
    precision: at.map(({ tp, fp }) => (tp + fp === 0 ? 1 : tp / (tp + fp))),
    recall: at.map(({ tp }) => tp / positives),
  };
}

/** Share of rows on the right side of `threshold`. @throws if there are no rows or a score is not finite */
export function accuracyAt(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  threshold: number,
  naming: Naming = {},
): number {
  const ranking = rankByScore(labels, scores, naming);
  if (labels.length === 0) throw new Error(`${ranking.group}: no rows, so no accuracy`);
  requireThreshold(threshold);
  let right = 0;
  for (let row = 0; row < labels.length; row++)
    right += Number(scores[row]! >= threshold === (labels[row] === 1));
  return right / labels.length;
}

/** Mean of the reals' and the fakes' accuracy at `threshold`: what remains when one class outnumbers the other. */
export function balancedAccuracyAt(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  threshold: number,
  naming: Naming = {},
): number {
  requireThreshold(threshold);
  return accuraciesOf(countAbove(rankByScore(labels, scores, naming)), threshold).balancedAccuracy;
}

export type ThresholdCriterion = 'balanced accuracy' | 'accuracy';

/**
 * The threshold to fix on the validation split and to use unchanged on a test split.
 *
 * Candidates lie midway between neighbouring distinct scores, at the lowest score (all fake) and one above the highest
 * (all real). The best by `criterion` wins; among equals the one in the widest gap, then the lowest. Balanced accuracy
 * (default) does not drift to the larger class, of which forgery sets have one (1:4 in FaceForensics++).
 */
export function bestThreshold(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  criterion: ThresholdCriterion = 'balanced accuracy',
  naming: Naming = {},
): number {
  const counts = countAbove(rankByScore(labels, scores, naming));
  const { thresholds, positives, negatives } = counts;
  const quality = (tp: number, fp: number) =>
    criterion === 'accuracy'
      ? (tp + negatives - fp) / (positives + negatives)
      : (tp / positives + (negatives - fp) / negatives) / 2;
  let best = { threshold: thresholds[0]! + 1, quality: quality(0, 0), gap: 0 };
  for (let k = 0; k < thresholds.length; k++) {
    const above = thresholds[k]!;
    const below = thresholds[k + 1];
    const gap = below === undefined ? 0 : above - below;
    const candidate = {
      threshold: below === undefined ? above : between(below, above),
      quality: quality(counts.truePositives[k]!, counts.falsePositives[k]!),
      gap,
    };
    const better =
      candidate.quality > best.quality || (candidate.quality === best.quality && candidate.gap >= best.gap);
    if (better) best = candidate;
  }
  return best.threshold;
}

/** A number t with low < t ≤ high, midway where floating point has room for one. */
function between(low: number, high: number): number {
  const middle = low + (high - low) / 2;
  return middle > low && middle <= high ? middle : high;
}

/** {@link rocAuc} from counts: trapezoids, exact in integers up to the last division. */
export function aucOf(counts: Counts): number {
  const { truePositives, falsePositives, positives, negatives } = counts;
  let twice = 0;
  let tp = 0;
  let fp = 0;
  for (let k = 0; k < truePositives.length; k++) {
    twice += (falsePositives[k]! - fp) * (truePositives[k]! + tp);
    tp = truePositives[k]!;
    fp = falsePositives[k]!;
  }
  return twice / 2 / (positives * negatives);
}

/** {@link averagePrecision} from counts. */
export function averagePrecisionOf(counts: Counts): number {
  const { truePositives, falsePositives, positives } = counts;
  let sum = 0;
  let previous = 0;
  for (let k = 0; k < truePositives.length; k++) {
    const tp = truePositives[k]!;
    if (tp > previous) sum += ((tp - previous) / positives) * (tp / (tp + falsePositives[k]!));
    previous = tp;
  }
  return sum;
}

/** {@link eer} from counts. */
export function eerOf(counts: Counts): number {
  let [fpr, tpr] = [0, 0];
  for (let k = 0; k < counts.thresholds.length; k++) {
    const nextFpr = counts.falsePositives[k]! / counts.negatives;
    const nextTpr = counts.truePositives[k]! / counts.positives;
    if (nextFpr + nextTpr >= 1) {
      const along = (1 - fpr - tpr) / (nextFpr + nextTpr - fpr - tpr);
      return fpr + along * (nextFpr - fpr);
    }
    [fpr, tpr] = [nextFpr, nextTpr];
  }
  return 1 - tpr; // not reached: the last point is (1, 1)
}

/** {@link accuracyAt} and {@link balancedAccuracyAt} from counts. */
export function accuraciesOf(
  counts: Counts,
  threshold: number,
): { readonly accuracy: number; readonly balancedAccuracy: number } {
  let [tp, fp] = [0, 0];
  for (let k = 0; k < counts.thresholds.length && counts.thresholds[k]! >= threshold; k++) {
    tp = counts.truePositives[k]!;
    fp = counts.falsePositives[k]!;
  }
  const { positives, negatives } = counts;
  return {
    accuracy: (tp + negatives - fp) / (positives + negatives),
    balancedAccuracy: (tp / positives + (negatives - fp) / negatives) / 2,
  };
}

function requireThreshold(threshold: number): void {
  if (Number.isNaN(threshold))
    throw new Error('the decision threshold is NaN; fix one on the val split first');
}
