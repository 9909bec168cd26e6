/** The tests of a study's finished runs, read from their folders. */
import { readScores } from '../evaluation/scores.ts';
import { requireComparable, type TestedRun } from '../evaluation/comparable.ts';
import { SEEN } from '../evaluate.ts';
import { readMetricsLog } from '../reports/metrics-log.ts';
import { readRunStatus } from '../reports/run-folder.ts';
import path from 'node:path';
import { judgedRows, type FigureChoice } from './figure.ts';
import { findEvaluation } from './find-evaluation.ts';
import type { FoundRun } from './execute.ts';
import type { StudyRun } from './run-state.ts';

/** One test of one run. */
export interface Test extends TestedRun {
  readonly run: StudyRun;
  /** The name of further test data in the study; null = the run's own. */
  readonly on: string | null;
  /** Manipulations of the test that training showed, by their names. */
  readonly seen: readonly string[];
}

/** A run whose tests are all there. */
export interface TestedStudyRun {
  readonly run: StudyRun;
  /** The run's own first. */
  readonly tests: readonly Test[];
  readonly minutes: number;
  /** Median of the reported rounds with the opponent; null if no report says. */
  readonly msPerRound: number | null;
}

export interface StudyResults {
  readonly tested: readonly TestedStudyRun[];
  /** Runs that have no figures yet, by name. */
  readonly missing: readonly string[];
}

/**
 * Reads what is done; what is not is listed.
 *
 * @throws if a table of scores is damaged or has a score that is not finite (naming file and line), or a test holds one class alone
 */
export function readStudy(figure: FigureChoice, found: readonly FoundRun[]): StudyResults {
  const done = found.filter(({ state }) => state.kind === 'done');
  return {
    tested: done.map(({ run }) => readRun(figure, run)),
    missing: found.filter(({ state }) => state.kind !== 'done').map(({ run }) => run.name),
  };
}

function readRun(figure: FigureChoice, run: StudyRun): TestedStudyRun {
  const tests = [null, ...run.on].map((on): Test => {
    const { evaluation, scores } = findEvaluation(run.dir, on)!;
    const rows = judgedRows(figure, readScores(scores), evaluation);
    const seen = evaluation.groups.find(({ group }) => group === SEEN)?.manipulations ?? [];
    const label = on?.label ?? null;
    const test: Test = {
      ...{ run, on: label, rows, seen, test: evaluation.test },
      name: label === null ? run.name : `${run.name} on ${label}`,
    };
    requireComparable([test]); // finite, of both classes
    return test;
  });
  return { run, tests, minutes: readRunStatus(run.dir).minutes, msPerRound: msPerRoundOf(run) };
}

function msPerRoundOf({ dir, config }: StudyRun): number | null {
  const times = readMetricsLog(path.join(dir, 'metrics.jsonl'))
    .filter(({ tag, step }) => tag === 'speed/ms_per_round' && step > config.game.clean_rounds)
    .map(({ value }) => Number(value))
    .sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? null;
}
