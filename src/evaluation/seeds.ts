/** Figures over several trainings that differ in their seed alone. */
import { bootstrapSamples, intervalOf, type BootstrapOptions } from './bootstrap.ts';
import { pairRows } from './comparable.ts';
import { meanOf, valueOf, type Metric } from './resampled.ts';
import type { ScoreRow } from './scores.ts';
import { twoSidedShare, type Difference } from './significance.ts';

export interface OverSeeds {
  readonly seeds: number;
  readonly mean: number;
  /** With n − 1 below; null with one seed. */
  readonly sd: number | null;
  readonly min: number;
  readonly max: number;
}

/** Mean and standard deviation of a figure over seeds. Throws without any, and on a value that is not finite: means skip nothing. */
export function overSeeds(values: readonly number[]): OverSeeds {
  const broken = values.findIndex((value) => !Number.isFinite(value));
  if (broken !== -1)
    throw new Error(`the figure of run ${broken + 1} of ${values.length} is ${values[broken]}`);
  if (values.length === 0) throw new Error('no runs, so no mean over seeds');
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    ...{ seeds: n, mean, sd: n === 1 ? null : Math.sqrt(squares / (n - 1)) },
    ...{ min: Math.min(...values), max: Math.max(...values) },
  };
}

/** Two detectors trained with the same seed, tested on the same rows. */
export interface SeedPair {
  readonly seed: number;
  readonly a: readonly ScoreRow[];
  readonly b: readonly ScoreRow[];
}

export interface SeedDifference extends Difference {
  /** The difference of each seed, and over all. */
  readonly perSeed: readonly { readonly seed: number; readonly value: number }[];
  readonly overSeeds: OverSeeds;
}

/**
 * The mean difference over seeds, with an interval for other seeds and other videos: each resample draws the seeds with replacement, a pair at a time, and, for
 * all of them alike because they share the test, the videos (Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 2007). Of few seeds a
 * bootstrap sees too little: with n of them their part of the variance is short by (n − 1)/n, a third with three.
 *
 * @throws with fewer than two seeds, a seed twice, or tests that are not of the same samples
 */
export function differenceOverSeeds(
  pairs: readonly SeedPair[],
  metric: Metric,
  options: BootstrapOptions,
): SeedDifference {
  requireSeeds(pairs);
  const rows = pairs[0]!.a;
  const { group } = options;
  const aligned = pairs.map(({ seed, a, b }) => ({
    seed,
    a: pairRows(rows, a, [`seed ${pairs[0]!.seed}`, `seed ${seed}`]),
    b: pairRows(rows, b, [`seed ${pairs[0]!.seed}`, `the other run of seed ${seed}`]),
  }));
  const value = (of: readonly ScoreRow[]): number => valueOf(metric, of, { group });
  const figures = aligned.map(({ seed, a, b }) => ({ seed, a: value(a), b: value(b) }));
  const asked = aligned.map(({ a, b }) => [metric(a, { group }), metric(b, { group })] as const);
  const { samples, redrawn } = bootstrapSamples<'difference'>(
    rows.map(({ videoId }) => videoId),
    (multiplicity, rng) => {
      const differences = asked.map(([a, b]) => {
        const [here, there] = [a(multiplicity), b(multiplicity)];
        return here === null || there === null ? null : here - there;
      });
      const difference = meanOf(differences.map(() => differences[rng.integer(differences.length)]!));
      return difference === null ? null : { difference };
    },
    options,
  );
  const perSeed = figures.map(({ seed, a, b }) => ({ seed, value: a - b }));
  const mean = (values: readonly number[]): number => overSeeds(values).mean;
  return {
    a: mean(figures.map(({ a }) => a)),
    b: mean(figures.map(({ b }) => b)),
    value: mean(perSeed.map((each) => each.value)),
    interval: intervalOf(samples.difference, options.confidence),
    p: twoSidedShare(samples.difference),
    resamples: options.resamples,
    redrawn,
    perSeed,
    overSeeds: overSeeds(perSeed.map((each) => each.value)),
  };
}

function requireSeeds(pairs: readonly SeedPair[]): void {
  const seeds = pairs.map(({ seed }) => seed);
  const twice = seeds.find((seed, i) => seeds.indexOf(seed) !== i);
  if (twice !== undefined) throw new Error(`seed ${twice} is there twice; each pair of runs counts once`);
  if (pairs.length < 2) {
    throw new Error(
      `an interval over seeds needs two or more; there is ${seeds.length === 1 ? seeds[0] : 'none'}`,
    );
  }
}
