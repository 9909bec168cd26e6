/** One test of a run: its figures, held against its scores, and what is drawn of them. The scores themselves are read again when they are needed. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { readEvaluation, type StoredEvaluation } from '../evaluation/evaluation-file.ts';
import { prCurve, rocAuc, rocCurve } from '../evaluation/metrics.ts';
import { readScores, type ScoreRow } from '../evaluation/scores.ts';
import { testFigures, type CalibrationFigures } from '../evaluation/test-figures.ts';
import { LeftOut, reading } from './problem.ts';
import { firstDifference } from './same-figures.ts';

/** evaluation.json of this version, in which nothing is missing. */
export interface CheckedEvaluation extends StoredEvaluation {
  readonly test: NonNullable<StoredEvaluation['test']>;
  readonly val: NonNullable<StoredEvaluation['val']>;
  readonly calibration: CalibrationFigures;
}

/** Points of a curve. */
export interface Line {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export interface RunTest {
  /** What other data was called; null for the run's own test. */
  readonly label: string | null;
  readonly files: { readonly scores: string; readonly evaluation: string };
  /** Equal for tests of the same samples with the same labels, manipulations and units. */
  readonly samples: string;
  readonly evaluation: CheckedEvaluation;
  readonly roc: Line;
  readonly pr: Line;
  /** The reals with the highest scores, the fakes with the lowest. */
  readonly hardest: { readonly reals: readonly ScoreRow[]; readonly fakes: readonly ScoreRow[] };
}

/** AUC on val may differ by this from the checkpoint's: rounding on another machine makes less, other images more. */
const SAME_AUC = 0.002;
/** Images of either kind that are kept. */
const HARDEST = 8;
/** Points that a drawn curve has at most. */
const POINTS = 150;

/**
 * Reads a test of a run.
 *
 * @param dir the run folder
 * @param suffix what stands before the endings of its files: '' for the run's own test, `-LABEL-HASH` for other data
 * @throws LeftOut, if a file is missing, damaged or of an old version, if figures and scores are not of one evaluation, or the data changed since training
 */
export function readTest(dir: string, suffix: string): RunTest {
  const remedy = `evaluate it again: npm run evaluate -- ${dir}${suffix === '' ? '' : ' data=…'}`;
  const files = {
    scores: path.join(dir, `scores-test${suffix}.csv`),
    evaluation: path.join(dir, `evaluation${suffix}.json`),
  };
  const evaluation = checkedEvaluation(files.evaluation, remedy);
  const valFile = path.join(dir, 'scores-val.csv');
  const rows = scoresIn(files.scores, remedy);
  const val = scoresIn(valFile, remedy);
  const { threshold, groups } = evaluation;
  const computed = reading(files.scores, remedy, () =>
    testFigures(val, rows, {
      ...{ threshold, seed: 0, resamples: 0 },
      groups: Object.fromEntries(groups.map(({ group, manipulations }) => [group, manipulations])),
    }),
  );
  const difference =
    firstDifference(computed, evaluation) ?? firstDifference({ val: { auc: aucOf(val) } }, evaluation);
  if (difference !== null) {
    throw new LeftOut(
      files.evaluation,
      `its figures are not those of the scores beside it: ${difference}`,
      remedy,
    );
  }
  requireUnchanged(evaluation, valFile, dir);
  return {
    ...{ label: labelOf(suffix), files, samples: samplesKey(rows), evaluation },
    ...{ ...curvesOf(rows), hardest: hardestOf(rows) },
  };
}

/** A table of scores. Throws LeftOut if it is missing or damaged. */
export function scoresIn(file: string, remedy: string): ScoreRow[] {
  if (!existsSync(file)) throw new LeftOut(file, 'is missing', remedy);
  return reading(file, remedy, () => readScores(file));
}

function checkedEvaluation(file: string, remedy: string): CheckedEvaluation {
  const evaluation = reading(file, remedy, () => readEvaluation(file));
  const { test, val, calibration } = evaluation;
  if (test === null || val === null || calibration === null) {
    throw new LeftOut(
      file,
      `is of version ${evaluation.version}, which says nothing of calibration and data`,
      remedy,
    );
  }
  return { ...evaluation, test, val, calibration };
}

function requireUnchanged({ val, valAuc }: CheckedEvaluation, file: string, dir: string): void {
  if (Math.abs(val.auc - valAuc) <= SAME_AUC) return;
  throw new LeftOut(
    file,
    `AUC on val is ${val.auc.toFixed(4)}, and was ${valAuc.toFixed(4)} in training: the data have changed since, so that the threshold is of other images`,
    `bring the old data back and evaluate again, or train anew: ${dir}`,
  );
}

function labelOf(suffix: string): string | null {
  return suffix === '' ? null : suffix.slice(1).replace(/-[0-9a-f]{8}$/, '');
}

function samplesKey(rows: readonly ScoreRow[]): string {
  const lines = rows.map(({ id, label, manipulation, videoId, split }) =>
    JSON.stringify([id, label, manipulation, videoId, split]),
  );
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}

const labelsOf = (rows: readonly ScoreRow[]): number[] => rows.map(({ label }) => label);
const scoresOf = (rows: readonly ScoreRow[]): number[] => rows.map(({ score }) => score);

function aucOf(rows: readonly ScoreRow[]): number {
  return rocAuc(labelsOf(rows), scoresOf(rows), { group: 'val' });
}

function curvesOf(rows: readonly ScoreRow[]): Pick<RunTest, 'roc' | 'pr'> {
  const roc = rocCurve(labelsOf(rows), scoresOf(rows));
  const pr = prCurve(labelsOf(rows), scoresOf(rows));
  return { roc: thinned({ x: roc.fpr, y: roc.tpr }), pr: thinned({ x: pr.recall, y: pr.precision }) };
}

/** The first and last point, and between them those that lie far enough from the one before to be seen. */
export function thinned({ x, y }: Line): Line {
  const kept = [0];
  for (let i = 1; i < x.length; i++) {
    const last = kept.at(-1)!;
    const moved = Math.abs(x[i]! - x[last]!) + Math.abs(y[i]! - y[last]!);
    if (i === x.length - 1 || moved >= 2 / POINTS) kept.push(i);
  }
  return { x: kept.map((i) => x[i]!), y: kept.map((i) => y[i]!) };
}

function hardestOf(rows: readonly ScoreRow[]): RunTest['hardest'] {
  const first = (label: 0 | 1, sign: 1 | -1): ScoreRow[] =>
    rows
      .filter((row) => row.label === label)
      .sort((a, b) => sign * (a.score - b.score) || (a.id < b.id ? -1 : 1))
      .slice(0, HARDEST);
  return { reals: first(0, -1), fakes: first(1, 1) };
}
