/** Measuring and setting how sharp a face is, place by place, so that sharpness alone tells nothing about a forgery. */

import { luma, type FloatImage, type Mask } from './float-image.ts';
import { gaussianBlur } from './resample.ts';

/** Detail is what a Gaussian of this standard deviation, in pixels, takes away. */
const DETAIL_SIGMA = 1;
/** Standard deviation, in pixels, of the window that sharpness is averaged over. */
const WINDOW_SIGMA = 6;
/** Most that detail is taken away (-1 leaves the blurred image) and added. */
const MIN_AMOUNT = -1;
const MAX_AMOUNT = 4;

function detail<T extends FloatImage | Mask>(image: T): T {
  const blurred = gaussianBlur(image, DETAIL_SIGMA);
  return { ...image, data: image.data.map((value, i) => value - blurred.data[i]!) };
}

/** Mean of a·b in the window around each pixel. */
function localProduct(a: Mask, b: Mask): Float32Array {
  return gaussianBlur({ ...a, data: a.data.map((value, i) => value * b.data[i]!) }, WINDOW_SIGMA).data;
}

/** Root mean square of the luma's detail (image - blurred image) in a window around each pixel, in grey levels. */
export function sharpness(image: FloatImage): Mask {
  const part = detail(luma(image));
  return { ...part, data: localProduct(part, part).map((power) => Math.sqrt(Math.max(0, power))) };
}

/**
 * The image with amount·detail added where the mask is 1, the amount chosen pixel by pixel so that `sharpness` becomes
 * `goal`. With d the detail and h the detail of the detail, both averaged in the window, |d + a·h|² = goal² is solved for
 * a as if it were constant there; a goal out of reach gets the nearest amount in [-1, 4]. `goal` is of the image's size.
 */
export function setSharpness(image: FloatImage, mask: Mask, goal: Mask): FloatImage {
  const added = detail(image);
  const d = luma(added);
  const h = detail(d);
  const [dd, dh, hh] = [localProduct(d, d), localProduct(d, h), localProduct(h, h)];
  const result = image.data.slice();
  for (let i = 0; i < d.data.length; i++) {
    const discriminant = dh[i]! ** 2 - hh[i]! * (dd[i]! - goal.data[i]! ** 2);
    const root = (-dh[i]! + Math.sqrt(Math.max(0, discriminant))) / Math.max(hh[i]!, 1e-6);
    const amount = mask.data[i]! * Math.min(Math.max(root, MIN_AMOUNT), MAX_AMOUNT);
    for (let c = 0; c < 3; c++) result[3 * i + c]! += amount * added.data[3 * i + c]!;
  }
  return { ...image, data: result };
}
