/** Sheets that show what a detector looks at: a column an image, its maps under it. */
import { paintGrid, toByte, viridis, type ImageBatch, type Rgb } from './pictures.ts';
import type { Picture } from './reporter.ts';

/** Images and what explains them; row i of each is the same image. */
export interface Explained {
  /** [N, h, w, 3] in [0, 1]. */
  readonly images: ImageBatch;
  /** [N, h, w, 1], ≥ 0; null where the detector has none. */
  readonly gradCam: ImageBatch | null;
  /** [N, h, w, 3], what each value adds to the answer 'fake'. */
  readonly attributions: ImageBatch;
}

/** Sheets are drawn with cells of at least this many pixels a side, whole pixels repeated. */
const LEAST_SIDE = 96;
/** The share of values whose magnitude spans the colours of attributions: single pixels would leave all others pale. */
const SPAN = 0.99;

/**
 * Three rows (two without Grad-CAM): the image; Grad-CAM laid over the grey image, dark blue 0, yellow the image's own largest value; integrated
 * gradients summed over the colours, red where they speak for fake, blue for real, white for nothing, scaled to the image's own 99th percentile.
 *
 * @throws if a value is NaN
 */
export function explanationSheet({ images, gradCam, attributions }: Explained): Picture {
  const [count, height, width] = images.shape;
  const pixels = height * width;
  const heat = gradCam === null ? null : scaled(gradCam.data, pixels, largest);
  const signed = Float32Array.from({ length: count * pixels }, (_, i) => {
    const at = 3 * i;
    return attributions.data[at]! + attributions.data[at + 1]! + attributions.data[at + 2]!;
  });
  const arrows = scaled(signed, pixels, (values) => percentile(values.map(Math.abs), SPAN));
  const rows: ((pixel: number) => Rgb)[] = [
    (pixel) => colourAt(images, pixel),
    ...(heat === null
      ? []
      : [(pixel: number) => over(viridis(heat[pixel]!), greyOf(colourAt(images, pixel)))]),
    (pixel) => diverging(arrows[pixel]!),
  ];
  const factor = Math.max(1, Math.ceil(LEAST_SIDE / Math.max(height, width)));
  return paintGrid(rows.length, count, height * factor, width * factor, (row, column, place) => {
    const [y, x] = [Math.floor(place / (width * factor)), place % (width * factor)];
    const pixel = Math.floor(y / factor) * width + Math.floor(x / factor);
    return rows[row]!(column * pixels + pixel);
  });
}

/** What the rows of a sheet are, from above. */
export function sheetRows(hasGradCam: boolean): readonly string[] {
  return [
    'image',
    ...(hasGradCam ? ['Grad-CAM over the grey image, dark blue 0, yellow the largest of the image'] : []),
    'integrated gradients, red for fake, blue for real, scaled to the 99th percentile of the image',
  ];
}

/** Each image's values divided by a measure of them; zeros where that is 0. */
function scaled(
  values: Float32Array,
  pixels: number,
  measure: (values: Float32Array) => number,
): Float32Array {
  const result = new Float32Array(values.length);
  for (let from = 0; from < values.length; from += pixels) {
    const own = values.subarray(from, from + pixels);
    const span = measure(own);
    own.forEach((value, i) => (result[from + i] = span === 0 ? 0 : value / span));
  }
  return result;
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

function percentile(values: Float32Array, share: number): number {
  return values.toSorted()[Math.floor(share * (values.length - 1))]!;
}

function colourAt({ data }: ImageBatch, pixel: number): Rgb {
  const at = 3 * pixel;
  return [toByte(data[at]!), toByte(data[at + 1]!), toByte(data[at + 2]!)];
}

function greyOf([r, g, b]: Rgb): Rgb {
  const grey = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
  return [grey, grey, grey];
}

/** Share of a colour that is laid over another. */
const OPACITY = 0.55;

function over(top: Rgb, below: Rgb): Rgb {
  const mix = (c: 0 | 1 | 2): number => Math.round(OPACITY * top[c] + (1 - OPACITY) * below[c]);
  return [mix(0), mix(1), mix(2)];
}

/** The ends of ColorBrewer's RdBu (Brewer, 2013). */
const RED: Rgb = [178, 24, 43];
const BLUE: Rgb = [33, 102, 172];

/** −1 blue, 0 white, 1 red, clipped. Throws on NaN. */
function diverging(value: number): Rgb {
  if (Number.isNaN(value)) throw new Error('explanationSheet: the attributions hold NaN');
  const end = value < 0 ? BLUE : RED;
  const share = Math.min(1, Math.abs(value));
  const mix = (c: 0 | 1 | 2): number => Math.round(255 + share * (end[c] - 255));
  return [mix(0), mix(1), mix(2)];
}
