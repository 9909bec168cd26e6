/**
 * Which samples make up training batch n: a pure function of (samples, batch size, seed, n), so that a run resumed at n sees exactly
 * the batches that it would have seen without a stop.
 *
 * Half of a batch is real and half fake, row 2i beside row 2i + 1; the fakes take the manipulations in turn. Where the dataset has
 * pairs, a fake comes with its own real (Sample.pair). What is in no pair is dealt out beside them, in proportion to its number and
 * balanced in the same way. Every list is gone through without replacement, in a new order each epoch. The settings say otherwise: no
 * pairs, another balance, some images of each video.
 */
import { PLAIN_BATCHES, type BatchSettings } from './batch-settings.ts';
import { FAKE, REAL } from './dataset.ts';
import type { Sample } from './dataset.ts';
import { rngFor } from './rng.ts';
import { videoDeck } from './video-deck.ts';

/** The samples of training batch n, n = 0, 1, …: reals at even rows, their fakes at odd rows. */
export type BatchPlan = (n: number) => readonly Sample[];

/** What each manipulation contributes, or all of them together where they are not balanced. */
interface Stream {
  readonly paired: Deck;
  readonly alone: Deck;
  /** The share of its slots whose fake and real are drawn independently; 0 if all are in pairs. */
  readonly aloneShare: number;
}

/** A list dealt out again and again, each time in another order. */
export interface Deck {
  readonly size: number;
  /** The card at position 0, 1, … of the endless deal, and which time round it is. */
  readonly at: (position: number) => { readonly sample: Sample; readonly epoch: number };
}

/**
 * @param samples of the train split
 * @param batchSize an even number: half of it real, half fake
 * @throws if the batch size is odd or not positive, or a class is empty
 */
export function planBatches(
  samples: readonly Sample[],
  batchSize: number,
  seed: number,
  settings: BatchSettings = PLAIN_BATCHES,
): BatchPlan {
  if (!Number.isInteger(batchSize) || batchSize < 2 || batchSize % 2 !== 0) {
    throw new Error(`the batch size must be an even number, half real and half fake; it is ${batchSize}`);
  }
  const reals = samples.filter(({ label }) => label === REAL);
  const fakes = samples.filter(({ label }) => label === FAKE);
  if (reals.length === 0 || fakes.length === 0) {
    const kind = reals.length === 0 ? 'real' : 'fake';
    throw new Error(
      `the train split has no ${kind} sample (${samples.length} in all); training needs both classes`,
    );
  }
  const { paired: inPairs, balance } = settings;
  const realsOf = inPairs ? byPair(reals) : new Map<string, readonly Sample[]>();
  const pairsWithFakes = new Set(inPairs ? fakes.map(({ pair }) => pair) : []);
  const lonelyReals = reals.filter(({ pair }) => !pairsWithFakes.has(pair));
  const deckOf = decks(samples, seed, settings);
  const realDeck = deckOf('real', lonelyReals.length > 0 ? lonelyReals : reals);
  const share = (part: readonly Sample[], all: readonly Sample[]): number =>
    part.length === 0 ? 0 : deckOf('', part).size / deckOf('', all).size;
  const lonelyRealShare = share(lonelyReals, reals);

  const kindOf = ({ manipulation }: Sample): string => (balance === 'manipulation' ? manipulation : 'all');
  const kinds = [...new Set(fakes.map(kindOf))].sort();
  const streams = kinds.map((kind): Stream => {
    const mine = fakes.filter((fake) => kindOf(fake) === kind);
    const paired = mine.filter(({ pair }) => realsOf.has(pair));
    const alone = mine.filter(({ pair }) => !realsOf.has(pair));
    const aloneShare = paired.length === 0 ? 1 : Math.max(share(alone, mine), lonelyRealShare);
    return {
      paired: deckOf(`paired ${kind}`, paired),
      alone: deckOf(`alone ${kind}`, alone.length > 0 ? alone : mine),
      aloneShare,
    };
  });
  const drawPair = (slot: number): readonly Sample[] => {
    const k = slot % streams.length;
    const turn = Math.floor(slot / streams.length);
    const { paired, alone, aloneShare } = streams[k] as Stream;
    const alonesBefore = Math.floor(turn * aloneShare);
    if (Math.floor((turn + 1) * aloneShare) > alonesBefore) {
      const realsBefore = sum(
        streams.map((stream, j) => Math.floor((turn + (j < k ? 1 : 0)) * stream.aloneShare)),
      );
      return [realDeck.at(realsBefore).sample, alone.at(alonesBefore).sample];
    }
    // Manipulations go through the same order, each from another place, so that a real is rarely twice in one batch.
    const ahead = Math.floor((k * paired.size) / streams.length);
    const { sample: fake, epoch } = paired.at(ahead + turn - alonesBefore);
    const sources = realsOf.get(fake.pair) as readonly Sample[];
    return [sources[epoch % sources.length] as Sample, fake];
  };
  const half = batchSize / 2;
  return (n) => {
    if (!Number.isSafeInteger(n) || n < 0) throw new Error(`a batch number is 0, 1, 2, …; got ${n}`);
    return Array.from({ length: half }, (_, i) => drawPair(n * half + i)).flat();
  };
}

/**
 * How lists are dealt out: pairs in one order for all decks, each deck beginning elsewhere in it; what is not paired, or drawn by
 * videos, in an order of each deck's own.
 */
function decks(
  samples: readonly Sample[],
  seed: number,
  { paired, balance, frames_per_video }: BatchSettings,
): (name: string, cards: readonly Sample[]) => Deck {
  const equal = balance === 'video';
  const perVideo = frames_per_video ?? (equal ? 1 : null);
  if (!paired || perVideo !== null) {
    return (name, cards) => videoDeck(cards, { perVideo, equal }, seed, `deck ${name}`);
  }
  const shuffled = epochOrders(samples, seed);
  return (_, cards) => deck(cards, shuffled);
}

type EpochOrder = (epoch: number) => ReadonlyMap<string, number>;

/** The place of every pair in the order of an epoch, the last two epochs kept. One order serves all decks. */
function epochOrders(samples: readonly Sample[], seed: number): EpochOrder {
  const pairs = [...new Set(samples.map(({ pair }) => pair))].sort();
  const kept = new Map<number, ReadonlyMap<string, number>>();
  return (epoch) => {
    const known = kept.get(epoch);
    if (known !== undefined) return known;
    const order = new Map(
      rngFor(seed, 'epoch', epoch)
        .shuffle(pairs)
        .map((pair, place) => [pair, place]),
    );
    if (kept.size >= 2) kept.delete(kept.keys().next().value as number);
    kept.set(epoch, order);
    return order;
  };
}

function deck(cards: readonly Sample[], orders: EpochOrder): Deck {
  let dealt: { epoch: number; order: readonly Sample[] } | undefined;
  return {
    size: cards.length,
    at: (position) => {
      const epoch = Math.floor(position / cards.length);
      if (dealt?.epoch !== epoch) {
        const place = orders(epoch);
        const order = [...cards].sort(
          (a, b) => (place.get(a.pair) as number) - (place.get(b.pair) as number),
        );
        dealt = { epoch, order };
      }
      return { sample: dealt.order[position % cards.length] as Sample, epoch };
    },
  };
}

function byPair(samples: readonly Sample[]): ReadonlyMap<string, readonly Sample[]> {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const group = groups.get(sample.pair);
    if (group === undefined) groups.set(sample.pair, [sample]);
    else group.push(sample);
  }
  return groups;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
