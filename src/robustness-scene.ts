/** What the parts of a robustness run share: the trained detector, images of a split, and what is kept of what it said. */
import type { Batch, Sample } from './data/dataset.ts';
import type { OpenDataset } from './data/index.ts';
import { openLoader } from './data/loader.ts';
import type { Discriminator } from './discriminator/discriminator.ts';
import { evaluateScores, type Evaluation } from './evaluation/evaluate-scores.ts';
import type { KeptScores } from './evaluation/kept-scores.ts';
import { score } from './evaluation/score.ts';
import type { ScoreRow } from './evaluation/scores.ts';
import { spreadSubset } from './evaluation/val-subset.ts';
import { groupsOf } from './evaluate.ts';
import { loaderOptions } from './prepare.ts';
import { openProgress, type ProgressOptions } from './reports/progress.ts';
import type { RunConfig } from './run-settings.ts';
import type { BestCheckpoint } from './trained-run.ts';

export interface Scene {
  readonly config: RunConfig;
  readonly detector: Discriminator;
  readonly best: BestCheckpoint;
  readonly dataset: OpenDataset;
  readonly split: 'test' | 'val';
  readonly seed: number;
  readonly resamples: number;
  readonly kept: KeptScores;
  /** Of the checkpoint's bytes: scores of another one are not taken for its own. */
  readonly checkpointHash: string;
  readonly screen: ProgressOptions['out'];
  readonly stop: AbortSignal;
}

/** The user wants to stop; what is made so far is kept. */
export class Stopped extends Error {}

/** The images that a part of the run asks about, the same each time. */
export function samplesOf({ dataset, split }: Scene, images: number | null): readonly Sample[] {
  const samples = dataset.samples(split);
  return images === null || images >= samples.length ? samples : spreadSubset(samples, images);
}

/** What a score table depends on besides the condition that it is of. */
export function commonOf({ checkpointHash, split }: Scene, samples: readonly Sample[]): unknown {
  return {
    format: 1,
    checkpointHash,
    split,
    samples: samples.map(({ id, file, label }) => [id, file, label]),
  };
}

/** The samples' batches to `use`, whose loader is closed afterwards. */
export async function withBatches<T>(
  { dataset, config, split }: Scene,
  samples: readonly Sample[],
  use: (batches: (size: number) => AsyncGenerator<Batch, void>) => Promise<T>,
): Promise<T> {
  const loader = await openLoader({ ...dataset, samples: () => samples }, loaderOptions(config));
  try {
    return await use((size) => loader.evalBatches(split, size));
  } finally {
    await loader.close();
  }
}

/** A condition that images are put under, in one way or in several that come out of the same work. */
export interface Condition {
  /** What the tables are kept by, one a way. */
  readonly tables: readonly string[];
  readonly madeBy: unknown;
  /** Images at a time. */
  readonly batchSize: number;
  /** Makes a batch of each way; called for every batch of the images in turn, so that it may draw. */
  readonly start: () => (batch: Batch) => Promise<readonly Batch[]>;
}

/** Score tables by name. */
export type Tables = ReadonlyMap<string, readonly ScoreRow[]>;

/** The score tables of the conditions: those that are kept, and the others made, each kept as soon as it is whole. Throws Stopped. */
export async function scoreConditions(
  scene: Scene,
  label: string,
  samples: readonly Sample[],
  conditions: readonly Condition[],
): Promise<Tables> {
  const { kept, screen } = scene;
  const common = commonOf(scene, samples);
  const tables = new Map<string, readonly ScoreRow[]>();
  const left = conditions.filter(({ tables: names, madeBy }) => {
    const found = names.map((name) => [name, kept.find(name, [common, madeBy])] as const);
    for (const [name, rows] of found) if (rows !== null) tables.set(name, rows);
    return found.some(([, rows]) => rows === null);
  });
  if (left.length === 0) return tables;
  const steps = left.reduce((sum, { batchSize }) => sum + Math.ceil(samples.length / batchSize), 0);
  const line = openProgress({ label, steps, unit: 'batch', out: screen });
  try {
    await withBatches(scene, samples, async (batches) => {
      let done = 0;
      for (const condition of left) {
        const onBatch = (images: number): void => line.update(++done, {}, images);
        const rows = await scoreCondition(scene, condition, batches(condition.batchSize), onBatch);
        condition.tables.forEach((name, way) => {
          kept.keep(name, [common, condition.madeBy], rows[way]!);
          tables.set(name, rows[way]!);
        });
      }
    });
  } finally {
    line.close();
  }
  return tables;
}

/** The rows of each way. */
async function scoreCondition(
  { detector, stop }: Scene,
  { tables, start }: Condition,
  batches: AsyncIterable<Batch>,
  onBatch: (images: number) => void,
): Promise<readonly (readonly ScoreRow[])[]> {
  const change = start();
  const rows: ScoreRow[][] = tables.map(() => []);
  for await (const batch of batches) {
    if (stop.aborted) throw new Stopped();
    const ways = await change(batch);
    for (const [way, changed] of ways.entries()) {
      rows[way]!.push(...(await score(detector, alone(changed))));
    }
    onBatch(batch.samples.length);
  }
  return rows;
}

async function* alone(batch: Batch): AsyncGenerator<Batch, void> {
  yield await Promise.resolve(batch);
}

/** The figures of a table at the threshold chosen on val, manipulations grouped by whether training showed them. */
export function evaluationOf(
  { best, seed, resamples, dataset }: Scene,
  rows: readonly ScoreRow[],
): Evaluation {
  const trained = new Set(dataset.samples('train').map(({ manipulation }) => manipulation));
  return evaluateScores(rows, {
    threshold: best.threshold,
    seed,
    resamples,
    groups: groupsOf(rows, trained),
  });
}
