/** evaluation.json, the figures of a run's test, as what reports and comparisons are made of. */
import { readFileSync } from 'node:fs';
import type { SetDigest } from './digest.ts';
import type { Evaluation } from './evaluate-scores.ts';
import type { CalibrationFigures } from './test-figures.ts';

/** What the file is written as now. Version 1 said no version, and had figures of images alone. */
export const EVALUATION_VERSION = 2;

export interface StoredEvaluation extends Evaluation {
  readonly version: number;
  /** Round of the evaluated checkpoint, and its AUC on val when it was saved. */
  readonly round: number;
  readonly valAuc: number;
  /** Null in files of version 1: what was not computed is not made up. */
  readonly test: SetDigest | null;
  readonly val: (SetDigest & { readonly auc: number }) | null;
  readonly calibration: CalibrationFigures | null;
  /** Null too where no video has two images. */
  readonly videos: Evaluation | null;
  /** The settings of other data than the run's own. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * Reads an evaluation that any version of `npm run evaluate` wrote.
 *
 * @throws naming the file, if it is damaged or of a later version
 */
export function readEvaluation(file: string): StoredEvaluation {
  const fail = (why: string): never => {
    throw new Error(`${file}: ${why}; run \`npm run evaluate\` on its run folder`);
  };
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return fail(`no evaluation can be read from it: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null) return fail('is no evaluation');
  const stored = value as Partial<StoredEvaluation>;
  const { version = 1 } = stored;
  if (version > EVALUATION_VERSION) {
    return fail(`is of version ${version}, and this program knows ${EVALUATION_VERSION}`);
  }
  for (const key of ['round', 'valAuc', 'threshold', 'overall', 'perManipulation', 'groups'] as const) {
    if (stored[key] === undefined) fail(`misses ${key}`);
  }
  if (version === 1) return { ...(stored as StoredEvaluation), ...VERSION_1 };
  for (const key of ['test', 'val', 'calibration', 'videos'] as const) {
    if (stored[key] === undefined) fail(`misses ${key}`);
  }
  return stored as StoredEvaluation;
}

const VERSION_1 = { version: 1, test: null, val: null, calibration: null, videos: null } as const;
