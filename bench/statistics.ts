/** Figures of measured times. */

/** A middle and how far it spreads. */
export interface Spread {
  readonly min: number;
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
  readonly max: number;
}

/** Median, quartiles and ends; quantiles between two values are interpolated. Throws if there are no values. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error('nothing was measured: there are no values to summarise');
  const sorted = [...values].sort((a, b) => a - b);
  const quantile = (share: number): number => {
    const at = share * (sorted.length - 1);
    const below = sorted[Math.floor(at)]!;
    return below + (sorted[Math.ceil(at)]! - below) * (at - Math.floor(at));
  };
  return {
    min: sorted[0]!,
    q1: quantile(0.25),
    median: quantile(0.5),
    q3: quantile(0.75),
    max: sorted.at(-1)!,
  };
}

/** ours/theirs for each pair of rounds that followed one another. Throws if the numbers of rounds differ. */
export function pairedRatios(ours: readonly number[], theirs: readonly number[]): number[] {
  if (ours.length !== theirs.length) {
    throw new Error(`${ours.length} rounds cannot be paired with ${theirs.length}`);
  }
  return ours.map((value, i) => value / theirs[i]!);
}

/** cost = factor · x^exponent. */
export interface PowerLaw {
  readonly factor: number;
  readonly exponent: number;
}

/** The power law nearest to points in logarithms, by least squares. Throws unless there are two different x, all positive. */
export function powerLaw(points: readonly { readonly x: number; readonly cost: number }[]): PowerLaw {
  if (new Set(points.map(({ x }) => x)).size < 2) {
    throw new Error('a power law needs costs at two different places at least');
  }
  if (points.some(({ x, cost }) => !(x > 0 && cost > 0))) {
    throw new Error('a power law needs places and costs above 0');
  }
  const logs = points.map(({ x, cost }) => ({ u: Math.log(x), v: Math.log(cost) }));
  const mean = (of: (p: { u: number; v: number }) => number): number =>
    logs.reduce((sum, p) => sum + of(p), 0) / logs.length;
  const [u0, v0] = [mean(({ u }) => u), mean(({ v }) => v)];
  const exponent = mean(({ u, v }) => (u - u0) * (v - v0)) / mean(({ u }) => (u - u0) ** 2);
  return { factor: Math.exp(v0 - exponent * u0), exponent };
}
