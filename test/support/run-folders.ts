/** Run folders as `npm run train` and `npm run evaluate` leave them, of made-up scores: no detector, no images. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { rngFor } from '../../src/data/rng.ts';
import type { Split } from '../../src/data/dataset.ts';
import { EVALUATION_VERSION, type StoredEvaluation } from '../../src/evaluation/evaluation-file.ts';
import { sigmoid } from '../../src/evaluation/logistic.ts';
import { bestThreshold, rocAuc } from '../../src/evaluation/metrics.ts';
import { macroAuc, pooledAuc, valueOf, type Metric } from '../../src/evaluation/resampled.ts';
import { readScores, writeScores, type ScoreRow } from '../../src/evaluation/scores.ts';
import { testFigures } from '../../src/evaluation/test-figures.ts';

export interface MadeRun {
  readonly seed: number;
  readonly generator?: string;
  /** How far apart reals and fakes lie, in standard deviations. */
  readonly skill?: number;
  /** Manipulations of the test; the first half were seen in training. */
  readonly manipulations?: readonly string[];
  readonly videos?: number;
  readonly frames?: number;
  /** Before each id: another test set. */
  readonly prefix?: string;
  /** Stands in for the digest of the pixels. */
  readonly pixels?: string;
  readonly resamples?: number;
  /** Names of the files of a test on other data, `-LABEL-HASH`. */
  readonly suffix?: string;
  /** Another one makes other training data. */
  readonly dataSeed?: number;
  /** Further settings. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** Fills a folder with a finished, tested run. The same arguments give the same files. */
