/**
 * A small classifier to look for shortcuts with: gradient boosting of depth-1 trees on the logistic loss (Friedman,
 * "Greedy function approximation: a gradient boosting machine", 2001), scored by cross-validation over groups.
 */
import { rngFor } from '../rng.ts';

/** What the classifier learns from: numbers, all of one length, and what they belong to. */
export interface Example {
  readonly features: readonly number[];
  readonly label: 0 | 1;
  /** Examples of one group are never on both sides of a fold. */
  readonly group: string;
}

interface Stump {
  readonly feature: number;
  readonly threshold: number;
  readonly below: number;
  readonly above: number;
}

const ROUNDS = 80;
const RATE = 0.2;
const BINS = 24;
/** How often the folds are dealt out. */
const DEALS = 5;
const FOLDS = 5;

/** Fits the boosted stumps; what comes back scores features, higher = more likely label 1. */
export function fitStumps(examples: readonly Example[]): (features: readonly number[]) => number {
  const count = examples[0]!.features.length;
  const thresholds = Array.from({ length: count }, (_, f) => {
    const sorted = examples.map(({ features }) => features[f]!).sort((a, b) => a - b);
    return Array.from({ length: BINS - 1 }, (_, b) => sorted[Math.floor(((b + 1) * sorted.length) / BINS)]!);
  });
  const bins = examples.map(({ features }) =>
    features.map((value, f) => thresholds[f]!.filter((threshold) => value >= threshold).length),
  );
  const scores = new Float64Array(examples.length);
  const stumps: Stump[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const probabilities = scores.map((score) => 1 / (1 + Math.exp(-score)));
    const stump = bestStump(examples, bins, thresholds, probabilities);
    stumps.push(stump);
    examples.forEach(({ features }, i) => (scores[i]! += vote(stump, features)));
  }
  return (features) => stumps.reduce((sum, stump) => sum + vote(stump, features), 0);
}

function vote({ feature, threshold, below, above }: Stump, features: readonly number[]): number {
  return features[feature]! >= threshold ? above : below;
}

/** The split that lowers the second-order approximation of the loss most, with Newton steps as its two values. */
function bestStump(
  examples: readonly Example[],
  bins: readonly (readonly number[])[],
  thresholds: readonly (readonly number[])[],
  probabilities: Float64Array,
): Stump {
  let best: Stump = { feature: 0, threshold: Infinity, below: 0, above: 0 };
  let bestGain = 0;
  for (let feature = 0; feature < thresholds.length; feature++) {
    const gradient = new Float64Array(BINS);
    const curvature = new Float64Array(BINS);
    examples.forEach(({ label }, i) => {
      const bin = bins[i]![feature]!;
      gradient[bin]! += label - probabilities[i]!;
      curvature[bin]! += probabilities[i]! * (1 - probabilities[i]!);
    });
    const [g, h] = [gradient.reduce((a, b) => a + b, 0), curvature.reduce((a, b) => a + b, 0)];
    let [gBelow, hBelow] = [0, 0];
    for (let bin = 0; bin < BINS - 1; bin++) {
      gBelow += gradient[bin]!;
      hBelow += curvature[bin]!;
      const [gAbove, hAbove] = [g - gBelow, h - hBelow];
      const gain = gBelow ** 2 / (hBelow + 1) + gAbove ** 2 / (hAbove + 1) - g ** 2 / (h + 1);
      if (gain <= bestGain) continue;
      bestGain = gain;
      const values = { below: (RATE * gBelow) / (hBelow + 1), above: (RATE * gAbove) / (hAbove + 1) };
      best = { feature, threshold: thresholds[feature]![bin]!, ...values };
    }
  }
  return best;
}

/**
 * AUC of the scores that each example gets from a model fitted without its group: five folds over the groups, the mean of five deals of
 * these, because one deal moves the AUC of some hundred examples by ±.02. The seed deals.
 */
export function crossValidatedAuc(examples: readonly Example[], seed = 0): number {
  const aucs = Array.from({ length: DEALS }, (_, deal) => foldedAuc(examples, seed, deal));
  return aucs.reduce((sum, auc) => sum + auc, 0) / DEALS;
}

function foldedAuc(examples: readonly Example[], seed: number, deal: number): number {
  const names = [...new Set(examples.map(({ group }) => group))].sort();
  const groups = rngFor(seed, 'folds', deal).shuffle(names);
  const foldOf = new Map(groups.map((group, i) => [group, i % FOLDS]));
  const scored: { score: number; label: 0 | 1 }[] = [];
  for (let fold = 0; fold < FOLDS; fold++) {
    const fitted = examples.filter(({ group }) => foldOf.get(group) !== fold);
    if (fitted.length === 0) continue;
    const model = fitStumps(fitted);
    for (const { features, label, group } of examples) {
      if (foldOf.get(group) === fold) scored.push({ score: model(features), label });
    }
  }
  return areaUnderCurve(scored);
}

/** Share of (fake, real) pairs in which the fake scores higher, ties counted half; by ranks. NaN where a class is empty. */
export function areaUnderCurve(scored: readonly { readonly score: number; readonly label: 0 | 1 }[]): number {
  const sorted = [...scored].sort((a, b) => a.score - b.score);
  const fakes = sorted.filter(({ label }) => label === 1).length;
  const reals = sorted.length - fakes;
  let wins = 0;
  let realsBelow = 0;
  for (let from = 0; from < sorted.length;) {
    let to = from;
    while (to < sorted.length && sorted[to]!.score === sorted[from]!.score) to++;
    const tiedFakes = sorted.slice(from, to).filter(({ label }) => label === 1).length;
    const tiedReals = to - from - tiedFakes;
    wins += tiedFakes * (realsBelow + tiedReals / 2);
    realsBelow += tiedReals;
    from = to;
  }
  return wins / (fakes * reals);
}
