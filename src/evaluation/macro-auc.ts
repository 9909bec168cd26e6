/** The AUC of groups of manipulations alone, with intervals: for sweeps of many score tables, where all figures of each would take minutes. */
import { bootstrapIntervals } from './bootstrap.ts';
import { countAbove, rankByScore } from './counts.ts';
import { holdsAll, type Estimate } from './evaluate-scores.ts';
import { aucOf } from './metrics.ts';
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
  const parts = manipulations.map((manipulation) => partOf(rows, manipulation));
  const inGroups = (multiplicity: Int32Array): Record<string, number> => {
    const aucs = new Map(
      parts.map(({ manipulation, places, ranking }) => [
        manipulation,
        aucOf(
          countAbove(
            ranking,
            places.map((place) => multiplicity[place]!),
          ),
        ),
      ]),
    );
    return Object.fromEntries(
      Object.entries(groups).map(([group, members]) => [
        group,
        members.reduce((sum, member) => sum + aucs.get(member)!, 0) / members.length,
      ]),
    );
  };
  const values = inGroups(new Int32Array(rows.length).fill(1));
  const intervals =
    resamples === 0
      ? null
      : bootstrapIntervals(
          rows.map(({ videoId }) => videoId),
          (multiplicity) => (holdsAll(rows, manipulations, multiplicity) ? inGroups(multiplicity) : null),
          { seed, resamples, group: 'macro AUC' },
        ).intervals;
  return Object.fromEntries(
    Object.entries(values).map(([group, value]) => [group, { value, interval: intervals?.[group] ?? null }]),
  );
}

/** All reals and the fakes of one manipulation. */
function partOf(rows: readonly ScoreRow[], manipulation: string) {
  const places = Int32Array.from(
    rows.flatMap((row, place) => (row.label === 0 || row.manipulation === manipulation ? [place] : [])),
  );
  const part = Array.from(places, (place) => rows[place]!);
  const ranking = rankByScore(
    part.map(({ label }) => label),
    part.map(({ score }) => score),
    { group: manipulation, ids: part.map(({ id }) => id) },
  );
  return { manipulation, places, ranking };
}
