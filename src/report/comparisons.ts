/** Every group of runs against the first one of the same data, on every test set and by every metric that asks the same of both; p-values corrected over all of them. */
import type { BootstrapOptions } from '../evaluation/bootstrap.ts';
import type { DeLong } from '../evaluation/delong.ts';
import { holm } from '../evaluation/holm.ts';
import { macroAuc, pooledAuc, type Metric } from '../evaluation/resampled.ts';
import type { ScoreRow } from '../evaluation/scores.ts';
import { differenceOverSeeds, type SeedPair } from '../evaluation/seeds.ts';
import { deLongByVideo, pairedDifference, type Difference } from '../evaluation/significance.ts';
import { hasVideos, videoRows } from '../evaluation/videos.ts';
import { scoresIn } from './run-test.ts';
import { seedsOf, type Entry, type TestedGroup, type TestSet } from './scene.ts';

export interface Comparison {
  readonly set: string;
  readonly metric: string;
  /** What is compared, and the measure. */
  readonly names: readonly [group: string, base: string];
  /** The seeds that both have. */
  readonly seeds: readonly number[];
  readonly difference: Difference;
  /** Holm's correction over all comparisons of the report. */
  readonly pHolm: number;
}

/** DeLong's test of two runs of one seed, by all images of a test, its variance clustered by video. */
export interface SeedDeLong extends DeLong {
  readonly set: string;
  readonly names: readonly [group: string, base: string];
  readonly seed: number;
}

export interface Comparisons {
  readonly all: readonly Comparison[];
  /** Beside the bootstrap, which the verdicts are by; one a pair of settings, test set and seed. */
  readonly deLong: readonly SeedDeLong[];
  /** Why groups are not compared. */
  readonly not: readonly string[];
}

export type ResamplingOptions = Pick<BootstrapOptions, 'seed' | 'resamples'>;

/** Compares the groups of each set, each with the first of the same data. */
export function compareAll(sets: readonly TestSet[], options: ResamplingOptions): Comparisons {
  const compared = sets.map((set) => compareOn(set, options));
  const found = compared.flatMap(({ found: own }) => own);
  const corrected = holm(found.map(({ difference }) => difference.p));
  return {
    all: found.map((each, i) => ({ ...each, pHolm: corrected[i]! })),
    deLong: compared.flatMap(({ deLong }) => deLong),
    not: compared.flatMap(({ not }) => not),
  };
}

type Uncorrected = Omit<Comparison, 'pHolm'>;

interface ComparedOn {
  readonly found: readonly Uncorrected[];
  readonly deLong: readonly SeedDeLong[];
  readonly not: readonly string[];
}

function compareOn({ name, groups }: TestSet, options: ResamplingOptions): ComparedOn {
  const measures = new Map<TestedGroup, RowsBySeed>();
  const compared = groups.slice(1).map((group) => {
    const measure = measureOf(group, groups);
    const rows = measures.get(measure) ?? rowsBySeed(measure);
    measures.set(measure, rows);
    return compareTwo(name, group, { group: measure, rows }, options);
  });
  return {
    found: compared.flatMap(({ found }) => found),
    deLong: compared.flatMap(({ deLong }) => deLong),
    not: compared.flatMap(({ not }) => not),
  };
}

/**
 * What a group is compared with: the first one that was trained on the same data, so that a method is told from what it was shown; where it is the first of its
 * data, the first of all.
 */
function measureOf(group: TestedGroup, groups: readonly TestedGroup[]): TestedGroup {
  const data = dataOf(group);
  const first = groups.find((each) => dataOf(each) === data)!;
  return first === group ? groups[0]! : first;
}

function dataOf({ group: { runs } }: TestedGroup): string {
  return JSON.stringify([...runs[0]!.settings].filter(([key]) => key.startsWith('data.')).sort());
}

