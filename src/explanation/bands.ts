/**
 * Rings of an image's spectrum, and filters made of them. A frequency is the length of its vector, in cycles a pixel: 0.5 along a side (Nyquist), √½ in
 * the corner, which a checkerboard of single pixels reaches. Rings are equally wide from 0 to there and blend into one another by half a cosine over a
 * quarter of their width on either side of an edge, so that nothing rings in the image; their weights sum to 1 everywhere.
 */

/** A filter by what it multiplies each frequency with. The mean of an image always stays: removing it would be another experiment. */
export interface BandFilter {
  readonly kind: 'none' | 'band-stop' | 'low-pass' | 'high-pass';
  /** `none`, `band-stop-1`, …: for files and messages. */
  readonly name: string;
  /** The band that is removed (band-stop), or what is kept, in cycles a pixel. */
  readonly from: number;
  readonly to: number;
  /** Of a frequency in cycles a pixel, 0 … √½; in [0, 1]. */
  readonly gain: (frequency: number) => number;
}

/** The frequency of the spectrum's corner, in cycles a pixel. */
export const CORNER = Math.SQRT1_2;

/**
 * The filters of a sweep over `count` rings: none, each ring removed, everything below each inner edge kept, everything above it.
 *
 * @param count ≥ 2
 */
export function bandFilters(count: number): readonly BandFilter[] {
  if (!Number.isInteger(count) || count < 2) {
    throw new Error(`a spectrum is cut into a whole number of bands of at least 2, not ${count}`);
  }
  const edge = (k: number): number => (CORNER * k) / count;
  const above = (k: number) => (frequency: number) => aboveEdge(frequency, k, count);
  const inner = Array.from({ length: count - 1 }, (_, i) => i + 1);
  const keepingMean =
    (gain: (frequency: number) => number) =>
    (frequency: number): number =>
      frequency === 0 ? 1 : gain(frequency);
  return [
    { kind: 'none', name: 'none', from: 0, to: CORNER, gain: () => 1 },
    ...Array.from({ length: count }, (_, k): BandFilter => ({
      kind: 'band-stop',
      name: `band-stop-${k + 1}`,
      from: edge(k),
      to: edge(k + 1),
      gain: keepingMean((frequency) => 1 - above(k)(frequency) + above(k + 1)(frequency)),
    })),
    ...inner.map((k): BandFilter => ({
      kind: 'low-pass',
      name: `low-pass-${k}`,
      from: 0,
      to: edge(k),
      gain: (frequency) => 1 - above(k)(frequency),
    })),
    ...inner.map((k): BandFilter => ({
      kind: 'high-pass',
      name: `high-pass-${k}`,
      from: edge(k),
      to: CORNER,
      gain: keepingMean(above(k)),
    })),
  ];
}

/** How much of a frequency lies above edge k of `count` rings: 0 below it, 1 above, half a cosine between. */
function aboveEdge(frequency: number, k: number, count: number): number {
  if (k === 0) return 1;
  if (k === count) return 0;
  const width = CORNER / count;
  const place = (frequency - k * width) / (width / 2) + 0.5;
  return place <= 0 ? 0 : place >= 1 ? 1 : (1 - Math.cos(Math.PI * place)) / 2;
}