export function makeRun(dir: string, made: MadeRun): void {
  const { seed, generator = 'none', dataSeed = 1, settings = {} } = made;
  mkdirSync(dir, { recursive: true });
  const put = (name: string, content: unknown): void =>
    writeFileSync(
      path.join(dir, name),
      typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`,
    );
  const more = Object.entries(settings).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
  put(
    'config.yaml',
    `data:\n  name: faces\n  seed: ${dataSeed}\ndiscriminator:\n  name: small-cnn\ngenerator:\n  name: ${JSON.stringify(generator)}\ngame:\n  batch_size: 32\nseed: ${seed}\nrun:\n  dir: ${JSON.stringify(dir)}\n${more.join('')}`,
  );
  put('status.json', {
    state: 'finished',
    step: 300,
    updatedAt: '2026-01-31T12:00:00.000Z',
    minutes: 1.5 + seed,
    pid: 1,
  });
  put('versions.json', [
    {
      ...{
        startedAt: '2026-01-31T11:58:00.000Z',
        command: `npm run train -- generator=${generator} seed=${seed}`,
        seed,
      },
      ...{
        tfjs: '4.22.0',
        tensorflow: '2.21.0',
        threads: 1,
        precision: 'float32',
        precisionReason: 'asked for',
      },
      ...{ node: 'v20.19.0', platform: 'linux x64', cpu: 'a CPU', cpuThreads: 2, commit: 'abc' },
    },
  ]);
  const tags = { 'train/loss_d': 0.7, 'val/auc': 0.8, 'speed/ms_per_round': 400, 'memory/resident_mb': 900 };
  put(
    'metrics.jsonl',
    [10, 20, 30]
      .flatMap((step) =>
        Object.entries(tags).map(([tag, value]) => JSON.stringify({ step, tag, value: value - step / 1000 })),
      )
      .map((line) => `${line}\n`)
      .join(''),
  );
  put('results.json', { settings: {}, metrics: { 'best/val_auc': 0.8, 'best/round': 150 } });
  makeTest(dir, made);
}

/** Writes scores and figures of a test into a run folder, as the run's own test or under a suffix. */
export function makeTest(dir: string, made: MadeRun): StoredEvaluation {
  const { seed, pixels = 'p', resamples = 0, suffix = '' } = made;
  const valFile = path.join(dir, 'scores-val.csv');
  const val = suffix === '' ? rowsOf(made, 'val') : readScores(valFile); // of the run's own data always
  const test = rowsOf(made, 'test');
  const labels = val.map(({ label }) => label);
  const scores = val.map(({ score }) => score);
  const threshold = bestThreshold(labels, scores);
  const auc = rocAuc(labels, scores);
  const known = [
    ...new Set(test.filter(({ label }) => label === 1).map(({ manipulation }) => manipulation)),
  ].sort();
  const half = Math.ceil(known.length / 2);
  const groups = { seen: known.slice(0, half), ...(known.length > 1 ? { unseen: known.slice(half) } : {}) };
  const digest = { images: test.length, size: 96, samples: 's', pixels };
  const evaluation: StoredEvaluation = {
    ...{ version: EVALUATION_VERSION, round: 150, valAuc: auc, test: digest, val: { ...digest, auc } },
    ...testFigures(val, test, { threshold, seed, resamples, groups }),
  };
  writeScores(valFile, val);
  writeScores(path.join(dir, `scores-test${suffix}.csv`), test);
  writeFileSync(path.join(dir, `evaluation${suffix}.json`), JSON.stringify(evaluation, null, 2));
  return evaluation;
}

/** Writes what `npm run robustness` and `npm run explain` leave: figures, and the score tables that they are of. */
export function makeCurves(dir: string, made: MadeRun): void {
  let condition = 0;
  const table = (folder: string, name: string, auc: Metric): { value: number } => {
    mkdirSync(path.join(dir, folder), { recursive: true });
    const skill = (made.skill ?? 1) / ++condition;
    const rows = rowsOf({ ...made, skill, generator: `${made.generator} ${name}` }, 'test');
    writeScores(path.join(dir, folder, `${name}.csv`), rows);
    return { value: valueOf(auc, rows) };
  };
  const robust = (name: string) => ({ auc: table('robustness', name, pooledAuc) });
  const filtered = (name: string) => ({ name, auc: { all: table('explanation/scores', name, macroAuc) } });
  const checkpoint = { round: 150 };
  const robustness = {
    ...{ format: 'deepfake-game robustness 1', checkpoint, settings: { split: 'test' } },
    corruptions: {
      ...{ images: 72, clean: robust('clean') },
      points: [1, 2].map((severity) => ({ corruption: 'jpeg', severity, ...robust(`jpeg-${severity}`) })),
    },
    attacks: {
      ...{ images: 72, clean: robust('attacked-clean'), warnings: [{ message: 'gradients are masked' }] },
      points: [0.004, 0.008].map((limit) => ({
        ...{ opponent: 'fgsm', budget: 'eps', limit, adversarial: robust(`fgsm-${limit}`) },
      })),
    },
  };
  const explanation = {
    ...{ format: 'deepfake-game explanation 1', checkpoint, split: 'test', count: 72 },
    spectrum: [
      { kind: 'none', from: 0, to: 0.7, ...filtered('none') },
      { kind: 'band-stop', from: 0.2, to: 0.4, ...filtered('band-stop-1') },
      { kind: 'low-pass', from: 0, to: 0.4, ...filtered('low-pass-1') },
    ],
  };
  writeFileSync(path.join(dir, 'robustness.json'), JSON.stringify(robustness));
  writeFileSync(path.join(dir, 'explanation/explanation.json'), JSON.stringify(explanation));
}

/** Every video has its reals and a forgery by each manipulation; scores of a video share a part of their luck. */
function rowsOf(made: MadeRun, split: Split): ScoreRow[] {
  const {
    seed,
    generator = 'none',
    skill = 1,
    manipulations = ['deepfakes', 'faceswap'],
    videos = 12,
    frames = 2,
    prefix = '',
  } = made;
  const rng = rngFor(seed, 'made-up', generator, split);
  return Array.from({ length: videos }, (_, video) => {
    const luck = rng.normal() / 2;
    return ['real', ...manipulations].flatMap((manipulation) =>
      Array.from({ length: frames }, (__, frame): ScoreRow => {
        const label = manipulation === 'real' ? 0 : 1;
        const logit = rng.normal() + luck + (label === 1 ? skill : 0) - skill / 2;
        const name = `${prefix}${manipulation}/${video}-${frame}.png`;
        return {
          id: name,
          label,
          manipulation,
          videoId: `${prefix}video ${video}`,
          split,
          score: sigmoid(logit),
          logit,
        };
      }),
    );
  }).flat();
}