function compareTwo(
  set: string,
  other: TestedGroup,
  { group: base, rows: rowsOfBase }: { readonly group: TestedGroup; readonly rows: RowsBySeed },
  options: ResamplingOptions,
): ComparedOn {
  const found: Uncorrected[] = [];
  const deLong: SeedDeLong[] = [];
  const not: string[] = [];
  const seeds = seedsOf(other).filter((seed) => rowsOfBase.has(seed));
  const names = [other.group.name, base.group.name] as const;
  if (seeds.length === 0) {
    not.push(
      `${names[0]} (seeds ${seedsOf(other).join(', ')}) is not compared with ${names[1]} (seeds ${seedsOf(base).join(', ')}) on ${set}: ` +
        'they have no seed in common, so that luck of a seed and merit cannot be told apart. Train one of them with the seeds of the other.',
    );
    return { found, deLong, not };
  }
  const rows = rowsBySeed(other);
  const pairs = seeds.map((seed) => ({ seed, a: rows.get(seed)!, b: rowsOfBase.get(seed)! }));
  const attempt = (by: string, compare: () => void): void => {
    try {
      compare();
    } catch (error) {
      if ((error as Error).constructor !== Error) throw error; // a mistake of ours, not of the data
      not.push(
        `${names[0]} is not compared with ${names[1]} by ${by} on ${set}: ${(error as Error).message}`,
      );
    }
  };
  for (const { name, of, metric } of metricsOf([base, other])) {
    const asked = pairs.map(({ seed, a, b }) => ({ seed, a: of(a), b: of(b) }));
    attempt(name, () => {
      const difference = differenceOf(names, asked, metric, { ...options, group: `${set}: ${name}` });
      found.push({ set, metric: name, names, seeds, difference });
    });
  }
  attempt('DeLong’s test', () => {
    for (const { seed, a, b } of pairs) {
      const test = deLongByVideo({ name: names[0], rows: a }, { name: names[1], rows: b });
      deLong.push({ set, names, seed, ...test });
    }
  });
  return { found, deLong, not };
}

/** Over seeds where there are several; of one seed over videos alone. */
function differenceOf(
  names: readonly [string, string],
  pairs: readonly SeedPair[],
  metric: Metric,
  options: BootstrapOptions,
): Difference {
  if (pairs.length > 1) return differenceOverSeeds(pairs, metric, options);
  const { a, b } = pairs[0]!;
  return pairedDifference({ name: names[0], rows: a }, { name: names[1], rows: b }, metric, options);
}

interface ComparedMetric {
  readonly name: string;
  /** Images that are asked about, or the videos made of them. */
  readonly of: (rows: readonly ScoreRow[]) => readonly ScoreRow[];
  readonly metric: Metric;
}

/** Groups of manipulations that are the same for both; what one saw in training the other may not have seen. Then all, of images and of videos. */
function metricsOf(groups: readonly TestedGroup[]): ComparedMetric[] {
  const evaluations = groups.flatMap(({ entries }) => entries.map(({ test }) => test.evaluation));
  const first = evaluations[0]!;
  const members = (of: typeof first, name: string): string =>
    JSON.stringify(of.groups.find(({ group }) => group === name)?.manipulations);
  const shared = first.groups.filter(({ group }) =>
    evaluations.every((each) => members(each, group) === members(first, group)),
  );
  const images = (rows: readonly ScoreRow[]): readonly ScoreRow[] => rows;
  const several = first.perManipulation.length > 1;
  return [
    ...shared.map(({ group, manipulations }) => ({
      name: `AUC ${group}`,
      of: (rows: readonly ScoreRow[]) =>
        rows.filter(({ label, manipulation }) => label === 0 || manipulations.includes(manipulation)),
      metric: manipulations.length === 1 ? pooledAuc : macroAuc,
    })),
    ...(several || shared.length === 0 ? [{ name: 'AUC pooled', of: images, metric: pooledAuc }] : []),
    ...(evaluations.every(({ videos }) => videos !== null)
      ? [{ name: 'AUC pooled, videos', of: videosOf, metric: pooledAuc }]
      : []),
  ];
}

function videosOf(rows: readonly ScoreRow[]): readonly ScoreRow[] {
  return hasVideos(rows) ? videoRows(rows) : rows;
}

type RowsBySeed = ReadonlyMap<number, readonly ScoreRow[]>;

function rowsBySeed({ entries }: TestedGroup): RowsBySeed {
  const rowsOf = ({ run, test }: Entry): ScoreRow[] =>
    scoresIn(test.files.scores, `evaluate it again: npm run evaluate -- ${run.dir}`);
  return new Map(entries.map((entry) => [entry.run.seed, rowsOf(entry)]));
}
