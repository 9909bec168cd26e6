/** Figures of score tables by their definitions, with loops over all pairs and rows: slow, and nothing of what they are held against. */
import type { ScoreRow } from '../../src/evaluation/scores.ts';

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The difference of two AUCs and its standard error: for each image the mean over its pairs with the other class, its deviation from the mean summed by video. */
export function deLongByPairs(
  a: readonly ScoreRow[],
  b: readonly ScoreRow[],
): { readonly difference: number; readonly deviation: number } {
  const inOrder = (fake: number, real: number): number => (fake > real ? 1 : fake === real ? 0.5 : 0);
  const ofB = new Map(b.map(({ id, score }) => [id, score]));
  const [reals, fakes] = [0, 1].map((label) => a.filter((row) => row.label === label)) as [
    ScoreRow[],
    ScoreRow[],
  ];
  const gain = (fake: ScoreRow, real: ScoreRow): number =>
    inOrder(fake.score, real.score) - inOrder(ofB.get(fake.id)!, ofB.get(real.id)!);
  const ofFakes = fakes.map((fake) => mean(reals.map((real) => gain(fake, real))));
  const ofReals = reals.map((real) => mean(fakes.map((fake) => gain(fake, real))));
  const difference = mean(ofFakes);
  const sumsOf = (rows: readonly ScoreRow[], values: readonly number[]): Map<string, number> => {
    const sums = new Map<string, number>();
    rows.forEach(({ videoId }, i) => sums.set(videoId, (sums.get(videoId) ?? 0) + values[i]! - difference));
    return sums;
  };
  const [f, r] = [sumsOf(fakes, ofFakes), sumsOf(reals, ofReals)];
  const units = new Set([...f.keys(), ...r.keys()]);
  const total = (values: Iterable<number>): number => [...values].reduce((sum, value) => sum + value, 0);
  const corrected = (n: number): number => n / (n - 1);
  const variance =
    (corrected(f.size) * total([...f.values()].map((x) => x ** 2))) / fakes.length ** 2 +
    (corrected(r.size) * total([...r.values()].map((x) => x ** 2))) / reals.length ** 2 +
    (2 * corrected(units.size) * total([...units].map((unit) => (f.get(unit) ?? 0) * (r.get(unit) ?? 0)))) /
      (fakes.length * reals.length);
  return { difference, deviation: Math.sqrt(variance) };
}

/** Mean over fakes of the precision at each one's score; no two scores are equal here. */
export function averagePrecision(rows: readonly ScoreRow[]): number {
  const fakes = rows.filter(({ label }) => label === 1);
  return mean(
    fakes.map(({ score }) => {
      const alarms = rows.filter((row) => row.score >= score);
      return alarms.filter(({ label }) => label === 1).length / alarms.length;
    }),
  );
}

/** Where the polygon of the ROC points meets FPR = 1 − TPR. */
export function equalErrorRate(rows: readonly ScoreRow[]): number {
  const rate = (label: number, threshold: number): number =>
    mean(rows.filter((row) => row.label === label).map(({ score }) => (score >= threshold ? 1 : 0)));
  const points = [Infinity, ...rows.map(({ score }) => score).sort((a, b) => b - a)].map(
    (t) => [rate(0, t), rate(1, t)] as const,
  );
  const next = points.findIndex(([fpr, tpr]) => fpr + tpr >= 1);
  const [[f0, t0], [f1, t1]] = [points[next - 1]!, points[next]!];
  return f0 + ((f1 - f0) * (1 - f0 - t0)) / (f1 + t1 - f0 - t0);
}

export function balancedAccuracy(rows: readonly ScoreRow[], threshold: number): number {
  const right = (label: number): number =>
    mean(
      rows
        .filter((row) => row.label === label)
        .map(({ score }) => (score >= threshold === (label === 1) ? 1 : 0)),
    );
  return (right(0) + right(1)) / 2;
}

export function calibrationError(rows: readonly ScoreRow[]): number {
  return mean(
    Array.from({ length: 15 }, (_, k) => {
      const bin = rows.filter(({ score }) => Math.min(14, Math.floor(score * 15)) === k);
      return (
        15 *
        (bin.length / rows.length) *
        Math.abs(bin.length === 0 ? 0 : mean(bin.map(({ score, label }) => score - label)))
      );
    }),
  );
}

/** Derivative of the cross-entropy by 1/T: zero at the fitted T. */
export function temperatureSlope(val: readonly ScoreRow[], t: number): number {
  return mean(val.map(({ logit, label }) => (1 / (1 + Math.exp(-logit! / t)) - label) * logit!));
}

export function videos(rows: readonly ScoreRow[]): ScoreRow[] {
  const keys = [...new Set(rows.map(({ manipulation, videoId }) => `${manipulation}\n${videoId}`))];
  return keys.map((key) => {
    const own = rows.filter(({ manipulation, videoId }) => `${manipulation}\n${videoId}` === key);
    return { ...own[0]!, score: mean(own.map(({ score }) => score)) };
  });
}
