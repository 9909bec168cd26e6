/** The checkpoint that a run is judged by: the best on val, with the threshold that was chosen there. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { readCheckpoint, type LoadedCheckpoint } from './game/checkpoint.ts';

export interface BestCheckpoint {
  readonly checkpoint: LoadedCheckpoint;
  readonly round: number;
  /** AUC on val. */
  readonly auc: number;
  /** Of the probability of 'fake', chosen on val. */
  readonly threshold: number;
}

/**
 * Reads a run's best checkpoint.
 *
 * @param dir the run folder
 * @throws if the run was never evaluated on val, or the file is damaged
 */
export function readBestCheckpoint(dir: string): BestCheckpoint {
  const file = path.join(dir, 'checkpoints', 'best.safetensors');
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
