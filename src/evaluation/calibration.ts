/**
 * Whether a probability means what it says: of all images given .8, are 80 % fake? Fake is the event, and its probability is compared with the share
 * of fakes, not the probability of the likelier class with the accuracy.
 */
import type { Naming } from './counts.ts';
import { rankByScore } from './counts.ts';
import { crossEntropy, logitOf } from './logistic.ts';
import { quantile } from './bootstrap.ts';
import type { ScoreRow } from './scores.ts';

/** A bin of the reliability diagram. */
export interface ReliabilityBin {
  /** Probabilities p with low ≤ p < high, in the last bin p ≤ high. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** Mean probability in the bin, and the share of fakes; null in an empty one. */
  readonly confidence: number | null;
  readonly fakes: number | null;
}

/**
 * The Brier score taken apart (Murphy 1973): score = reliability − resolution + uncertainty. Resolution is taken in the sense of Stephenson, Coelho
 * & Jolliffe (2008), with what happens within the bins, so that the sum holds exactly for any bins.
 */
export interface BrierScore {
  /** Mean of (p − label)², from 0 to 1. */
  readonly score: number;
  /** Σ n_k/n (confidence_k − fakes_k)². */
  readonly reliability: number;
  readonly resolution: number;
  /** s (1 − s), s the share of fakes: what saying s of each image scores. */
  readonly uncertainty: number;
}

/** How well probabilities are calibrated. */
export interface Calibration {
  readonly rows: number;
  /** Mean cross-entropy in nats. */
  readonly nll: number;
  readonly brier: BrierScore;
  /** Expected calibration error over {@link BINS} bins of equal width, and of equal mass. */
  readonly ece: number;
  readonly eceEqualMass: number;
  /** The bins of equal width. */
  readonly bins: readonly ReliabilityBin[];
}

/** Bins of the calibration error and of the reliability diagram (Guo et al. 2017). */
export const BINS = 15;

export type Binning = 'equal width' | 'equal mass';

/**
 * Mean of (p − label)² (Brier 1950), and its parts over {@link BINS} bins of equal width.
 *
 * @param probabilities of fake, in [0, 1]
 * @throws on one class alone, or a value outside [0, 1]
 */
export function brierScore(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  naming: Naming = {},
): BrierScore {
  const bins = reliabilityBins(labels, probabilities, 'equal width', BINS, naming);
  const n = labels.length;
  let squares = 0;
  let fakes = 0;
  for (let row = 0; row < n; row++) {
    squares += (probabilities[row]! - labels[row]!) ** 2;
    fakes += labels[row]!;
  }
  const score = squares / n;
  const uncertainty = (fakes / n) * (1 - fakes / n);
  const reliability = bins.reduce((sum, bin) => sum + (bin.count / n) * gap(bin) ** 2, 0);
  return { score, reliability, resolution: reliability + uncertainty - score, uncertainty };
}

/**
 * Expected calibration error Σ n_k/n |confidence_k − fakes_k| (Naeini et al. 2015), of the binary case as netcal has it: the probability of fake against the
 * share of fakes.
 *
 * @throws as {@link brierScore} does
 */
export function expectedCalibrationError(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  binning: Binning = 'equal width',
  count = BINS,
  naming: Naming = {},
): number {
  const bins = reliabilityBins(labels, probabilities, binning, count, naming);
  return bins.reduce((sum, bin) => sum + (bin.count / labels.length) * Math.abs(gap(bin)), 0);
}

/**
 * The numbers of a reliability diagram. Bins of equal mass end at quantiles of the probabilities; equal probabilities stay together, so that some may be
 * empty.
 *
 * @throws as {@link brierScore} does
 */
export function reliabilityBins(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  binning: Binning = 'equal width',
  count = BINS,
  naming: Naming = {},
): ReliabilityBin[] {
  if (!Number.isInteger(count) || count < 1) throw new Error(`bins must be at least 1; they are ${count}`);
  requireProbabilities(labels, probabilities, naming);
  const edges = edgesOf(probabilities, binning, count);
  const sums = Array.from({ length: count }, () => ({ count: 0, confidence: 0, fakes: 0 }));
  for (let row = 0; row < labels.length; row++) {
    const sum = sums[binOf(probabilities[row]!, edges)]!;
    sum.count++;
    sum.confidence += probabilities[row]!;
    sum.fakes += labels[row]!;
  }
  return sums.map(({ count: n, confidence, fakes }, k) => ({
    low: edges[k]!,
    high: edges[k + 1]!,
    count: n,
    confidence: n === 0 ? null : confidence / n,
    fakes: n === 0 ? null : fakes / n,
  }));
}

/** All figures of calibration of a score table's probabilities. Throws as {@link brierScore} does. */
export function calibrationOf(rows: readonly ScoreRow[], naming: Naming = {}): Calibration {
  const labels = rows.map((row) => row.label);
  const probabilities = rows.map((row) => row.score);
  const named = { ids: rows.map((row) => row.id), ...naming };
  const bins = reliabilityBins(labels, probabilities, 'equal width', BINS, named);
  return {
    rows: rows.length,
    nll: crossEntropy(labels, rows.map(logitOf)),
    brier: brierScore(labels, probabilities, named),
    ece: expectedCalibrationError(labels, probabilities, 'equal width', BINS, named),
    eceEqualMass: expectedCalibrationError(labels, probabilities, 'equal mass', BINS, named),
    bins,
  };
}

function gap({ confidence, fakes }: ReliabilityBin): number {
  return confidence === null || fakes === null ? 0 : confidence - fakes;
}

const WIDTH_EDGES = edgesOf([], 'equal width', BINS);

function edgesOf(probabilities: ArrayLike<number>, binning: Binning, count: number): number[] {
  const shares = Array.from({ length: count + 1 }, (_, k) => k / count);
  if (binning === 'equal width') return shares;
  const sorted = Float64Array.from(probabilities).sort();
  return shares.map((share, k) => (k === 0 ? 0 : k === count ? 1 : quantile(sorted, share)));
}

/** Which of {@link BINS} bins of equal width a probability is in. */
export function widthBinOf(probability: number): number {
  return binOf(probability, WIDTH_EDGES);
}

/** The last bin whose lower edge is at or below p. */
function binOf(p: number, edges: readonly number[]): number {
  let [low, high] = [0, edges.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (edges[middle]! <= p) low = middle;
    else high = middle - 1;
  }
  return low;
}

function requireProbabilities(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  naming: Naming,
): void {
  const { thresholds, labels: sorted, group } = rankByScore(labels, probabilities, naming);
  if (thresholds.length === 0 || new Set(sorted).size < 2) {
    throw new Error(
      `${group}: holds ${thresholds.length === 0 ? 'no rows' : 'one class only'}; calibration needs reals and fakes`,
    );
  }
  if (thresholds[0]! > 1 || thresholds.at(-1)! < 0) {
    throw new Error(`${group}: calibration needs probabilities in [0, 1], these are logits`);
  }
}
