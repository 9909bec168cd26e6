/**
 * Evaluation of a trained detector: the composition root, and what reads a test split. The threshold comes from val with the
 * checkpoint; scores are kept as a table, so that every figure can be computed again.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Skipped, Split } from './data/dataset.ts';
import type { Discriminator } from './discriminator/discriminator.ts';
import type { OpenDataset } from './data/index.ts';
import type { DatasetContext } from './data/module.ts';
import { openLoader, type Loader } from './data/loader.ts';
import { overlapOf, type Overlap } from './data/overlap.ts';
import { createDigester, type SetDigest } from './evaluation/digest.ts';
import { EVALUATION_VERSION, type StoredEvaluation } from './evaluation/evaluation-file.ts';
import { rocAuc } from './evaluation/metrics.ts';
import { score } from './evaluation/score.ts';
import { writeScores, type ScoreRow } from './evaluation/scores.ts';
import { testFigures, type TestFigures } from './evaluation/test-figures.ts';
import { restoreDetector } from './game/players.ts';
import { writeFileAtomic } from './reports/files.ts';
import { loaderOptions, openDetector, openEngine, prepareData } from './prepare.ts';
import type { RunConfig, VariantConfig } from './run-settings.ts';
import { manipulationsIn, readBestCheckpoint } from './trained-run.ts';

/** A dataset that the run was not trained on. */
export interface OtherData {
  /** Its name and settings, checked; its images must be of the detector's size. */
  readonly data: VariantConfig;
  /** What tables and file names call it: short, any text. */
  readonly label: string;
}

/** What came to light of other data. */
export interface OtherFacts {
  /** Names in common with train and val: a leak, if they mean the same videos or people. */
  readonly shared: Pick<Overlap, 'videos' | 'identities'>;
  /** Files that could not be used. */
  readonly skipped: readonly Skipped[];
}

export interface EvaluateOptions {
  /** The run folder that `train` filled. */
  readonly dir: string;
  /** Tests on this dataset's test split in place of the run's own. */
  readonly on?: OtherData | undefined;
  readonly progress: DatasetContext['progress'];
}

export interface RunEvaluation extends TestFigures {
  /** Round of the evaluated checkpoint, the best on val. */
  readonly round: number;
  /** AUC on val when the checkpoint was saved. */
  readonly valAuc: number;
  /** What the detector was shown: the test set, and val with its AUC now. */
  readonly test: SetDigest;
  readonly val: SetDigest & { readonly auc: number };
  readonly rows: readonly ScoreRow[];
  /** What is to be known of other data; null for the run's own test. */
  readonly other: OtherFacts | null;
  /** The files written. */
  readonly files: readonly [scores: string, evaluation: string, val: string];
}

/** Names of the two groups of test manipulations. */
export const SEEN = 'seen';
export const UNSEEN = 'unseen';

/**
 * Scores val and a test split, the run's own unless `on` names another dataset, with the run's best checkpoint at the threshold chosen on the
 * run's val. Writes `scores-val.csv`, `scores-test.csv` and `evaluation.json` into the run folder; for other data the latter two under names of
 * their own, see {@link filesFor}. Manipulations are grouped into those that the run's training split holds, by their names, and those that it
 * does not.
 *
 * @throws if the run has no finished evaluation on val, its checkpoint is of another detector, or the other data have images of another
 *   size or files in common with the run's train or val split
 */
export async function evaluate(config: RunConfig, options: EvaluateOptions): Promise<RunEvaluation> {
  const { dir, on, progress } = options;
  openEngine(config.runtime);
  const { checkpoint, round, auc: valAuc, threshold } = readBestCheckpoint(dir);
  const own = await prepareData(config.data, config.seed, progress);
  const tested = on === undefined ? own : await prepareData(on.data, config.seed, progress);
  const other = on === undefined ? null : await checkOther(own, tested, on, dir);
  const detector = await openDetector(config, own.size, undefined, manipulationsIn(checkpoint));
  try {
    restoreDetector(detector, checkpoint);
    const [val, test] = await scoreBoth(detector, own, tested, config);
    const figures = testFigures(val.rows, test.rows, {
      threshold,
      seed: config.seed,
      resamples: config.evaluation.resamples,
      groups: groupsOf(test.rows, new Set(own.samples('train').map((sample) => sample.manipulation))),
    });
    const seen = { test: test.digest, val: { ...val.digest, auc: aucOf(val.rows) } };
    const files = filesFor(dir, on, tested);
    writeScores(files[2], val.rows);
    writeScores(files[0], test.rows);
    const stored: StoredEvaluation = {
      version: EVALUATION_VERSION,
      ...(on === undefined ? {} : { data: on.data, ...other }),
      ...{ round, valAuc, ...seen, ...figures },
    };
    writeFileAtomic(files[1], `${JSON.stringify(stored, null, 2)}\n`);
    return { round, valAuc, ...seen, ...figures, rows: test.rows, other, files };
  } finally {
    detector.dispose();
  }
}

