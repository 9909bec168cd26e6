/** A run folder as a report sees it: what was run, how it went, and its tests as far as they can be believed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { plainValue } from '../config/tree.ts';
import { readConfigFile } from '../config/yaml-source.ts';
import { readMetricsLog } from '../reports/metrics-log.ts';
import { readRunStatus, type RunStatus } from '../reports/run-folder.ts';
import type { Versions } from '../reports/versions.ts';
import { LeftOut, orProblem, reading, type Problem } from './problem.ts';
import { readTest, type RunTest } from './run-test.ts';
import { flatSettings, type Settings } from '../reports/settings.ts';
import { CURVE_KINDS, readCurves, type StoredCurves } from './stored-curves.ts';
import { trainingLogOf, type TrainingLog } from './training-log.ts';

export interface ReportedRun {
  /** What the report calls it; no other run's. */
  readonly name: string;
  readonly dir: string;
  readonly settings: Settings;
  readonly seed: number;
  readonly status: RunStatus;
  readonly starts: readonly Versions[];
  readonly training: TrainingLog;
  readonly tests: readonly RunTest[];
  /** What other commands measured of the same checkpoint. */
  readonly curves: readonly StoredCurves[];
}

export interface ReadRun {
  /** Null if the run is left out. */
  readonly run: ReportedRun | null;
  readonly problems: readonly Problem[];
}

/** Reads a run folder. What is wrong with it is told, and it, or the test that is wrong, left out. */
export function readRun(dir: string, name: string): ReadRun {
  const read = orProblem(name, () => withoutTests(dir, name));
  if ('problem' in read) return { run: null, problems: [read.problem] };
  const tests = suffixesIn(dir).map((suffix) => orProblem(name, () => testOf(dir, suffix)));
  const problems = tests.flatMap((each) => ('problem' in each ? [each.problem] : []));
  const good = tests.flatMap((each) => ('value' in each ? [each.value] : []));
  if (good.length === 0) return { run: null, problems };
  const { round } = good[0]!.evaluation;
  const curves = CURVE_KINDS.map((kind) => orProblem(name, () => readCurves(dir, kind, round)));
  return {
    run: {
      ...{ ...read.value, tests: good },
      curves: curves.flatMap((each) => ('value' in each && each.value !== null ? [each.value] : [])),
    },
    problems: [...problems, ...curves.flatMap((each) => ('problem' in each ? [each.problem] : []))],
  };
}

/** Names of run folders: their last part, and as much before it as tells them apart. */
export function namesOf(dirs: readonly string[]): string[] {
  const parts = dirs.map((dir) => path.resolve(dir).split(path.sep));
  const ending = (each: readonly string[], length: number): string => each.slice(-length).join('/');
  return parts.map((each) => {
    const length = each.findIndex(
      (_, i) => parts.filter((other) => ending(other, i + 1) === ending(each, i + 1)).length === 1,
    );
    return ending(each, length + 1);
  });
}

function withoutTests(dir: string, name: string): Omit<ReportedRun, 'tests' | 'curves'> {
  const file = (part: string): string => path.join(dir, part);
  const isRun = 'name the folder of a run, which `npm run train` made';
  for (const part of ['config.yaml', 'status.json', 'versions.json']) {
    if (!existsSync(file(part))) throw new LeftOut(file(part), 'is missing', isRun);
  }
  const status = reading(file('status.json'), isRun, () => readRunStatus(dir));
  if (status.state !== 'finished') {
    throw new LeftOut(
      file('status.json'),
      `the run is ${status.state} at round ${status.step}, and a detector in the making is no result`,
      status.state === 'running'
        ? 'wait for its end'
        : `train it to its end: npm run train -- --resume ${dir}`,
    );
  }
  const settings = reading(file('config.yaml'), isRun, () =>
    flatSettings(plainValue(readConfigFile(file('config.yaml')).root)),
  );
  const seed = Number(settings.get('seed'));
  if (!Number.isSafeInteger(seed)) throw new LeftOut(file('config.yaml'), 'has no seed', isRun);
  return {
    ...{ name, dir, settings, seed, status },
    starts: reading(file('versions.json'), isRun, () => startsIn(file('versions.json'))),
    training: reading(file('metrics.jsonl'), 'mend that line, or train the run anew', () =>
      trainingLogOf(readMetricsLog(file('metrics.jsonl'))),
    ),
  };
}

function startsIn(file: string): Versions[] {
  const starts: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(starts) || starts.length === 0) throw new Error('holds no start of the run');
  return starts as Versions[];
}

/** `''` for the run's own test, which comes first and is always looked for; `-LABEL-HASH` for other data. */
function suffixesIn(dir: string): string[] {
  const others = readdirSync(dir)
    .map((name) => /^evaluation(-.+)\.json$/.exec(name)?.[1])
    .filter((suffix) => suffix !== undefined)
    .sort();
  return ['', ...others];
}

/** A test of the checkpoint that the run now calls its best. */
function testOf(dir: string, suffix: string): RunTest {
  const own = path.join(dir, 'evaluation.json');
  if (suffix === '' && !existsSync(own)) {
    throw new LeftOut(own, 'is missing: the run was never tested', `npm run evaluate -- ${dir}`);
  }
  const test = readTest(dir, suffix);
  const best = bestRound(path.join(dir, 'results.json'));
  if (best !== null && best !== test.evaluation.round) {
    throw new LeftOut(
      test.files.evaluation,
      `is of round ${test.evaluation.round}, and the best is round ${best} since the run went on`,
      `evaluate it again: npm run evaluate -- ${dir}`,
    );
  }
  return test;
}

function bestRound(file: string): number | null {
  if (!existsSync(file)) return null;
  const results = reading(file, 'delete it', () => JSON.parse(readFileSync(file, 'utf8')) as unknown);
  const round = (results as { readonly metrics?: Readonly<Record<string, unknown>> } | null)?.metrics?.[
    'best/round'
  ];
  return typeof round === 'number' ? round : null;
}
