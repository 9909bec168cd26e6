/**
 * Which samples make up training batch n: a pure function of (samples, batch size, seed, n), so that a run resumed at n sees exactly
 * the batches that it would have seen without a stop.
 *
 * Half of a batch is real and half fake, row 2i beside row 2i + 1; the fakes take the manipulations in turn. Where the dataset has
 * pairs, a fake comes with its own real (Sample.pair). What is in no pair is dealt out beside them, in proportion to its number and
 * balanced in the same way. Every list is gone through without replacement, in a new order each epoch. The settings say otherwise: no
 * pairs, another balance, some images of each video.
 *
 * Inside, samples and pairs are numbers in typed arrays, so that a million samples cost megabytes and a new epoch tenths of a second.
 */
import { PLAIN_BATCHES, type PlanSettings } from './batch-settings.ts';
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
  /** The card at position 0, 1, … of the endless deal, the number of a sample, and which time round it is. */
  readonly at: (position: number) => { readonly card: number; readonly epoch: number };
}

/** The pairs of a list of samples, numbered in the order of their names. */
interface Pairs {
  readonly count: number;
  /** The pair of each sample. */
  readonly of: Uint32Array;
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
  settings: PlanSettings = PLAIN_BATCHES,
): BatchPlan {
  checkBatchSize(batchSize);
  const pairs = numberPairs(samples);
  const pairOf = (card: number): number => pairs.of[card] as number;
  const all = Uint32Array.from(samples, (_, i) => i);
  const reals = all.filter((i) => samples[i]?.label === REAL);
  const fakes = all.filter((i) => samples[i]?.label === FAKE);
  if (reals.length === 0 || fakes.length === 0) {
    const kind = reals.length === 0 ? 'real' : 'fake';
    throw new Error(
      `the train split has no ${kind} sample (${samples.length} in all); training needs both classes`,
    );
  }
  const { paired: inPairs, balance } = settings;
  const realsOf = byPair(inPairs ? reals : new Uint32Array(), pairs);
  const hasFake = new Uint8Array(pairs.count);
  if (inPairs) for (const fake of fakes) hasFake[pairOf(fake)] = 1;
  const lonelyReals = reals.filter((real) => hasFake[pairOf(real)] === 0);
  const deckOf = deckMaker(samples, pairs, seed, settings);
  const realDeck = deckOf('real', lonelyReals.length > 0 ? lonelyReals : reals);
  const share = (part: Uint32Array, whole: Uint32Array): number =>
    part.length === 0 ? 0 : deckOf('', part).size / deckOf('', whole).size;
  const lonelyRealShare = share(lonelyReals, reals);

  const kindOf = (i: number): string =>
    balance === 'manipulation' ? (samples[i] as Sample).manipulation : 'all';
  const kinds = [...new Set(Array.from(fakes, kindOf))].sort();
  const streams = kinds.map((kind): Stream => {
    const mine = fakes.filter((fake) => kindOf(fake) === kind);
    const paired = mine.filter((fake) => realsOf(pairOf(fake)).length > 0);
    const alone = mine.filter((fake) => realsOf(pairOf(fake)).length === 0);
    const aloneShare = paired.length === 0 ? 1 : Math.max(share(alone, mine), lonelyRealShare);
    return {
      paired: deckOf(`paired ${kind}`, paired),
      alone: deckOf(`alone ${kind}`, alone.length > 0 ? alone : mine),
      aloneShare,
    };
  });
  const drawPair = (slot: number): readonly number[] => {
    const k = slot % streams.length;
    const turn = Math.floor(slot / streams.length);
    const { paired, alone, aloneShare } = streams[k] as Stream;
    const alonesBefore = Math.floor(turn * aloneShare);
    if (Math.floor((turn + 1) * aloneShare) > alonesBefore) {
      const realsBefore = sum(
        streams.map((stream, j) => Math.floor((turn + (j < k ? 1 : 0)) * stream.aloneShare)),
      );
      return [realDeck.at(realsBefore).card, alone.at(alonesBefore).card];
    }
    // Manipulations go through the same order, each from another place, so that a real is rarely twice in one batch.
    const ahead = Math.floor((k * paired.size) / streams.length);
    const { card: fake, epoch } = paired.at(ahead + turn - alonesBefore);
    const sources = realsOf(pairOf(fake));
    return [sources[epoch % sources.length] as number, fake];
  };
  const half = batchSize / 2;
  return (n) => {
    if (!Number.isSafeInteger(n) || n < 0) throw new Error(`a batch number is 0, 1, 2, …; got ${n}`);
    const cards = Array.from({ length: half }, (_, i) => drawPair(n * half + i)).flat();
    return cards.map((i) => samples[i] as Sample);
  };
}

