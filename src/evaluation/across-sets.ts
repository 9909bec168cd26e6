/**
 * One detector over several test sets. The mean of the sets' AUCs does not see that scores of one set lie as a whole above those of another, where one
 * threshold has to serve both; the AUC of all rows pooled does.
 */
import { bootstrapSamples, intervalOf, type BootstrapOptions } from './bootstrap.ts';
import type { Estimate } from './evaluate-scores.ts';
import { meanOf, onPart, pooledAuc } from './resampled.ts';
import type { ScoreRow } from './scores.ts';

/** A test set by name, with the detector's scores. */
export interface ScoredSet {
  readonly name: string;
  readonly rows: readonly ScoreRow[];
}

export interface AcrossSets {
  /** AUC over the rows of all sets. */
  readonly pooled: Estimate;
  /** Mean of the AUCs of the single sets. */
  readonly macro: Estimate;
  readonly perSet: readonly { readonly name: string; readonly auc: number }[];
}

/**
 * Pooled and mean AUC over test sets. Units of the bootstrap are videos, those of equal name in two sets two of them.
 *
 * @param options `resamples` 0 for no intervals
 * @throws if a name comes twice, a set lacks a class, or a score is not finite
 */
export function acrossSets(sets: readonly ScoredSet[], options: BootstrapOptions): AcrossSets {
  const twice = sets.find(({ name }, i) => sets.findIndex((set) => set.name === name) !== i);
  if (twice !== undefined) throw new Error(`test set ${twice.name} is there twice; it would count twice`);
  const setOf = new Map<ScoreRow, string>();
  const rows = sets.flatMap(({ name, rows: own }) =>
    own.map((row) => {
      const named = {
        ...row,
        id: JSON.stringify([name, row.id]),
        videoId: JSON.stringify([name, row.videoId]),
      };
      setOf.set(named, name);
      return named;
    }),
  );
  const { group } = options;
  const pooled = pooledAuc(rows, { group });
  const aucs = sets.map(({ name }) =>
    onPart(rows, (row) => setOf.get(row) === name, pooledAuc, { group: `${group}, ${name}` }),
  );
  const once = new Int32Array(rows.length).fill(1);
  const perSet = sets.map(({ name }, i) => ({ name, auc: requireValue(aucs[i]!(once), name) }));
  const intervals =
    options.resamples === 0
      ? null
      : bootstrapSamples<'pooled' | 'macro'>(
          rows.map(({ videoId }) => videoId),
          (multiplicity) => {
            const values = {
              pooled: pooled(multiplicity),
              macro: meanOf(aucs.map((auc) => auc(multiplicity))),
            };
            const { pooled: one, macro: other } = values;
            return one === null || other === null ? null : { pooled: one, macro: other };
          },
          options,
        );
  const estimate = (key: 'pooled' | 'macro', value: number): Estimate => ({
    value,
    interval: intervals === null ? null : intervalOf(intervals.samples[key], options.confidence),
  });
  return {
    pooled: estimate('pooled', requireValue(pooled(once), group)),
    macro: estimate('macro', requireValue(meanOf(perSet.map(({ auc }) => auc)), group)),
    perSet,
  };
}

function requireValue(value: number | null, name: string): number {
  if (value === null) throw new Error(`${name}: an AUC needs reals and fakes; one of them is missing`);
  return value;
}
