/** Pictures for reports out of float images: grids that show what an opponent did. */
import sharp from 'sharp';
import type { Picture } from './reporter.ts';

/** Images as they are everywhere in the house: [N, height, width, channels], float32. */
export interface ImageBatch {
  readonly shape: readonly [number, number, number, number];
  readonly data: Float32Array;
}

export interface Comparison {
  /** [N, h, w, 3] in [0, 1]. */
  readonly clean: ImageBatch;
  /** [N, h, w, 3] in [0, 1]. */
  readonly adversarial: ImageBatch;
  /** [N, h, w, 1], standard deviations in pixels; left out for opponents without a σ map. */
  readonly sigma?: ImageBatch;
  /** The difference is shown times this. */
  readonly amplification: number;
  /** σ from 0 to this many pixels spans the colour scale, the same in every picture of a run. */
  readonly largestSigma?: number;
}

/** Pixels between the cells. */
const GAP = 2;
const WHITE = 255;

/**
 * A grid, one column an image: clean, adversarial, amplified difference centred on grey, σ map in colour (dark blue 0,
 * yellow `largestSigma` and above).
 *
 * @returns the picture, and a name that says what its rows are and how much they are amplified
 * @throws if shapes do not fit or a value is NaN
 */
export function comparisonGrid(comparison: Comparison): { readonly name: string; readonly picture: Picture } {
  const { clean, adversarial, sigma, amplification, largestSigma } = comparison;
  const [count, height, width] = clean.shape;
  requireShape('clean', clean, [count, height, width, 3]);
  requireShape('adversarial', adversarial, [count, height, width, 3]);
  const rows: { readonly name: string; readonly colour: (pixel: number) => Rgb }[] = [
    { name: 'clean', colour: (pixel) => rgbAt(clean, pixel, (value) => value) },
    { name: 'adversarial', colour: (pixel) => rgbAt(adversarial, pixel, (value) => value) },
    {
      name: `difference ×${amplification}`,
      colour: (pixel) =>
        rgbAt(adversarial, pixel, (value, at) => 0.5 + amplification * (value - clean.data[at]!)),
    },
  ];
  if (sigma !== undefined) {
    requireShape('sigma', sigma, [count, height, width, 1]);
    if (largestSigma === undefined || !(largestSigma > 0)) {
      throw new Error(`comparisonGrid: a sigma map needs largestSigma > 0, not ${largestSigma}`);
    }
    rows.push({
      name: `sigma 0–${largestSigma} px`,
      colour: (pixel) => viridis(sigma.data[pixel]! / largestSigma),
    });
  }
  const picture = paintGrid(rows.length, count, height, width, (row, column, pixel) =>
    rows[row]!.colour(column * height * width + pixel),
  );
  return { name: rows.map((row) => row.name).join(', '), picture };
}

/** Encodes a picture as PNG. */
export async function encodePng(picture: Picture): Promise<Uint8Array> {
  const { width, height, data } = picture;
  if (data.length !== width * height * 3) {
    throw new Error(`picture: ${data.length} bytes, but ${width}×${height} RGB needs ${width * height * 3}`);
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

type Rgb = readonly [number, number, number];

function paintGrid(
  rows: number,
  columns: number,
  height: number,
  width: number,
  colourOf: (row: number, column: number, pixel: number) => Rgb,
): Picture {
  const fullWidth = columns * width + (columns - 1) * GAP;
  const fullHeight = rows * height + (rows - 1) * GAP;
  const data = new Uint8Array(fullWidth * fullHeight * 3).fill(WHITE);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let pixel = 0; pixel < height * width; pixel++) {
        const x = column * (width + GAP) + (pixel % width);
        const y = row * (height + GAP) + Math.floor(pixel / width);
        data.set(colourOf(row, column, pixel), (y * fullWidth + x) * 3);
      }
    }
  }
  return { width: fullWidth, height: fullHeight, data };
}

function rgbAt(batch: ImageBatch, pixel: number, map: (value: number, at: number) => number): Rgb {
  const channel = (c: number) => toByte(map(batch.data[pixel * 3 + c]!, pixel * 3 + c));
  return [channel(0), channel(1), channel(2)];
}

/** [0, 1] → 0 … 255, clipped and rounded. */
function toByte(value: number): number {
  if (Number.isNaN(value)) throw new Error('comparisonGrid: an image holds NaN');
  return Math.round(255 * Math.min(1, Math.max(0, value)));
}

/** Nine even samples of matplotlib's viridis (van der Walt & Smith, CC0): lightness rises evenly. */
const VIRIDIS: readonly Rgb[] = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
];

/** Colour of `value` in [0, 1] (clipped) on the viridis scale. @throws on NaN */
export function viridis(value: number): Rgb {
  if (Number.isNaN(value)) throw new Error('viridis: the value is NaN');
  const place = Math.min(1, Math.max(0, value)) * (VIRIDIS.length - 1);
  const below = Math.min(Math.floor(place), VIRIDIS.length - 2);
  const mix = (c: 0 | 1 | 2) => {
    const low = VIRIDIS[below]![c];
    return Math.round(low + (place - below) * (VIRIDIS[below + 1]![c] - low));
  };
  return [mix(0), mix(1), mix(2)];
}

function requireShape(name: string, batch: ImageBatch, shape: readonly number[]): void {
  const size = shape.reduce((product, side) => product * side, 1);
  if (batch.shape.join() !== shape.join() || batch.data.length !== size) {
    throw new Error(
      `comparisonGrid: ${name} has shape [${batch.shape.join(', ')}] and ${batch.data.length} values, ` +
        `needed is [${shape.join(', ')}]`,
    );
  }
}
