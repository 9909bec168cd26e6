/** One picture in two splits, or under both labels. */
import type { Finding, Looked } from './audit.ts';
import { isCopy, nearPairs } from './near-duplicates.ts';

/** A finding for copies across splits, and one for copies across labels that are of no common pair or video, where there are any, with up to `shown` pairs. */
export function copyFindings(
  looked: readonly Looked[],
  hashDistance: number,
  shown: number,
): readonly Finding[] {
  const distinct = onePerPlace(looked);
  const across: Record<'splits' | 'labels', string[]> = { splits: [], labels: [] };
  nearPairs(
    distinct.map(({ print }) => print.hash),
    hashDistance,
    (a, b) => {
      const [one, other] = [distinct[a]!, distinct[b]!];
      if (!isCopy(one.print, other.print)) return;
      const what = one.sample.split === other.sample.split ? 'labels' : 'splits';
      across[what].push(`${one.sample.id} (${one.sample.split}), ${other.sample.id} (${other.sample.split})`);
    },
    (a, b) => {
      const [one, other] = [distinct[a]!.sample, distinct[b]!.sample];
      // a fake looks like the real that it was made of
      const isOwnFake = one.pair === other.pair || one.videoId === other.videoId;
      return one.split !== other.split || (one.label !== other.label && !isOwnFake);
    },
  );
  const finding = (what: 'splits' | 'labels', message: string): Finding[] =>
    across[what].length === 0
      ? []
      : [
          {
            kind: `copy-across-${what}`,
            message: `${across[what].length} ${message}`,
            examples: across[what].slice(0, shown),
          },
        ];
  return [
    ...finding('splits', 'pairs of images in different splits show the same picture; take one of each out'),
    ...finding('labels', 'pairs of a real and a fake show the same picture; one label of each is wrong'),
  ];
}

/** Pictures of one hash, split, label and video are alike for the search: a still video has thousands of them. */
function onePerPlace(looked: readonly Looked[]): readonly Looked[] {
  const seen = new Set<string>();
  return looked.filter(({ sample, print }) => {
    const key = `${print.hash.join()} ${sample.split} ${sample.label} ${sample.videoId}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
