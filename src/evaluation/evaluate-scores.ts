/** From a score table to the figures of a results table. */
import { bootstrapIntervals } from './bootstrap.ts';
import type { Interval } from './bootstrap.ts';
import { countAbove, rankByScore } from './counts.ts';
import type { Ranking } from './counts.ts';
import { accuraciesOf, aucOf, averagePrecisionOf, eerOf } from './metrics.ts';
import type { ScoreRow } from './scores.ts';

/** A metric and its bootstrap interval (null when no intervals were asked for). */
export interface Estimate {
  readonly value: number;
  readonly interval: Interval | null;
}

/** Metrics of some manipulations, pooled, against all reals of the table. */
export interface GroupEvaluation {
  readonly group: string;
  readonly manipulations: readonly string[];
  readonly reals: number;
  readonly fakes: number;
  /** Distinct videoIds among the rows. */
  readonly videos: number;
  /** Pooled over the manipulations. */
  readonly auc: Estimate;
  /** Mean of the AUCs of the single manipulations, so that a large one does not drown a small one. */
  readonly macroAuc: Estimate;
  readonly ap: Estimate;
  readonly eer: Estimate;
  readonly accuracy: Estimate;
  readonly balancedAccuracy: Estimate;
  /** Bootstrap draws that held one class only and were drawn anew. */
  readonly redrawn: number;
}

export interface Evaluation {
  readonly threshold: number;
  readonly overall: GroupEvaluation;
  /** One a manipulation, in alphabetical order. */
  readonly perManipulation: readonly GroupEvaluation[];
  /** The groups asked for, in their order. */
  readonly groups: readonly GroupEvaluation[];
}

export interface EvaluationOptions {
  /** Decision threshold, fixed on the validation split ({@link bestThreshold}), never on these rows. */
  readonly threshold: number;
  readonly seed: number;
  /** Bootstrap resamples a group, units = videoId; 0 for no intervals. */
  readonly resamples: number;
  /** Further groups by name, e.g. `{ seen: ['deepfakes'], unseen: ['faceswap'] }`. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
}

type MetricName = 'auc' | 'macroAuc' | 'ap' | 'eer' | 'accuracy' | 'balancedAccuracy';

/**
 * Metrics over all rows, for each manipulation against all reals, and for the groups asked for.
 *
 * @throws if there are no reals or no fakes, a score is not finite (names the id), rows of several splits are mixed,
 *   or a group names a manipulation that the table does not hold
 */
export function evaluateScores(rows: readonly ScoreRow[], options: EvaluationOptions): Evaluation {
  const splits = [...new Set(rows.map((row) => row.split))];
  if (splits.length > 1) {
    throw new Error(`the rows come from several splits (${splits.join(', ')}); evaluate one split at a time`);
  }
  const known = [...new Set(rows.filter((row) => row.label === 1).map((row) => row.manipulation))].sort();
  const evaluate = (group: string, manipulations: readonly string[]): GroupEvaluation => {
    const absent = manipulations.filter((name) => !known.includes(name));
    if (absent.length > 0) {
      throw new Error(
        `group '${group}': no rows of ${absent.join(', ')}; the table holds ${known.join(', ')}`,
      );
    }
    return evaluateGroup(group, rows, manipulations, options);
  };
  return {
    threshold: options.threshold,
    overall: evaluate('overall', known),
    perManipulation: known.map((name) => evaluate(name, [name])),
    groups: Object.entries(options.groups ?? {}).map(([name, members]) => evaluate(name, members)),
  };
}

function evaluateGroup(
  group: string,
  allRows: readonly ScoreRow[],
  manipulations: readonly string[],
  options: EvaluationOptions,
): GroupEvaluation {
  const rows = allRows.filter((row) => row.label === 0 || manipulations.includes(row.manipulation));
  const ranking = rankByScore(
    rows.map((row) => row.label),
    rows.map((row) => row.score),
    { group, ids: rows.map((row) => row.id) },
  );
  const everyRowOnce = new Int32Array(rows.length).fill(1);
  const values = metricsOf(ranking, rows, manipulations, options.threshold, everyRowOnce);
  const bootstrap =
    options.resamples === 0
      ? null
      : bootstrapIntervals<MetricName>(
          rows.map((row) => row.videoId),
          (multiplicity) =>
            holdsAll(rows, manipulations, multiplicity)
              ? metricsOf(ranking, rows, manipulations, options.threshold, multiplicity)
              : null,
          { seed: options.seed, resamples: options.resamples, group },
        );
  const estimate = (name: MetricName): Estimate => ({
    value: values[name],
    interval: bootstrap?.intervals[name] ?? null,
  });
  return {
    group,
    manipulations,
    reals: rows.filter((row) => row.label === 0).length,
    fakes: rows.filter((row) => row.label === 1).length,
    videos: new Set(rows.map((row) => row.videoId)).size,
    auc: estimate('auc'),
    macroAuc: estimate('macroAuc'),
    ap: estimate('ap'),
    eer: estimate('eer'),
    accuracy: estimate('accuracy'),
    balancedAccuracy: estimate('balancedAccuracy'),
    redrawn: bootstrap?.redrawn ?? 0,
  };
}

function metricsOf(
  ranking: Ranking,
  rows: readonly ScoreRow[],
  manipulations: readonly string[],
  threshold: number,
  multiplicity: Int32Array,
): Record<MetricName, number> {
  const pooled = countAbove(ranking, multiplicity);
  const auc = aucOf(pooled);
  const aucAgainst = (manipulation: string): number =>
    aucOf(
      countAbove(
        ranking,
        multiplicity.map((times, index) =>
          rows[index]!.label === 0 || rows[index]!.manipulation === manipulation ? times : 0,
        ),
      ),
    );
  return {
    auc,
    macroAuc: manipulations.length === 1 ? auc : mean(manipulations.map(aucAgainst)),
    ap: averagePrecisionOf(pooled),
    eer: eerOf(pooled),
    ...accuraciesOf(pooled, threshold),
  };
}

/** True if the resample holds a real and at least one fake of each manipulation. */
function holdsAll(
  rows: readonly ScoreRow[],
  manipulations: readonly string[],
  multiplicity: Int32Array,
): boolean {
  const present = new Set<string>();
  rows.forEach((row, index) => {
    if (multiplicity[index]! > 0) present.add(row.manipulation);
  });
  return present.has('real') && manipulations.every((name) => present.has(name));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
