/** Whether a test asks what was trained on, as far as samples tell: files, and the names of videos and people. */
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Sample } from './dataset.ts';

/** What the samples of a test have in common with others; each list is sorted and without repetition. */
export interface Overlap {
  /** Files, links resolved: the same pixels, or other frames of the same video. */
  readonly files: readonly string[];
  /** Video ids. Equal names are proof only where names mean something: `001` may be another video in another folder. */
  readonly videos: readonly string[];
  /** People, where both datasets tell. */
  readonly identities: readonly string[];
}

/** What `tested` shares with `known`, which the detector was trained on or chosen by. Compares paths and names, not contents. */
export async function overlapOf(known: readonly Sample[], tested: readonly Sample[]): Promise<Overlap> {
  const videos = (samples: readonly Sample[]): string[] => samples.map(({ videoId }) => videoId);
  const identities = (samples: readonly Sample[]): string[] =>
    samples.flatMap((sample) => sample.identities ?? []);
  return {
    files: common(await filesOf(known), await filesOf(tested)),
    videos: common(videos(known), videos(tested)),
    identities: common(identities(known), identities(tested)),
  };
}

/** The files behind the samples; one that is not there keeps its name, for it is read from elsewhere or will be missed when it is read. */
async function filesOf(samples: readonly Sample[]): Promise<string[]> {
  const real: string[] = [];
  const places = new Map<string, Set<string>>();
  for (const { file, packed } of samples) {
    const within = packed === undefined ? '' : `#${packed.offset}`;
    places.set(file, (places.get(file) ?? new Set()).add(within));
  }
  for (const [file, within] of places) {
    const path = await realpath(file).catch(() => resolve(file));
    for (const piece of within) real.push(`${path}${piece}`);
  }
  return real;
}

function common(known: readonly string[], tested: readonly string[]): string[] {
  const names = new Set(known);
  return [...new Set(tested)].filter((name) => names.has(name)).sort();
}
