/** The image that the forgeries compute on: interleaved RGB, float32, 0 … 255 but not clipped until the end. */

import type { RgbImage } from '../dataset.ts';

export interface FloatImage {
  readonly width: number;
  readonly height: number;
  /** `width * height * 3` values, rows from the top. */
  readonly data: Float32Array;
}

/** One number per pixel, usually an opacity in [0, 1]: `width * height` values, rows from the top. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** An image of which it is known where it was changed: 1 where it is all new, 0 where it is what it was. */
export interface Masked extends FloatImage {
  readonly mask: Mask;
}

export function emptyImage(width: number, height: number): FloatImage {
  return { width, height, data: new Float32Array(width * height * 3) };
}

export function toFloat({ width, height, data }: RgbImage): FloatImage {
  return { width, height, data: Float32Array.from(data) };
}

/** Rounds to the nearest integer and clips to 0 … 255. */
export function toRgb({ width, height, data }: FloatImage): RgbImage {
  return { width, height, data: new Uint8Array(Uint8ClampedArray.from(data).buffer) };
}

/** A new image, each value of which is `f(value, index)`. */
export function mapImage(image: FloatImage, f: (value: number, index: number) => number): FloatImage {
  return { ...image, data: image.data.map(f) };
}

/** Rec. 601 luma, the one that JPEG uses, 0 … 255. */
export function luma({ width, height, data }: FloatImage): Mask {
  const result = new Float32Array(width * height);
  for (let i = 0; i < result.length; i++) {
    result[i] = 0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!;
  }
  return { width, height, data: result };
}
