/** Resampling an image through a map of the plane. Outside the image, its border pixels repeat. */

import { emptyImage, type FloatImage } from './float-image.ts';
import { applyAffine, type Affine, type PointMap } from './geometry.ts';

/** Distance in pixels of the grid on which a smooth map is computed; between, it is interpolated linearly. */
const GRID = 4;

/**
 * The image of `width`×`height` whose pixel p is the source's value at `toSource`(p), by cubic convolution with
 * a = -1/2 (Keys 1981). An affine map of whole pixels copies exactly.
 */
export function warpAffine(source: FloatImage, toSource: Affine, width: number, height: number): FloatImage {
  const result = emptyImage(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = applyAffine(toSource, [x, y]);
      sampleCubic(source, u, v, result.data, 3 * (y * width + x));
    }
  }
  return result;
}

/** As `warpAffine`, for any map that is smooth at the scale of 4 pixels. */
export function warpSmooth(
  source: FloatImage,
  toSource: PointMap,
  width: number,
  height: number,
): FloatImage {
  const result = emptyImage(width, height);
  forEachPixel(toSource, width, height, (u, v, at) => sampleCubic(source, u, v, result.data, at));
  return result;
}

/** As `warpSmooth`, but each pixel takes the value of the nearest source pixel: jagged where the scale is not 1. */
export function warpNearest(
  source: FloatImage,
  toSource: PointMap,
  width: number,
  height: number,
): FloatImage {
  const result = emptyImage(width, height);
  forEachPixel(toSource, width, height, (u, v, at) => {
    const x = Math.min(Math.max(Math.round(u), 0), source.width - 1);
    const y = Math.min(Math.max(Math.round(v), 0), source.height - 1);
    const from = 3 * (y * source.width + x);
    result.data.set(source.data.subarray(from, from + 3), at);
  });
  return result;
}

/** Calls `visit` with each pixel's place in the source and the index of its first value. */
function forEachPixel(
  toSource: PointMap,
  width: number,
  height: number,
  visit: (u: number, v: number, at: number) => void,
): void {
  const columns = Math.ceil((width - 1) / GRID) + 1;
  const rows = Math.ceil((height - 1) / GRID) + 1;
  const nodes = Array.from({ length: rows * columns }, (_, i) =>
    toSource([(i % columns) * GRID, Math.floor(i / columns) * GRID]),
  );
  for (let y = 0; y < height; y++) {
    const row = Math.min(Math.floor(y / GRID), rows - 2);
    const fy = y / GRID - row;
    for (let x = 0; x < width; x++) {
      const column = Math.min(Math.floor(x / GRID), columns - 2);
      const fx = x / GRID - column;
      const corner = row * columns + column;
      const p = nodes[corner]!;
      const q = nodes[corner + 1]!;
      const r = nodes[corner + columns]!;
      const s = nodes[corner + columns + 1]!;
      const u = (1 - fy) * ((1 - fx) * p[0] + fx * q[0]) + fy * ((1 - fx) * r[0] + fx * s[0]);
      const v = (1 - fy) * ((1 - fx) * p[1] + fx * q[1]) + fy * ((1 - fx) * r[1] + fx * s[1]);
      visit(u, v, 3 * (y * width + x));
    }
  }
}

const weightsX = new Float64Array(4);
const weightsY = new Float64Array(4);

/** Writes the three channels at (x, y) to `out[at … at + 2]`. */
function sampleCubic(source: FloatImage, x: number, y: number, out: Float32Array, at: number): void {
  const { width, height, data } = source;
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  cubicWeights(x - x0, weightsX);
  cubicWeights(y - y0, weightsY);
  let r = 0;
  let g = 0;
  let b = 0;
  for (let j = 0; j < 4; j++) {
    const rowStart = Math.min(Math.max(y0 + j - 1, 0), height - 1) * width;
    for (let i = 0; i < 4; i++) {
      const weight = weightsY[j]! * weightsX[i]!;
      const index = 3 * (rowStart + Math.min(Math.max(x0 + i - 1, 0), width - 1));
      r += weight * data[index]!;
      g += weight * data[index + 1]!;
      b += weight * data[index + 2]!;
    }
  }
  out[at] = r;
  out[at + 1] = g;
  out[at + 2] = b;
}

/** Weights of the pixels at -1, 0, 1, 2 for a position t in [0, 1) after pixel 0; they sum to 1. */
function cubicWeights(t: number, weights: Float64Array): void {
  const t2 = t * t;
  const t3 = t2 * t;
  weights[0] = (-t3 + 2 * t2 - t) / 2;
  weights[1] = (3 * t3 - 5 * t2 + 2) / 2;
  weights[2] = (-3 * t3 + 4 * t2 + t) / 2;
  weights[3] = (t3 - t2) / 2;
}
