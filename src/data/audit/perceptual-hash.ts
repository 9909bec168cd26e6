/**
 * A 64-bit hash that stays nearly the same when a picture is recompressed or resized: which of the 64 lowest frequencies of the discrete
 * cosine transform, of the picture at 32×32 grey levels, are above their median (as pHash does; Zauner 2010).
 */
import { resizeTo } from '../image.ts';
import type { RgbImage } from '../dataset.ts';

/** Two halves of 32 bits, the upper first. */
export type Hash = readonly [number, number];

export interface Fingerprint {
  readonly hash: Hash;
  /** [16 · 16] grey levels, 0 to 255: to tell a copy from what only hashes alike. */
  readonly thumb: Uint8Array;
}

const SIDE = 32;
const KEPT = 8;
const THUMB = 16;

/** COSINES[u][x], u = 0 … 8. */
const COSINES = Array.from({ length: KEPT + 1 }, (_, u) =>
  Float64Array.from({ length: SIDE }, (_, x) => Math.cos((Math.PI * (2 * x + 1) * u) / (2 * SIDE))),
);

/** Hash and thumbnail of a picture; its proportions do not matter. */
export async function fingerprint(image: RgbImage): Promise<Fingerprint> {
  const grey = luma(await resizeTo(image, SIDE, SIDE));
  const thumb = new Uint8Array(THUMB * THUMB);
  for (let y = 0; y < THUMB; y++) {
    for (let x = 0; x < THUMB; x++) {
      const at = (row: number, column: number): number =>
        grey[(2 * y + row) * SIDE + 2 * x + column] as number;
      thumb[y * THUMB + x] = Math.round((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4);
    }
  }
  return { hash: hashOf(grey), thumb };
}

/** How many of the 64 bits differ. */
export function distance(a: Hash, b: Hash): number {
  return ones(a[0] ^ b[0]) + ones(a[1] ^ b[1]);
}

/** Bit 8 v' + u' tells whether the coefficient of frequency (u, v), u and v from 1 to 8, is above the median of all 64. */
function hashOf(grey: Float64Array): Hash {
  const rows = Array.from({ length: KEPT }, (_, u) =>
    Float64Array.from({ length: SIDE }, (_, y) => {
      let sum = 0;
      for (let x = 0; x < SIDE; x++) sum += (grey[y * SIDE + x] as number) * (COSINES[u + 1]![x] as number);
      return sum;
    }),
  );
  const values = Array.from({ length: KEPT * KEPT }, (_, i) => {
    const [row, cosines] = [rows[i % KEPT]!, COSINES[Math.floor(i / KEPT) + 1]!];
    let sum = 0;
    for (let y = 0; y < SIDE; y++) sum += (row[y] as number) * (cosines[y] as number);
    return sum;
  });
  const sorted = [...values].sort((a, b) => a - b);
  const median = ((sorted[31] as number) + (sorted[32] as number)) / 2;
  const half = (from: number): number =>
    values.slice(from, from + 32).reduce((bits, value, i) => (value > median ? bits | (1 << i) : bits), 0);
  return [half(32) >>> 0, half(0) >>> 0];
}

function luma({ data }: RgbImage): Float64Array {
  return Float64Array.from({ length: data.length / 3 }, (_, i) => {
    const [r, g, b] = [data[3 * i] as number, data[3 * i + 1] as number, data[3 * i + 2] as number];
    return 0.299 * r + 0.587 * g + 0.114 * b;
  });
}

function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
