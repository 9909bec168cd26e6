/** The figures of a test by name, and over seeds. */
import type { Estimate } from '../evaluation/evaluate-scores.ts';
import { overSeeds, type OverSeeds } from '../evaluation/seeds.ts';
import type { CheckedEvaluation } from './run-test.ts';
import type { TestedGroup } from './scene.ts';

/** A figure of a test. */
export interface NamedEstimate extends Estimate {
  readonly name: string;
}

/** The main figures, in the order of a table's columns; a figure that the test has not is not there. */
export function mainFigures(evaluation: CheckedEvaluation): NamedEstimate[] {
  const { groups, overall, videos, calibration } = evaluation;
  const { before, after } = calibration.test;
  const plain = (name: string, value: number): NamedEstimate => ({ name, value, interval: null });
  const named = (name: string, estimate: Estimate): NamedEstimate => ({ name, ...estimate });
  return [
    ...groups.map(({ group, macroAuc }) => named(`AUC ${group}`, macroAuc)),
    named('AUC pooled', overall.auc),
    ...(videos === null ? [] : [named('AUC pooled, videos', videos.overall.auc)]),
    named('AP', overall.ap),
    named('EER', overall.eer),
    named('accuracy', overall.balancedAccuracy),
    ...(videos === null ? [] : [named('accuracy, videos', videos.overall.balancedAccuracy)]),
    plain('Brier', before.brier.score),
    plain('Brier, at T', after.brier.score),
    plain('ECE', before.ece),
    plain('ECE, at T', after.ece),
    plain('T', calibration.temperature.value),
  ];
}

/** AUC of each manipulation against all reals, of images. */
export function manipulationFigures({ perManipulation }: CheckedEvaluation): NamedEstimate[] {
  return perManipulation.map(({ group, auc }) => ({ name: group, ...auc }));
}

/** Figures of a group's runs; `figures` null where one of them has no figure of that name. */
export interface SeedFigures {
  readonly name: string;
  readonly over: OverSeeds | null;
  /** Of the single run where there is one alone. */
  readonly interval: Estimate['interval'];
}

/** The figures of the names, each over the seeds of a group. Nothing is skipped: a figure that one run lacks has no mean. */
export function figuresOverSeeds(
  { entries }: TestedGroup,
  names: readonly string[],
  of: (evaluation: CheckedEvaluation) => readonly NamedEstimate[],
): SeedFigures[] {
  const runs = entries.map(({ test }) => new Map(of(test.evaluation).map((each) => [each.name, each])));
  return names.map((name) => {
    const found = runs.map((figures) => figures.get(name));
    const all = found.every((each) => each !== undefined) ? found : null;
    return {
      name,
      over: all === null ? null : overSeeds(all.map(({ value }) => value)),
      interval: all?.length === 1 ? all[0]!.interval : null,
    };
  });
}

/** The names of figures that any of the groups' runs has, in the order in which they come. */
export function namesOfFigures(
  groups: readonly TestedGroup[],
  of: (evaluation: CheckedEvaluation) => readonly NamedEstimate[],
): string[] {
  return [
    ...new Set(
      groups.flatMap(({ entries }) =>
        entries.flatMap(({ test }) => of(test.evaluation).map(({ name }) => name)),
      ),
    ),
  ];
}
