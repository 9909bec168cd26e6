/**
 * Which frames of a clip are used. Taking the first n of N is a known error (all from the clip's first second); these are spread over it, and,
 * where a real and its fakes have enough frames in common, they are the same moments in each, so that they make pairs.
 */
import { extname } from 'node:path';

/** A frame on disk. */
export interface Frame {
  /** The file's name. */
  readonly file: string;
  /** What is the same for the same moment of a real and of its fakes: see {@link frameKey}. */
  readonly key: string;
}

/**
 * n of N positions, the middles of n equal parts: ⌊(2i + 1)·N / 2n⌋ for i = 0 … n − 1; all N where n ≥ N. No two are equal, and each distance is
 * N/n rounded up or down.
 */
export function evenlySpaced(n: number, count: number): readonly number[] {
  if (n >= count) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: n }, (_, i) => Math.floor(((2 * i + 1) * count) / (2 * n)));
}

/**
 * The moment that a frame's name tells within its clip: the name without extension and without the clip's name before it, a number without
 * leading zeros. `0012.png`, `12.jpg` and, in clip 000_003, `000_003_0012.png` are all `12`.
 */
export function frameKey(file: string, clip: string): string {
  const name = file.slice(0, file.length - extname(file).length);
  const own = name.startsWith(clip) ? name.slice(clip.length).replace(/^[_-]/, '') : name;
  if (own === '') return name;
  return /^\d+$/.test(own) ? own.replace(/^0+(?=\d)/, '') : own;
}

/** Order of moments: numbers in a key count as numbers, so that 2 comes before 10. */
export function compareKeys(a: string, b: string): number {
  return ORDER.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}
const ORDER = new Intl.Collator('en', { numeric: true, sensitivity: 'variant' });

/**
 * At most n frames of each clip of one group, a real and its fakes: n of the moments that all clips with at least n frames have in common, if
 * those are n or more; else n of each clip's own.
 *
 * @param group the frames of each clip, sorted by key, no key twice in a clip
 * @returns the chosen frames of each, in the same order
 */
export function chooseFrames(group: readonly (readonly Frame[])[], n: number): readonly (readonly Frame[])[] {
  const long = group.filter((frames) => frames.length >= n);
  const [first = [], ...others] = long.map((frames) => frames.map(({ key }) => key));
  const common = others.reduce((kept, keys) => {
    const there = new Set(keys);
    return kept.filter((key) => there.has(key));
  }, first);
  if (common.length < n) return group.map((frames) => evenly(frames, n));
  const wanted = new Set(evenly(common, n));
  return group.map((frames) =>
    frames.length >= n ? frames.filter(({ key }) => wanted.has(key)) : evenly(frames, n),
  );
}

function evenly<T>(items: readonly T[], n: number): readonly T[] {
  return evenlySpaced(n, items.length).map((i) => items[i] as T);
}
