/** Evaluations of several runs side by side: the table and the pictures that people read first. */
import { rocCurve } from './evaluation/metrics.ts';
import type { Evaluation, GroupEvaluation } from './evaluation/evaluate-scores.ts';
import type { ScoreRow } from './evaluation/scores.ts';
import { rocChart } from './reports/charts.ts';
import type { Cell, ResultsTable } from './reports/tables.ts';

/** One evaluated run. */
export interface EvaluatedRun {
  /** What stands in the first column: the opponent. */
  readonly name: string;
  /** What it was tested on, where that is not its own test split. */
  readonly data?: string | undefined;
  /** With figures of videos, or null where they are not to be shown. */
  readonly evaluation: Evaluation & { readonly videos: Evaluation | null };
  readonly rows: readonly ScoreRow[];
  readonly minutes: number;
}

/**
 * AUC per group (the mean over its manipulations), pooled over all of them and per manipulation, with accuracy at val's threshold and the minutes that training
 * took. Where a run has figures of videos it has a row for frames and one for videos; a column names other data than the runs' own. A run has
 * a dash under a group without a manipulation of its test: what one run saw in training another may not have seen.
 */
export function resultsTable(runs: readonly EvaluatedRun[]): ResultsTable {
  const first = runs[0]?.evaluation;
  if (first === undefined) {
    throw new Error('no runs to put into a table');
  }
  const groups = [...new Set(runs.flatMap(({ evaluation }) => evaluation.groups.map(({ group }) => group)))];
  const manipulations = first.perManipulation.map((group) => group.group);
  const onOther = runs.some(({ data }) => data !== undefined);
  const ofVideos = runs.some(({ evaluation }) => evaluation.videos !== null);
  const several = manipulations.length > 1;
  const rowOf = ({ name, data, minutes }: EvaluatedRun, unit: string, evaluation: Evaluation): Cell[] => [
    name,
    ...(ofVideos ? [unit] : []),
    ...(onOther ? [data ?? 'own'] : []),
    ...groups.map((group) => evaluation.groups.find((each) => each.group === group)?.macroAuc ?? '–'),
    ...(several ? [withoutInterval(evaluation.overall.auc)] : []),
    ...manipulations.map((group) => withoutInterval(find(evaluation.perManipulation, group).auc)),
    withoutInterval(evaluation.overall.ap),
    withoutInterval(evaluation.overall.eer),
    withoutInterval(evaluation.overall.balancedAccuracy),
    minutes.toFixed(1),
  ];
  return {
    columns: [
      'opponent',
      ...(ofVideos ? ['of'] : []),
      ...(onOther ? ['data'] : []),
      ...groups.map((group) => `AUC ${group}`),
      ...(several ? ['AUC pooled'] : []),
      ...manipulations,
      'AP',
      'EER',
      'accuracy',
      'minutes',
    ],
    rows: runs.flatMap((run) => [
      rowOf(run, 'frames', run.evaluation),
      ...(run.evaluation.videos === null ? [] : [rowOf(run, 'videos', run.evaluation.videos)]),
    ]),
  };
}

/** ROC curves of the runs on the manipulations of one group, against all reals. */
export function rocOfGroup(group: string, runs: readonly EvaluatedRun[]): ReturnType<typeof rocChart> {
  return rocChart(
    `Manipulations ${group} in training, people never seen`,
    runs.map(({ name, evaluation, rows }) => {
      const { manipulations } = find(evaluation.groups, group);
      const part = rows.filter((row) => row.label === 0 || manipulations.includes(row.manipulation));
      const curve = rocCurve(
        part.map((row) => row.label),
        part.map((row) => row.score),
      );
      return { name, fpr: curve.fpr, tpr: curve.tpr, auc: find(evaluation.groups, group).auc.value };
    }),
  );
}

function find(groups: readonly GroupEvaluation[], name: string): GroupEvaluation {
  const group = groups.find((candidate) => candidate.group === name);
  if (group === undefined) {
    throw new Error(`a run has no group ${name}: the runs were tested on different data`);
  }
  return group;
}

function withoutInterval({ value }: { readonly value: number }): {
  readonly value: number;
  readonly interval: null;
} {
  return { value, interval: null };
}
