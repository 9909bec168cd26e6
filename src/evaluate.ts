/**
 * Evaluation of a trained detector: the composition root, and what reads a test split. The threshold comes from val with the
 * checkpoint; scores are kept as a table, so that every figure can be computed again.
 */
import path from 'node:path';
import type { DatasetContext } from './data/module.ts';
import { openLoader } from './data/loader.ts';
import { evaluateScores, type Evaluation } from './evaluation/evaluate-scores.ts';
import { score } from './evaluation/score.ts';
import { writeScores, type ScoreRow } from './evaluation/scores.ts';
import { restoreDetector } from './game/players.ts';
import { writeFileAtomic } from './reports/files.ts';
import { loaderOptions, openDetector, openEngine, prepareData } from './prepare.ts';
import type { RunConfig } from './run-config.ts';
import { readBestCheckpoint } from './trained-run.ts';

export interface EvaluateOptions {
  /** The run folder that `train` filled. */
  readonly dir: string;
  readonly progress: DatasetContext['progress'];
}

export interface RunEvaluation extends Evaluation {
  /** Round of the evaluated checkpoint, the best on val. */
  readonly round: number;
  readonly valAuc: number;
  readonly rows: readonly ScoreRow[];
}

/** Names of the two groups of test manipulations. */
export const SEEN = 'seen';
export const UNSEEN = 'unseen';

/**
 * Scores the test split with the run's best checkpoint, and writes `scores-test.csv` and `evaluation.json` into the run folder.
 * Manipulations are grouped into those that the training split holds and those that it does not.
 *
 * @throws if the run has no finished evaluation on val, or its checkpoint is of another detector
 */
export async function evaluate(config: RunConfig, options: EvaluateOptions): Promise<RunEvaluation> {
  openEngine(config.runtime);
  const { checkpoint, round, auc, threshold } = readBestCheckpoint(options.dir);
  const dataset = await prepareData(config.data, config.seed, options.progress);
  const detector = await openDetector(config, dataset.size);
  const loader = await openLoader(dataset, loaderOptions(config));
  try {
    restoreDetector(detector, checkpoint);
    const rows = await score(detector, loader.evalBatches('test', config.evaluation.batch_size));
    const evaluation = evaluateScores(rows, {
      threshold,
      seed: config.seed,
      resamples: config.evaluation.resamples,
      groups: groupsOf(rows, new Set(dataset.samples('train').map((sample) => sample.manipulation))),
    });
    const result = { round, valAuc: auc, ...evaluation };
    writeScores(path.join(options.dir, 'scores-test.csv'), rows);
    writeFileAtomic(path.join(options.dir, 'evaluation.json'), `${JSON.stringify(result, null, 2)}\n`);
    return { ...result, rows };
  } finally {
    await loader.close();
    detector.dispose();
  }
}

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
