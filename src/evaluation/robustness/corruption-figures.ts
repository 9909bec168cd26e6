/** Figures of a detector on corrupted images, out of a score table for each corruption and severity. */
import type { CorruptionName, Severity } from '../../data/corruption/corruptions.ts';
import type { Evaluation, Estimate, GroupEvaluation } from '../evaluate-scores.ts';

/** What a detector reaches on one set of images. */
export interface Reached {
  readonly auc: Estimate;
  /** AUC over a group of manipulations, by the group's name. */
  readonly groups: Readonly<Record<string, Estimate>>;
  /** At the threshold chosen on val; balanced over the classes. */
  readonly accuracy: Estimate;
}

export interface CorruptionPoint extends Reached {
  readonly corruption: CorruptionName;
  readonly severity: Severity;
  /** The corruption's parameter. */
  readonly strength: number;
}

/** Means of figures, by the figure's name. */
export type Means = Readonly<Record<string, number>>;

export interface CorruptionFigures {
  readonly clean: Reached;
  readonly points: readonly CorruptionPoint[];
  /** Over the severities of each corruption. */
  readonly means: Readonly<Record<string, Means>>;
  /** Over the corruptions, each by its mean; what is lost of the clean figure beside it. */
  readonly mean: Means;
  readonly lost: Means;
}

/** The few figures that a curve shows. */
export function reachedOf({ overall, groups }: Evaluation): Reached {
  return {
    auc: overall.auc,
    groups: Object.fromEntries(groups.map(({ group, auc }: GroupEvaluation) => [group, auc])),
    accuracy: overall.balancedAccuracy,
  };
}

/** Sums up the points of the curves. Throws if there are none. */
export function corruptionFigures(clean: Reached, points: readonly CorruptionPoint[]): CorruptionFigures {
  if (points.length === 0) throw new Error('no corruption was applied, so there are no figures');
  const corruptions = [...new Set(points.map(({ corruption }) => corruption))];
  const means = Object.fromEntries(
    corruptions.map((name) => {
      const own = points.filter(({ corruption }) => corruption === name);
      return [name, meansOf(own.map(plainFigures))] as const;
    }),
  );
  const mean = meansOf(Object.values(means));
  const before = plainFigures(clean);
  const lost = Object.fromEntries(Object.entries(mean).map(([name, value]) => [name, before[name]! - value]));
  return { clean, points, means, mean, lost };
}

/** The values by name: `auc`, `accuracy`, `auc_GROUP`. */
export function plainFigures({ auc, groups, accuracy }: Reached): Means {
  return {
    auc: auc.value,
    ...Object.fromEntries(Object.entries(groups).map(([name, { value }]) => [`auc_${name}`, value])),
    accuracy: accuracy.value,
  };
}

function meansOf(figures: readonly Means[]): Means {
  return Object.fromEntries(
    Object.keys(figures[0]!).map((name) => [
      name,
      figures.reduce((sum, each) => sum + each[name]!, 0) / figures.length,
    ]),
  );
}
