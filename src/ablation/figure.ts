/** Which figure a study's table is of: a metric, of images or of videos. */
import type { StoredEvaluation } from '../evaluation/evaluation-file.ts';
import {
  balancedAccuracy,
  brier,
  calibrationError,
  pooledAp,
  pooledAuc,
  pooledEer,
  type Metric,
} from '../evaluation/resampled.ts';
import type { ScoreRow } from '../evaluation/scores.ts';
import { hasVideos, videoRows } from '../evaluation/videos.ts';

interface TableMetric {
  readonly title: string;
  readonly plural: string;
  /** What guessing gets, whatever the share of fakes; null where there is no such value. */
  readonly chance: number | null;
  /** Of rows that {@link judgedRows} made. */
  readonly of: Metric;
}

/** By the names that `metric` takes. */
export const METRIC_NAMES = ['auc', 'ap', 'eer', 'balanced_accuracy', 'brier', 'ece'] as const;
export type MetricName = (typeof METRIC_NAMES)[number];

export const METRICS: Readonly<Record<MetricName, TableMetric>> = {
  auc: { title: 'AUC', plural: 'AUCs', chance: 0.5, of: pooledAuc },
  ap: { title: 'AP', plural: 'APs', chance: null, of: pooledAp },
  eer: { title: 'EER', plural: 'EERs', chance: null, of: pooledEer },
  balanced_accuracy: {
    ...{ title: 'balanced accuracy', plural: 'balanced accuracies', chance: 0.5 },
    of: balancedAccuracy(0), // of scores over the threshold
  },
  brier: { title: 'Brier score', plural: 'Brier scores', chance: null, of: brier },
  ece: { title: 'ECE', plural: 'ECEs', chance: null, of: calibrationError },
};

/** Frames and photos one by one, or videos: mean over the images of a face, of several faces the largest. */
export const UNITS = ['images', 'videos'] as const;

/** What a study asks for. */
export interface FigureChoice {
  readonly metric: MetricName;
  readonly unit: (typeof UNITS)[number];
}

/**
 * A test's rows as the figure is made of them: images or videos, and for an accuracy the scores' distances from the threshold that was chosen on val, because every
 * run has its own.
 */
export function judgedRows(
  { metric, unit }: FigureChoice,
  rows: readonly ScoreRow[],
  evaluation: Pick<StoredEvaluation, 'threshold' | 'videos'>,
): readonly ScoreRow[] {
  const asVideos = unit === 'videos' && hasVideos(rows);
  const judged = asVideos ? videoRows(rows) : rows;
  if (metric !== 'balanced_accuracy') return judged;
  if (asVideos && evaluation.videos === null) {
    throw new Error('the evaluation has no figures of videos; run `npm run evaluate` on the run anew');
  }
  const { threshold } = asVideos ? evaluation.videos! : evaluation;
  return judged.map(({ logit: _, ...row }) => ({ ...row, score: row.score - threshold }));
}
