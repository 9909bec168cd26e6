/** How many of many settings charts show, and what a chart's lines of them are called. */
import type { Scene, TestedGroup, TestSet } from './scene.ts';

/** Colours that can be told apart. */
const MOST_GROUPS = 7;
/** Test sets with charts. */
const MOST_SETS = 6;
/** Lines of one colour. */
const MOST_SEEDS = 5;

export interface Shown<T> {
  readonly groups: readonly T[];
  /** A sentence for the caption where not all are shown; '' otherwise. */
  readonly left: string;
}

/** The first groups, which is the order in which their runs were named. */
export function shownGroups<T>(groups: readonly T[]): Shown<T> {
  return {
    groups: groups.slice(0, MOST_GROUPS),
    left:
      groups.length <= MOST_GROUPS ? '' : ` The first ${MOST_GROUPS} of ${groups.length} settings are shown.`,
  };
}

/** Test sets that have charts of their own. */
export function shownSets({ sets }: Scene): readonly TestSet[] {
  return sets.slice(0, MOST_SETS);
}

/** At most five runs of a group, a line each. */
export function shownRuns<T>(runs: readonly T[]): readonly T[] {
  return runs.slice(0, MOST_SEEDS);
}

/** What stands in a legend: `none, small-cnn (2 seeds, AUC 0.812)`. */
export function legendOf({ group, entries }: TestedGroup): string {
  const aucs = entries.map(({ test }) => test.evaluation.overall.auc.value);
  const mean = aucs.reduce((sum, auc) => sum + auc) / aucs.length;
  const seeds = entries.length === 1 ? '' : `${entries.length} seeds, mean `;
  return `${group.name} (${seeds}AUC ${mean.toFixed(3)})`;
}

/** Part of a section's name where there are several test sets. */
export function onSet({ sets }: Scene, name: string): string {
  return sets.length === 1 ? '' : ` on ${name}`;
}

/** A chart's file name for the nth test set. */
export function chartName(what: string, place: number): string {
  return place === 0 ? what : `${what}-${place + 1}`;
}
