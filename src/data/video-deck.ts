/** A list of samples dealt out epoch by epoch, some images of each video at a time. */
import type { Sample } from './dataset.ts';
import { rngFor, type Rng } from './rng.ts';
import type { Deck } from './sampling.ts';

/** How many of a video's images an epoch has. */
export interface VideoDraw {
  /** Null: all of them. */
  readonly perVideo: number | null;
  /** Whether a video with fewer images than that repeats some, so that every video counts the same. */
  readonly equal: boolean;
}

/**
 * A deck in which every video has its images drawn anew each epoch, without replacement as far as they reach, all in an order of its own. A
 * video is one of a manipulation: what was forged of the same footage in two ways is two videos.
 *
 * @param cards numbers of samples
 * @param name of the deck: decks of other names draw independently
 */
export function videoDeck(
  samples: readonly Sample[],
  cards: Uint32Array,
  { perVideo, equal }: VideoDraw,
  seed: number,
  name: string,
): Deck {
  const videos = [...byVideo(samples, cards)];
  const taken = (count: number): number =>
    perVideo === null ? count : equal ? perVideo : Math.min(perVideo, count);
  const size = videos.reduce((sum, [, indices]) => sum + taken(indices.length), 0);
  const deal = (epoch: number): readonly number[] => {
    const hand = videos.flatMap(([video, indices]) =>
      perVideo === null ? indices : drawn(indices, taken(indices.length), rngFor(seed, name, epoch, video)),
    );
    return rngFor(seed, name, epoch).shuffle(hand);
  };
  let dealt: { readonly epoch: number; readonly order: readonly number[] } | undefined;
  return {
    size,
    at: (position) => {
      const epoch = Math.floor(position / size);
      if (dealt?.epoch !== epoch) dealt = { epoch, order: deal(epoch) };
      return { card: dealt.order[position % size] as number, epoch };
    },
  };
}

/** `count` of the items in random order; none twice before each was once. */
function drawn(items: readonly number[], count: number, rng: Rng): number[] {
  const result: number[] = [];
  while (result.length < count) result.push(...rng.shuffle(items).slice(0, count - result.length));
  return result;
}

/** The cards of each video. */
function byVideo(samples: readonly Sample[], cards: Uint32Array): ReadonlyMap<string, number[]> {
  const videos = new Map<string, number[]>();
  for (const card of cards) {
    const { manipulation, videoId } = samples[card] as Sample;
    const video = JSON.stringify([manipulation, videoId]);
    const indices = videos.get(video);
    if (indices === undefined) videos.set(video, [card]);
    else indices.push(card);
  }
  return videos;
}
