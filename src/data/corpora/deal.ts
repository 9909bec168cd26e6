/** Clips without an official split are dealt out in groups that belong together, never clip by clip or frame by frame. */
import { integer, number } from '../../config/settings.ts';
import type { Skipped, Split } from '../dataset.ts';
import { groupNames, linked } from '../linked.ts';
import { splitByVideo, type SplitFractions } from '../split.ts';
import type { Clip } from './corpus.ts';

export const dealSettings = {
  val_fraction: number({ min: 0, max: 1, doc: 'share for val of what has no official split' }),
  test_fraction: number({ min: 0, max: 1, doc: 'share for test of what has no official split' }),
  seed: integer({
    min: 0,
    doc: "seed of the draw of splits; not the run's, so that runs with other seeds compare on the same data",
  }),
};

/**
 * The clips with a split for each. Those that have none are dealt out by {@link splitByVideo} in groups: clips with a person in common, a
 * fake and the real that it was made of, and whatever these link in turn, stay together. If all are linked, all go to train.
 */
export function dealOut(clips: readonly Clip[], fractions: SplitFractions, seed: number): readonly Clip[] {
  const open = clips.filter(({ split }) => split === null);
  const keys = open.map(({ id, source, video, identities }) => [
    `clip ${source ?? id}`,
    `video ${video}`,
    ...identities.map((person) => `person ${person}`),
  ]);
  const names = groupNames(linked(keys), keys);
  const groups = new Map(open.map((clip, i) => [clip, names[i] as string]));
  const splits = splitGroups(open, (clip) => groups.get(clip) as string, fractions, seed);
  return clips.map((clip) => ({ ...clip, split: clip.split ?? (splits.get(clip) as Split) }));
}

/**
 * The clips with a share of those in train moved to val, in the given groups.
 *
 * @param groupOf what never parts: a real and the fakes made of it
 */
export function takeVal(
  clips: readonly Clip[],
  groupOf: (clip: Clip) => string,
  fraction: number,
  seed: number,
): readonly Clip[] {
  const train = clips.filter(({ split }) => split === 'train');
  const splits = splitGroups(train, groupOf, { val: fraction, test: 0 }, seed);
  return clips.map((clip) => ({ ...clip, split: splits.get(clip) ?? clip.split }));
}

/**
 * The clips dealt out by the people in them, so that nobody is in two splits. Clips that show people of two splits are left out.
 *
 * @param clips with the people of each told
 */
export function dealPeople(
  clips: readonly Clip[],
  fractions: SplitFractions,
  seed: number,
): { readonly clips: readonly Clip[]; readonly skipped: readonly Skipped[] } {
  const people = new Set(clips.flatMap(({ identities }) => identities));
  const splits = splitByVideo(new Map([...people].map((person) => [person, ''])), fractions, seed);
  const kept: Clip[] = [];
  const skipped: Skipped[] = [];
  for (const clip of clips) {
    const own = clip.identities.map((person) => splits.get(person) as Split);
    if (new Set(own).size === 1) kept.push({ ...clip, split: own[0] as Split });
    else skipped.push({ file: clip.file, why: `shows people of two splits, ${own.join(' and ')}` });
  }
  return { clips: kept, skipped };
}

/** The split of each clip, its group's; groups are stratified by the methods that occur in them. */
function splitGroups(
  clips: readonly Clip[],
  groupOf: (clip: Clip) => string,
  fractions: SplitFractions,
  seed: number,
): ReadonlyMap<Clip, Split> {
  const methods = new Map<string, Set<string>>();
  for (const clip of clips) {
    const group = groupOf(clip);
    methods.set(group, (methods.get(group) ?? new Set()).add(clip.manipulation));
  }
  const strata = new Map([...methods].map(([group, names]) => [group, [...names].sort().join('\n')]));
  const splits = splitByVideo(strata, fractions, seed);
  return new Map(clips.map((clip) => [clip, splits.get(groupOf(clip)) as Split]));
}
