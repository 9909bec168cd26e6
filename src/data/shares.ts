/**
 * Training batches out of several lists of samples, in given shares. Which list gives the next pair is the chairman assignment problem
 * (Tijdeman, "The chairman assignment problem", Discrete Mathematics 32, 1980): after any number of pairs, no list is a whole pair away
 * from its share.
 */
import type { PlanSettings } from './batch-settings.ts';
import type { Sample } from './dataset.ts';
import { checkBatchSize, planBatches, type BatchPlan } from './sampling.ts';

/** A part of a dataset that has its own share of the training batches. */
export interface Share {
  /** For messages. */
  readonly name: string;
  /** ≥ 0; relative to the sum of all. */
  readonly weight: number;
  readonly holds: (sample: Sample) => boolean;
}

/**
 * As {@link planBatches}, each pair from the part whose turn it is: the same pure function of its arguments. Parts of weight 0 give none.
 *
 * @throws as planBatches does, naming the part
 */
export function planShares(
  samples: readonly Sample[],
  shares: readonly Share[],
  batchSize: number,
  seed: number,
  settings: PlanSettings,
): BatchPlan {
  checkBatchSize(batchSize);
  const drawing = shares.filter(({ weight }) => weight > 0);
  const total = drawing.reduce((sum, { weight }) => sum + weight, 0);
  const pairs = drawing.map(({ name, holds }) => {
    try {
      return planBatches(samples.filter(holds), 2, seed, settings);
    } catch (cause) {
      throw new Error(`${name}: ${(cause as Error).message}`, { cause });
    }
  });
  const turns = turnsOf(drawing.map(({ weight }) => weight / total));
  const half = batchSize / 2;
  return (n) => {
    if (!Number.isSafeInteger(n) || n < 0) throw new Error(`a batch number is 0, 1, 2, …; got ${n}`);
    return Array.from({ length: half }, (_, i) => {
      const { part, before } = turns(n * half + i);
      return pairs[part]!(before);
    }).flat();
  };
}

/** Whose turn it is, and how many turns it has had before. */
type Turns = (slot: number) => { readonly part: number; readonly before: number };

/** @param shares positive, of sum 1 */
export function turnsOf(shares: readonly number[]): Turns {
  const slack = shares.length === 1 ? 0 : 1 / (2 * shares.length - 2);
  let counts: number[] = shares.map(() => 0);
  let next = 0;
  const take = (): { readonly part: number; readonly before: number } => {
    next++;
    let best = -1;
    let deadline = Infinity;
    shares.forEach((share, i) => {
      const owed = next * share - counts[i]!;
      const due = (1 - slack - owed) / share;
      if (owed >= slack - 1e-9 && due < deadline) [best, deadline] = [i, due];
    });
    return { part: best, before: counts[best]!++ };
  };
  return (slot) => {
    if (slot < next) [counts, next] = [shares.map(() => 0), 0];
    while (next < slot) take();
    return take();
  };
}
