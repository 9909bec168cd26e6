/** What must not be torn apart by a split: images of one video, of one pair, of one person. */
import { compareText } from './folder-layout.ts';
import type { Sample } from './dataset.ts';

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
  const parents = new Map<string, string>();
  const rootOf = (key: string): string => {
    let root = key;
    for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root)) root = parent;
    // the next look-up on this path is short
    for (let at = key; at !== root;) {
      const next = parents.get(at) as string;
      parents.set(at, root);
      at = next;
    }
    return root;
  };
  const keyOf = ([kind, name]: readonly [string, string]): string => `${kind} ${name}`;
  for (const image of images) {
    const [first, ...rest] = belongings(image, unit).map(keyOf) as [string, ...string[]];
    for (const key of rest) {
      const [a, b] = [rootOf(first), rootOf(key)];
      if (a !== b) parents.set(b, a);
    }
  }
  const names = new Map<string, string>();
  const roots = images.map(({ videoId }) => {
    const root = rootOf(keyOf(['video', videoId]));
    const name = names.get(root);
    if (name === undefined || compareText(videoId, name) < 0) names.set(root, videoId);
    return root;
  });
  return roots.map((root) => names.get(root) as string);
}
