/** Pairs of pictures whose hashes nearly agree, found without comparing every picture with every other. */
import { distance, type Fingerprint, type Hash } from './perceptual-hash.ts';

/** Largest difference of a grey level of the thumbnails up to which two pictures count as copies. */
const COPY_LEVELS = 8;

/**
 * Calls `found` once with each pair of indices a < b that is of interest and whose hashes differ in at most `most` bits. Cut into most + 1
 * bands, such hashes agree in one band at least; only those are compared.
 */
export function nearPairs(
  hashes: readonly Hash[],
  most: number,
  found: (a: number, b: number) => void,
  interesting: (a: number, b: number) => boolean,
): void {
  const bands = bandsOf(most + 1);
  const tables = bands.map(() => new Map<number, number[]>());
  hashes.forEach((hash, b) => {
    const keys = bands.map((band) => band(hash));
    keys.forEach((key, band) => {
      const bucket = tables[band]!.get(key);
      for (const a of bucket ?? []) {
        if (!interesting(a, b)) continue;
        const other = hashes[a]!;
        // reported in the first band that agrees, and in no other
        if (keys.findIndex((mine, i) => mine === bands[i]!(other)) !== band) continue;
        if (distance(other, hash) <= most) found(a, b);
      }
      if (bucket === undefined) tables[band]!.set(key, [b]);
      else bucket.push(b);
    });
  });
}

/** Whether two fingerprints are of one picture, perhaps saved or scaled anew: a face swapped in it is a difference. */
export function isCopy(a: Fingerprint, b: Fingerprint): boolean {
  return a.thumb.every((value, i) => Math.abs(value - (b.thumb[i] as number)) <= COPY_LEVELS);
}

/** Functions that cut the 64 bits into nearly equal parts. */
function bandsOf(count: number): readonly ((hash: Hash) => number)[] {
  return Array.from({ length: count }, (_, band) => {
    const [from, to] = [Math.floor((band * 64) / count), Math.floor(((band + 1) * 64) / count)];
    return ([high, low]: Hash) => {
      let key = 0;
      for (let bit = from; bit < to; bit++) {
        key = key * 2 + (((bit < 32 ? low : high) >>> (bit & 31)) & 1);
      }
      return key;
    };
  });
}
