/** A run once it is trained: the checkpoint that it is judged by, and the size of its images. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { DatasetContext } from './data/module.ts';
import { readCheckpoint, type LoadedCheckpoint } from './game/checkpoint.ts';
import { prepareData } from './prepare.ts';
import type { RunConfig } from './run-settings.ts';

/** The best checkpoint on val, with the threshold that was chosen there. */
export interface BestCheckpoint {
  readonly checkpoint: LoadedCheckpoint;
  readonly round: number;
  /** AUC on val. */
  readonly auc: number;
  /** Of the probability of 'fake', chosen on val. */
  readonly threshold: number;
}

/** A hash of the checkpoint that a run is judged by: what was made with another one is not taken for its own. */
export function hashOfBest(dir: string): string {
  return createHash('sha256')
    .update(readFileSync(bestOf(dir)))
    .digest('hex');
}

function bestOf(dir: string): string {
  return path.join(dir, 'checkpoints', 'best.safetensors');
}

/**
 * Reads a run's best checkpoint.
 *
 * @param dir the run folder
 * @throws if the run was never evaluated on val, or the file is damaged
 */
export function readBestCheckpoint(dir: string): BestCheckpoint {
  const file = bestOf(dir);
  if (!existsSync(file)) {
    throw new Error(
      `${file} is missing: the run was never evaluated on val. Train it on with --resume ${dir}, or anew`,
    );
  }
  const checkpoint = readCheckpoint(file);
  const best = JSON.parse(checkpoint.notes['best'] ?? 'null') as Omit<BestCheckpoint, 'checkpoint'> | null;
  if (best === null) {
    throw new Error(`${file} is damaged: it does not say how good it was on val. Train the run anew`);
  }
  const { round, auc, threshold } = best;
  return { checkpoint, round, auc, threshold };
}

/** The manipulations that a checkpoint's detector was trained to tell apart; undefined in one that does not say. */
export function manipulationsIn({ notes }: LoadedCheckpoint): readonly string[] | undefined {
  const noted = notes['manipulations'];
  return noted === undefined ? undefined : (JSON.parse(noted) as readonly string[]);
}

/** The side of the detector's images in pixels: the dataset's `size`, or what a user's own dataset says when it is opened. */
export async function imageSizeOf(config: RunConfig, progress: DatasetContext['progress']): Promise<number> {
  const size = config.data['size'];
  return typeof size === 'number' ? size : (await prepareData(config.data, config.seed, progress)).size;
}
