/** What a run folder holds of a planned run: whether it is to be trained, resumed or tested, or is done. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { differingKey } from '../config/differing-key.ts';
import type { OtherData } from '../evaluate.ts';
import { listCheckpoints } from '../game/checkpoint.ts';
import { readRunStatus } from '../reports/run-folder.ts';
import { readRunConfig } from '../run-config.ts';
import type { RunConfig } from '../run-settings.ts';
import { findEvaluation } from './find-evaluation.ts';
import type { PlannedRun } from './plan.ts';

/** A planned run, composed and checked. */
export interface StudyRun extends PlannedRun {
  readonly config: RunConfig;
  readonly yaml: string;
  /** Further test data, their labels those of the study. */
  readonly on: readonly OtherData[];
}

export type RunState =
  /** Nothing is there, or nothing that could be gone on from: it was stopped before its first checkpoint. */
  | { readonly kind: 'new' }
  | { readonly kind: 'resume' }
  /** A process is training it. */
  | { readonly kind: 'busy'; readonly pid: number }
  /** Trained; tests are missing, null being that on its own data. */
  | { readonly kind: 'test'; readonly on: readonly (OtherData | null)[] }
  | { readonly kind: 'done' };

/**
 * Looks into a run's folder.
 *
 * @throws if the folder holds a run with other settings (those of the folder, `run`, aside), naming the key; or
 *   files that are no run
 */
export async function stateOf(run: StudyRun): Promise<RunState> {
  const { dir, config } = run;
  if (!existsSync(path.join(dir, 'status.json'))) return { kind: 'new' };
  const kept = await readRunConfig(dir);
  const differing = differingKey({ ...kept, run: null }, { ...config, run: null });
  if (differing !== null) {
    const { key, here, there } = differing;
    throw new Error(
      `${dir}: holds a run with other settings: '${key}' is ${here} there, and the study asks for ${there}. Name another folder with dir=FOLDER, ` +
        'or move that run away',
    );
  }
  const { state, pid } = readRunStatus(dir);
  if (state === 'running' && isAlive(pid)) return { kind: 'busy', pid };
  if (state !== 'finished') {
    return { kind: listCheckpoints(path.join(dir, 'checkpoints')).length > 0 ? 'resume' : 'new' };
  }
  const missing = [null, ...run.on].filter((on) => findEvaluation(dir, on) === null);
  return missing.length > 0 ? { kind: 'test', on: missing } : { kind: 'done' };
}

/** Whether there is a process of that number. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's
  }
}
