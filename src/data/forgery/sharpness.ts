/** Measuring and setting how sharp a region is, so that sharpness alone tells nothing about a forgery. */

import { luma, type FloatImage, type Mask } from './float-image.ts';
import { gaussianBlur } from './resample.ts';

/** Detail is what a Gaussian of this standard deviation, in pixels, takes away. */
const DETAIL_SIGMA = 1;
/** Most that detail is taken away (-1 leaves the blurred image) and added. */
const AMOUNTS = [-1, 2.5] as const;

function detail<T extends FloatImage | Mask>(image: T): T {
  const blurred = gaussianBlur(image, DETAIL_SIGMA);
  return { ...image, data: image.data.map((value, i) => value - blurred.data[i]!) };
}

function weightedProduct(a: Mask, b: Mask, mask: Mask): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < mask.data.length; i++) {
    sum += mask.data[i]! * a.data[i]! * b.data[i]!;
    total += mask.data[i]!;
  }
  return sum / total;
}

/** Root mean square of the luma's detail (image - blurred image) under the mask, in grey levels. */
export function sharpness(image: FloatImage, mask: Mask): number {
  const part = detail(luma(image));
  return Math.sqrt(weightedProduct(part, part, mask));
}

/**
 * The image with amount·detail added under the mask, the amount chosen so that the region's `sharpness` becomes `goal`.
 * For a constant mask: |d + a·h|² = |d|² + 2a⟨d, h⟩ + a²|h|² = goal², h the detail of the detail d, solved for a; a goal
 * out of reach gets the nearest amount in [-1, 2.5].
 */
export function setSharpness(image: FloatImage, mask: Mask, goal: number): FloatImage {
  const first = detail(image);
  const d = luma(first);
  const h = detail(d);
  const [dd, dh, hh] = [
    weightedProduct(d, d, mask),
    weightedProduct(d, h, mask),
    weightedProduct(h, h, mask),
  ];
  if (hh === 0) return image; // without any detail there is nothing to scale
  const discriminant = dh * dh - hh * (dd - goal * goal);
  const root = (-dh + Math.sqrt(Math.max(0, discriminant))) / hh;
  const amount = Math.min(Math.max(root, AMOUNTS[0]), AMOUNTS[1]);
  const result = image.data.slice();
  for (let i = 0; i < result.length; i++) {
    result[i]! += amount * mask.data[Math.floor(i / 3)]! * first.data[i]!;
  }
  return { ...image, data: result };
}