interface ScoredSplit {
  readonly rows: readonly ScoreRow[];
  readonly digest: SetDigest;
}

/** Scores val of the run's own data and the test of what it is tested on. */
async function scoreBoth(
  detector: Discriminator,
  own: OpenDataset,
  tested: OpenDataset,
  config: RunConfig,
): Promise<[val: ScoredSplit, test: ScoredSplit]> {
  const scored = async (loader: Loader, split: Split): Promise<ScoredSplit> => {
    const { passing, digest } = createDigester();
    const rows = await score(detector, passing(loader.evalBatches(split, config.evaluation.batch_size)));
    return { rows, digest: digest() };
  };
  const loader = await openLoader(own, loaderOptions(config));
  try {
    const val = await scored(loader, 'val');
    if (tested === own) return [val, await scored(loader, 'test')];
    const other = await openLoader(tested, loaderOptions(config));
    return [val, await scored(other, 'test').finally(() => other.close())];
  } finally {
    await loader.close();
  }
}

function aucOf(rows: readonly ScoreRow[]): number {
  return rocAuc(
    rows.map(({ label }) => label),
    rows.map((row) => row.score),
    { group: 'val' },
  );
}

/** Refuses other data that the detector cannot see, or was trained on or chosen by. */
async function checkOther(
  own: OpenDataset,
  tested: OpenDataset,
  { label }: OtherData,
  dir: string,
): Promise<OtherFacts> {
  if (tested.size !== own.size) {
    throw new Error(
      `${label}: its images have ${tested.size} pixels a side, and the detector of ${dir} sees ${own.size}; set data.size=${own.size}`,
    );
  }
  const known = [...own.samples('train'), ...own.samples('val')];
  const { files, ...shared } = await overlapOf(known, tested.samples('test'));
  if (files.length > 0) {
    throw new Error(
      `${label}: its test split has ${files.length} ${files.length === 1 ? 'file' : 'files'} of the data that ${dir} was trained on or ` +
        `chosen by, so it would test memory; the first: ${files[0]}. Take them out, or name other data`,
    );
  }
  return { shared, skipped: tested.skipped };
}

/**
 * `scores-test.csv` and `evaluation.json`, for other data with `-LABEL-HASH` before the ending. The hash is of the settings and of the test
 * split's samples, so that tests on different data never overwrite one another.
 */
function filesFor(dir: string, on: OtherData | undefined, tested: OpenDataset): RunEvaluation['files'] {
  let name = '';
  if (on !== undefined) {
    const samples = tested.samples('test').map(({ id, file, label }) => [id, file, label]);
    const hash = createHash('sha256').update(JSON.stringify([on.data, samples]));
    const readable = on.label.replace(/[^\w.=-]+/g, '_').slice(0, LONGEST_LABEL);
    name = `-${readable}-${hash.digest('hex').slice(0, 8)}`;
  }
  const inDir = (file: string): string => path.join(dir, file);
  return [inDir(`scores-test${name}.csv`), inDir(`evaluation${name}.json`), inDir('scores-val.csv')];
}

/** Characters of a label in a file's name, which has to stay below the 255 bytes of most file systems. */
const LONGEST_LABEL = 100;

/** The test set's manipulations, apart by whether training showed them; a group without any is left out. */
function groupsOf(
  rows: readonly ScoreRow[],
  trained: ReadonlySet<string>,
): Record<string, readonly string[]> {
  const tested = [...new Set(rows.filter((row) => row.label === 1).map((row) => row.manipulation))].sort();
  const groups = {
    [SEEN]: tested.filter((manipulation) => trained.has(manipulation)),
    [UNSEEN]: tested.filter((manipulation) => !trained.has(manipulation)),
  };
  return Object.fromEntries(Object.entries(groups).filter(([, members]) => members.length > 0));
}
