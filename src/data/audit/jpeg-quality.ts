/** What the headers of a JPEG file tell of how it was saved: ISO/IEC 10918-1, annex B. */

export interface JpegTraces {
  /** libjpeg's quality, 1 to 100, whose luminance table comes nearest to the file's. */
  readonly quality: number;
  /** How chroma is sampled, as `4:2:0`; `grey` for one channel, `other` for factors that have no such name. */
  readonly subsampling: string;
}

/** The luminance table of annex K.1 in zigzag order, which libjpeg scales by the quality. */
const BASE = [
  16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58,
  51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103,
  62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
] as const;

/**
 * Reads the tables before the first scan.
 *
 * @returns null if the bytes are no JPEG file, or one without table or frame
 */
export function jpegTraces(bytes: Uint8Array): JpegTraces | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  let table: readonly number[] | undefined;
  let subsampling: string | undefined;
  for (const [marker, segment] of segments(bytes)) {
    if (marker === 0xdb) table ??= luminanceTable(segment);
    // SOF0 … SOF15 without the markers between them that mean other things
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      subsampling ??= samplingOf(segment);
    }
  }
  if (table === undefined || subsampling === undefined) return null;
  return { quality: nearestQuality(table), subsampling };
}

/** Markers with what belongs to them, up to the start of a scan. */
function* segments(bytes: Uint8Array): Generator<readonly [number, Uint8Array]> {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] as number;
    if (marker === 0xff) {
      at++; // a byte of padding
      continue;
    }
    if (marker === 0xda) return;
    const length = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    yield [marker, bytes.subarray(at + 4, at + 2 + length)];
    at += 2 + length;
  }
}

/** Table 0 of a DQT segment, in zigzag order; undefined if it has another one only. */
function luminanceTable(segment: Uint8Array): readonly number[] | undefined {
  for (let at = 0; at < segment.length;) {
    const head = segment[at++] as number;
    const wide = head >> 4 !== 0;
    const values = Array.from({ length: 64 }, (_, i) =>
      wide
        ? ((segment[at + 2 * i] as number) << 8) | (segment[at + 2 * i + 1] as number)
        : (segment[at + i] as number),
    );
    if ((head & 15) === 0) return values;
    at += wide ? 128 : 64;
  }
  return undefined;
}

function samplingOf(segment: Uint8Array): string {
  const components = segment[5] ?? 0;
  if (components === 1) return 'grey';
  const factors = Array.from({ length: components }, (_, i) => segment[7 + 3 * i]);
  const names: Readonly<Record<number, string>> = {
    0x11: '4:4:4',
    0x21: '4:2:2',
    0x22: '4:2:0',
    0x12: '4:4:0',
    0x41: '4:1:1',
  };
  const [luma, ...chroma] = factors;
  return chroma.slice(0, 2).every((factor) => factor === 0x11) ? (names[luma ?? 0] ?? 'other') : 'other';
}

/** The quality whose table differs least; the highest of equals, as coarse tables saturate. */
function nearestQuality(table: readonly number[]): number {
  let [best, least] = [1, Infinity];
  for (let quality = 1; quality <= 100; quality++) {
    const scale = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
    const distance = BASE.reduce<number>((sum, base, i) => {
      const value = Math.min(255, Math.max(1, Math.floor((base * scale + 50) / 100)));
      return sum + Math.abs(value - (table[i] as number));
    }, 0);
    if (distance <= least) [best, least] = [quality, distance];
  }
  return best;
}
