/** Splits by video, never by frame: frames of one video are nearly copies, and a test on them measures memory (F3Net #8). */
import type { Split } from './dataset.ts';
import { rngFor } from './rng.ts';

export interface SplitFractions {
  /** Share of the videos that goes to val, and to test; the rest is train. Each in [0, 1], their sum at most 1. */
  readonly val: number;
  readonly test: number;
}

/** The fractions of a dataset's settings; a test set of all leaves nothing for val. */
export function fractionsOf(settings: {
  readonly val_fraction: number;
  readonly test_fraction: number;
}): SplitFractions {
  const { val_fraction: val, test_fraction: test } = settings;
  return { val: test === 1 ? 0 : val, test };
}

/**
 * Deals the videos out to train, val and test, each stratum in the same proportions: shares are rounded to whole videos, and a
 * stratum of three or more videos gives at least one to every split whose fraction is above 0. Strata of one or two videos are
 * dealt together. The order of the ids does not matter, and a video more or less leaves most others where they were.
 *
 * @param strata the stratum of each video id, such as the manipulations that the video occurs with
 * @returns the split of each video id
 * @throws if a fraction is outside [0, 1] or both together exceed 1
 */
export function splitByVideo(
  strata: ReadonlyMap<string, string>,
  fractions: SplitFractions,
  seed: number,
): ReadonlyMap<string, Split> {
  const { val, test } = fractions;
  if (!(val >= 0 && test >= 0 && val + test <= 1)) {
    throw new Error(`fractions of val (${val}) and test (${test}) must be at least 0 and at most 1 together`);
  }
  const splits = new Map<string, Split>();
  for (const videos of groups(strata)) {
    const [forVal, forTest] = shares(videos.length, fractions);
    const draw = new Map(videos.map((video) => [video, rngFor(seed, 'split', video).uniform()]));
    const order = [...videos].sort((a, b) => (draw.get(a) as number) - (draw.get(b) as number));
    order.forEach((video, i) => {
      splits.set(video, i < forTest ? 'test' : i < forTest + forVal ? 'val' : 'train');
    });
  }
  return splits;
}

/** The sorted video ids of each stratum, strata in sorted order, those of one or two videos together at the end. */
function groups(strata: ReadonlyMap<string, string>): readonly (readonly string[])[] {
  const byStratum = new Map<string, string[]>();
  for (const video of [...strata.keys()].sort()) {
    const stratum = strata.get(video) as string;
    const videos = byStratum.get(stratum);
    if (videos === undefined) byStratum.set(stratum, [video]);
    else videos.push(video);
  }
  const all = [...byStratum.keys()].sort().map((stratum) => byStratum.get(stratum) as string[]);
  const small = all.filter((videos) => videos.length < 3).flat();
  return [...all.filter((videos) => videos.length >= 3), ...(small.length > 0 ? [small] : [])];
}

function shares(count: number, { val, test }: SplitFractions): readonly [number, number] {
  const atLeast = (fraction: number): number => (fraction > 0 && count >= 3 ? 1 : 0);
  const forTrain = atLeast(1 - val - test > 1e-9 ? 1 : 0);
  const forTest = Math.min(
    Math.max(Math.round(count * test), atLeast(test)),
    count - forTrain - atLeast(val),
  );
  const forVal = Math.min(Math.max(Math.round(count * val), atLeast(val)), count - forTrain - forTest);
  return [forVal, forTest];
}
