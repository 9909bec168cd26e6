/** The AUC of groups of manipulations alone, with intervals: for sweeps of many score tables, where all figures of each would take minutes. */
import { bootstrapIntervals } from './bootstrap.ts';
import type { Estimate } from './evaluate-scores.ts';
import { meanOf, onPart, pooledAuc } from './resampled.ts';
import type { ScoreRow } from './scores.ts';

/**
 * For each group the mean of its manipulations' AUCs against all reals, as `macroAuc` of {@link evaluateScores}; the intervals of all groups are from the same
 * resamples of videos.
 *
 * @param groups manipulations by the group's name, at least one each
 * @param options resamples 0 for no intervals
 * @throws if there are no reals, a group or a manipulation has no fakes, or a score is not finite
 */
export function macroAucs(
  rows: readonly ScoreRow[],
  groups: Readonly<Record<string, readonly string[]>>,
  { seed, resamples }: { readonly seed: number; readonly resamples: number },
): Readonly<Record<string, Estimate>> {
  const empty = Object.keys(groups).find((group) => groups[group]!.length === 0);
  if (empty !== undefined) throw new Error(`group '${empty}' has no manipulations: an AUC needs fakes`);
  const manipulations = [...new Set(Object.values(groups).flat())];
  const aucs = manipulations.map((manipulation) => {
    const isIn = (row: ScoreRow): boolean => row.label === 0 || row.manipulation === manipulation;
    return onPart(rows, isIn, pooledAuc, { group: manipulation });
  });
  const inGroups = (multiplicity: Int32Array): Record<string, number> | null => {
    const byName = new Map(manipulations.map((name, i) => [name, aucs[i]!(multiplicity)]));
    const means = Object.entries(groups).map(
      ([group, members]) => [group, meanOf(members.map((name) => byName.get(name)!))] as const,
    );
    return means.some(([, mean]) => mean === null)
      ? null
      : (Object.fromEntries(means) as Record<string, number>);
  };
  const values = inGroups(new Int32Array(rows.length).fill(1));
  if (values === null) {
    const without = manipulations.filter((name) => !rows.some((row) => row.manipulation === name));
    throw new Error(
      without.length > 0
        ? `${without.join(', ')}: only reals, no fakes: an AUC needs both`
        : 'the table holds only fakes: an AUC needs reals too',
    );
  }
  const intervals =
    resamples === 0
      ? null
      : bootstrapIntervals(
          rows.map(({ videoId }) => videoId),
          inGroups,
          { seed, resamples, group: 'macro AUC' },
        ).intervals;
  return Object.fromEntries(
    Object.entries(values).map(([group, value]) => [group, { value, interval: intervals?.[group] ?? null }]),
  );
}
