/**
 * A run is a folder that explains itself: config.yaml, versions.json (one entry a start), status.json, metrics.jsonl,
 * results.json (settings and final metrics); TensorBoard files and checkpoints lie beside them.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { explainWriteError, writeFileAtomic } from './files.ts';
import { dropMetricsAfter, openMetricsLog } from './metrics-log.ts';
import type { Reporter } from './reporter.ts';
import { collectVersions } from './versions.ts';
import type { RunFacts, Versions } from './versions.ts';

export type RunState = 'running' | 'finished' | 'interrupted' | 'failed';

export interface RunStatus {
  readonly state: RunState;
  /** The last finished step. */
  readonly step: number;
  readonly updatedAt: string;
  /** Wall-clock minutes since this process opened the folder, plus those of the runs that it resumed. */
  readonly minutes: number;
  readonly pid: number;
  /** Why it failed, or how to resume. */
  readonly message?: string;
}

export interface RunFolder {
  readonly folder: string;
  /** Scalars go to metrics.jsonl, hparams to results.json; images, histograms, curves and texts are TensorBoard's. */
  readonly reporter: Reporter;
  setStatus(state: RunState, step: number, message?: string): void;
}

export interface RunFolderOptions extends RunFacts {
  /** The composed settings, as YAML. */
  readonly config: string;
  /** Step of the checkpoint a resumed run goes on from; what was logged after it is dropped. */
  readonly resumedStep?: number;
}

/**
 * Makes the folder of a new run, or opens that of a run to resume, and sets its status to running.
 *
 * @throws if a new run's folder holds a run already, a resumed run's holds none, or it cannot be written (naming the
 *   folder and the remedy)
 */
export function openRunFolder(folder: string, options: RunFolderOptions): RunFolder {
  const { config, resumedStep, ...facts } = options;
  const file = (name: string): string => join(folder, name);
  const holdsRun = existsSync(file('status.json'));
  if (resumedStep === undefined && holdsRun) {
    throw new Error(
      `${folder}: holds a run already. Resume that one, or choose another folder for a new one`,
    );
  }
  if (resumedStep !== undefined && !holdsRun) {
    throw new Error(`${folder}: no run to resume here (status.json is missing). Name the folder of a run`);
  }
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw explainWriteError(error, file('status.json'));
  }
  const starts: Versions[] = resumedStep === undefined ? [] : readStarts(file('versions.json'));
  const { command, seed, tfjs, tensorflow, threads, precision, precisionReason } = facts;
  writeJson(file('versions.json'), [
    ...starts,
    collectVersions({ command, seed, tfjs, tensorflow, threads, precision, precisionReason }),
  ]);
  if (resumedStep === undefined) writeFileAtomic(file('config.yaml'), config);
  else dropMetricsAfter(file('metrics.jsonl'), resumedStep);

  const opened = Date.now();
  const before = resumedStep === undefined ? 0 : readRunStatus(folder).minutes;
  const setStatus = (state: RunState, step: number, message?: string): void => {
    const status: RunStatus = {
      state,
      step,
      updatedAt: new Date().toISOString(),
      minutes: before + (Date.now() - opened) / 60_000,
      pid: process.pid,
      ...(message === undefined ? {} : { message }),
    };
    writeJson(file('status.json'), status);
  };
  const log = openMetricsLog(file('metrics.jsonl'));
  setStatus('running', resumedStep ?? 0);
  return {
    folder,
    setStatus,
    reporter: {
      scalar: (tag, value, step) => log.append({ step, tag, value }),
      image: () => {},
      histogram: () => {},
      text: () => {},
      prCurve: () => {},
      hparams: (settings, metrics) => writeJson(file('results.json'), { settings, metrics }),
      flush: () => {}, // every line is written when it is logged
      close: () => log.close(),
    },
  };
}

/** Reads status.json of a run's folder. @throws if there is no run */
export function readRunStatus(folder: string): RunStatus {
  return JSON.parse(readFileSync(join(folder, 'status.json'), 'utf8')) as RunStatus;
}

function readStarts(file: string): Versions[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Versions[]) : [];
}

function writeJson(file: string, value: unknown): void {
  writeFileAtomic(file, `${JSON.stringify(value, null, 2)}\n`);
}