/** Throws unless it is an even number above 0. */
export function checkBatchSize(batchSize: number): void {
  if (!Number.isInteger(batchSize) || batchSize < 2 || batchSize % 2 !== 0) {
    throw new Error(`the batch size must be an even number, half real and half fake; it is ${batchSize}`);
  }
}

function numberPairs(samples: readonly Sample[]): Pairs {
  const names = [...new Set(samples.map(({ pair }) => pair))].sort();
  const numbers = new Map(names.map((name, number) => [name, number]));
  return {
    count: names.length,
    of: Uint32Array.from(samples, ({ pair }) => numbers.get(pair) as number),
  };
}

type EpochOrder = (epoch: number) => Uint32Array;

/** The place of every pair in the order of an epoch, the last two epochs kept. One order serves all decks. */
function epochOrders({ count }: Pairs, seed: number): EpochOrder {
  const kept = new Map<number, Uint32Array>();
  return (epoch) => {
    const known = kept.get(epoch);
    if (known !== undefined) return known;
    const places = new Uint32Array(count);
    rngFor(seed, 'epoch', epoch)
      .permutation(count)
      .forEach((pair, place) => (places[pair] = place));
    if (kept.size >= 2) kept.delete(kept.keys().next().value as number);
    kept.set(epoch, places);
    return places;
  };
}

/**
 * How lists of cards, whose numbers ascend, are dealt out: pairs in one order for all decks, each deck beginning elsewhere in it; what is
 * not paired, or drawn by videos, in an order of each deck's own.
 */
function deckMaker(
  samples: readonly Sample[],
  pairs: Pairs,
  seed: number,
  { paired, balance, frames_per_video }: PlanSettings,
): (name: string, cards: Uint32Array) => Deck {
  const equal = balance === 'video';
  const perVideo = frames_per_video ?? (equal ? 1 : null);
  if (!paired || perVideo !== null) {
    return (name, cards) => videoDeck(samples, cards, { perVideo, equal }, seed, `deck ${name}`);
  }
  const byPairs = pairDecks(pairs, seed);
  return (_, cards) => byPairs(cards);
}

/** Makes decks of cards: each epoch by the places of their pairs, cards of one pair in their own order. */
function pairDecks(pairs: Pairs, seed: number): (cards: Uint32Array) => Deck {
  const orders = epochOrders(pairs, seed);
  const total = pairs.of.length;
  return (cards) => {
    let dealt: { epoch: number; order: Uint32Array } | undefined;
    const deal = (epoch: number): Uint32Array => {
      const places = orders(epoch);
      // place and card in one number, exact below 2^53: sorted without a call of ours for each comparison
      const keys = Float64Array.from(cards, (i) => (places[pairs.of[i] as number] as number) * total + i);
      return Uint32Array.from(keys.sort(), (key) => key % total);
    };
    return {
      size: cards.length,
      at: (position) => {
        const epoch = Math.floor(position / cards.length);
        if (dealt?.epoch !== epoch) dealt = { epoch, order: deal(epoch) };
        return { card: dealt.order[position % cards.length] as number, epoch };
      },
    };
  };
}

/** The cards of each pair, in their order; empty where a pair has none. */
function byPair(cards: Uint32Array, { count, of }: Pairs): (pair: number) => Uint32Array {
  const ends = new Uint32Array(count + 1);
  for (const i of cards) (ends[(of[i] as number) + 1] as number) += 1;
  for (let pair = 0; pair < count; pair++) (ends[pair + 1] as number) += ends[pair] as number;
  const next = ends.slice();
  const sorted = new Uint32Array(cards.length);
  for (const i of cards) sorted[(next[of[i] as number] as number)++] = i;
  return (pair) => sorted.subarray(ends[pair], ends[pair + 1]);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
