/** Pictures for reports out of float images: grids that show what an opponent did. */
import sharp from 'sharp';
import type { Picture } from './reporter.ts';

/** Images as they are everywhere in the house: [N, height, width, channels], float32. */
export interface ImageBatch {
  readonly shape: readonly [number, number, number, number];
  readonly data: Float32Array;
}

/** What an opponent chose for each pixel, to be shown in colour. */
export interface ShownMap {
  readonly name: string;
  /** [N, h, w, 1], [N, h, w, 2] as (rows, columns), or [N, h, w, 3]. */
  readonly values: ImageBatch;
  /** Magnitude that spans the colour scale, the same in every picture of a run; > 0. */
  readonly largest: number;
  /** Of the values, if they have one. */
  readonly unit?: string;
}

export interface Comparison {
  /** [N, h, w, 3] in [0, 1]. */
  readonly clean: ImageBatch;
  /** [N, h, w, 3] in [0, 1]. */
  readonly adversarial: ImageBatch;
  readonly maps: readonly ShownMap[];
  /** The difference is shown times this. */
  readonly amplification: number;
}

/** Pixels between the cells. */
export const GAP = 2;
const WHITE = 255;

/** A row of the grid: what it is, and the colour of pixel number `pixel` of all images. */
interface Row {
  readonly name: string;
  readonly colour: (pixel: number) => Rgb;
}

/**
 * A grid, one column an image: clean, adversarial, amplified difference centred on grey, then a row for each map. One channel: dark blue
 * is 0, yellow `largest` and above. Two: lightness is the vector's length, black 0; hue its direction. Three: RGB, grey 0.
 *
 * @returns the picture, and a name that says what its rows are and how much they are amplified
 * @throws if shapes do not fit or a value is NaN
 */
export function comparisonGrid(comparison: Comparison): { readonly name: string; readonly picture: Picture } {
  const { clean, adversarial, maps, amplification } = comparison;
  const [count, height, width] = clean.shape;
  requireShape('clean', clean, [count, height, width, 3]);
  requireShape('adversarial', adversarial, [count, height, width, 3]);
  const rows: Row[] = [
    { name: 'clean', colour: (pixel) => rgbAt(clean, pixel, (value) => value) },
    { name: 'adversarial', colour: (pixel) => rgbAt(adversarial, pixel, (value) => value) },
    {
      name: `difference ×${amplification}`,
      colour: (pixel) =>
        rgbAt(adversarial, pixel, (value, at) => 0.5 + amplification * (value - clean.data[at]!)),
    },
    ...maps.map((map) => mapRow(map, [count, height, width])),
  ];
  const picture = paintGrid(rows.length, count, height, width, (row, column, pixel) =>
    rows[row]!.colour(column * height * width + pixel),
  );
  return { name: rows.map((row) => row.name).join(', '), picture };
}

function mapRow({ name, values, largest, unit }: ShownMap, cells: readonly number[]): Row {
  const channels = values.shape[3];
  requireShape(name, values, [...cells, channels]);
  if (!(largest > 0)) {
    throw new Error(`comparisonGrid: the map ${name} needs a largest value > 0, not ${largest}`);
  }
  const scale = `${Number(largest.toPrecision(3))}${unit === undefined ? '' : ` ${unit}`}`;
  const share = (at: number): number => values.data[at]! / largest;
  switch (channels) {
    case 1:
      return { name: `${name} 0–${scale}`, colour: (pixel) => viridis(share(pixel)) };
    case 2:
      return {
        name: `${name} 0–${scale} (red right, yellow down, green left, blue up)`,
        colour: (pixel) => directionColour(share(2 * pixel), share(2 * pixel + 1)),
      };
    case 3:
      return {
        name: `${name} ±${scale}`,
        colour: (pixel) => rgbAt(values, pixel, (value) => 0.5 + value / largest / 2),
      };
    default:
      throw new Error(`comparisonGrid: the map ${name} has ${channels} channels; 1, 2 or 3 can be shown`);
  }
}

/**
 * 8-bit images of one size in rows and columns, as a sheet.
 *
 * @throws if rows are of different lengths, or images of different sizes
 */
export function sheetOf(rows: readonly (readonly Picture[])[]): Picture {
  const { width, height } = rows[0]![0]!;
  const columns = rows[0]!.length;
  for (const image of rows.flat()) {
    if (image.width !== width || image.height !== height) {
      throw new Error(`sheetOf: an image of ${image.width}×${image.height} among ${width}×${height}`);
    }
  }
  if (rows.some((row) => row.length !== columns)) throw new Error('sheetOf: rows of different lengths');
  return paintGrid(rows.length, columns, height, width, (row, column, pixel) => {
    const { data } = rows[row]![column]!;
    return [data[3 * pixel]!, data[3 * pixel + 1]!, data[3 * pixel + 2]!];
  });
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

export type Rgb = readonly [number, number, number];

/** A grid of cells of one size, white between them. */
export function paintGrid(
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

/** [0, 1] → 0 … 255, clipped and rounded. Throws on NaN. */
export function toByte(value: number): number {
  if (Number.isNaN(value)) throw new Error('a picture: an image holds NaN');
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

/** Lightness and chroma at full length: the strongest colours that every hue of the circle has on a screen. */
const FULL_LIGHTNESS = 0.75;
const FULL_CHROMA = 0.12;

/**
 * Colour of a vector whose length is a share in [0, 1] (clipped) of the scale: hue by direction, lightness by length, 0 black. In Oklab
 * (Ottosson, "A perceptual color space for image processing", 2020), so that equal lengths look equally light whatever their hue.
 *
 * @throws on NaN
 */
export function directionColour(down: number, right: number): Rgb {
  const length = Math.hypot(down, right);
  if (Number.isNaN(length)) throw new Error('directionColour: the vector holds NaN');
  const shrink = FULL_CHROMA / Math.max(1, length);
  const lightness = FULL_LIGHTNESS * Math.min(1, length);
  const [a, b] = [right * shrink, down * shrink];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    toByte(gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s)),
    toByte(gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s)),
    toByte(gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s)),
  ];
}

/** Linear light to sRGB (IEC 61966-2-1). */
function gamma(linear: number): number {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
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
