/** What must not be torn apart by a split: images of one video, of one pair, of one person. */
import type { Sample } from './dataset.ts';
import { groupNames, linked } from './linked.ts';

/** What images are kept together by: `video`, their video and pair; `identity`, the people in them too. */
export type Unit = 'video' | 'identity';

/** An image as far as it is known before it has a split. */
export type Unsplit = Pick<Sample, 'videoId' | 'pair' | 'identities'>;

/** What an image belongs to: kind and name of its video, its pair and, for the unit `identity`, each person. */
export function belongings(image: Unsplit, unit: Unit): readonly (readonly [kind: string, name: string])[] {
  const people = unit === 'identity' ? (image.identities ?? []) : [];
  return [
    ['video', image.videoId],
    ['pair', image.pair],
    ...people.map((name) => ['identity', name] as const),
  ];
}

/**
 * The group of each image: images that share a video, a pair or (unit `identity`) a person are in one, and so are those that others join.
 * A group is named by the first of its videos in order of code units.
 */
export function groupsOf(images: readonly Unsplit[], unit: Unit): readonly string[] {
  const keys = images.map((image) => belongings(image, unit).map(([kind, name]) => `${kind} ${name}`));
  return groupNames(
    linked(keys),
    images.map(({ videoId }) => [videoId]),
  );
}
