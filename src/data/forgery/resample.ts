/** Filters and changes of resolution. Borders repeat. */

import { emptyImage, type FloatImage, type Mask } from './float-image.ts';
import { warpAffine } from './warp.ts';

/** Gaussian blur with standard deviation `sigma` in pixels (0 returns a copy), cut off at three of them. */
export function gaussianBlur<T extends FloatImage | Mask>(image: T, sigma: number): T {
  const { width, height, data } = image;
  if (sigma <= 0) return { ...image, data: data.slice() };
  const radius = Math.max(1, Math.ceil(3 * sigma));
  const taps = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)),
  );
  const sum = taps.reduce((a, b) => a + b, 0);
  const weights = taps.map((tap) => tap / sum);
  const channels = data.length / (width * height);
  const rows = alongAxis(data, weights, { count: width, stride: channels });
  return { ...image, data: alongAxis(rows, weights, { count: height, stride: channels * width }) };
}

/** Convolves along an axis of `count` pixels whose neighbours are `stride` values apart. */
function alongAxis(
  data: Float32Array,
  weights: Float64Array,
  { count, stride }: { readonly count: number; readonly stride: number },
): Float32Array {
  const result = new Float32Array(data.length);
  const radius = (weights.length - 1) / 2;
  const length = count * stride;
  for (let block = 0; block < data.length; block += length) {
    for (let k = -radius; k <= radius; k++) {
      const weight = weights[k + radius]!;
      const shift = k * stride;
      const from = Math.min(Math.max(0, -shift), length); // before it, the first pixel repeats
      const to = Math.max(Math.min(length, length - shift), 0); // from it on, the last one
      for (let i = 0; i < from; i++) result[block + i]! += weight * data[block + (i % stride)]!;
      for (let i = from; i < to; i++) result[block + i]! += weight * data[block + i + shift]!;
      const last = block + length - stride;
      for (let i = to; i < length; i++) result[block + i]! += weight * data[last + (i % stride)]!;
    }
  }
  return result;
}

/**
 * The image at another size: cubic convolution, after a Gaussian of half the reduction factor where it shrinks, so that
 * nothing aliases. The outer edges of first and last pixels coincide.
 */
export function resize(image: FloatImage, width: number, height: number): FloatImage {
  const [sx, sy] = [image.width / width, image.height / height];
  const reduction = Math.max(sx, sy);
  const source = reduction > 1 ? gaussianBlur(image, 0.5 * Math.sqrt(reduction * reduction - 1)) : image;
  return warpAffine(source, { a: sx, b: 0, c: (sx - 1) / 2, d: 0, e: sy, f: (sy - 1) / 2 }, width, height);
}

/**
 * Transposed convolution of stride 2: the image with zeros between its pixels, convolved with a `size`×`size` kernel
 * (rows from the top), as generators double their resolution:
 * out[y, x] = Σ_{i,j} kernel[i, j] · in[(y + pad - i) / 2, (x + pad - j) / 2] over the whole-numbered positions,
 * pad = ⌊(size - 1) / 2⌋. Where the taps that meet a pixel do not sum to 1 on each of the four phases, a checkerboard
 * appears (Odena, Dumoulin & Olah, "Deconvolution and checkerboard artifacts", Distill 2016).
 */
export function transposedConvolution(
  image: FloatImage,
  kernel: readonly number[],
  size: number,
): FloatImage {
  const { width, height, data } = image;
  const result = emptyImage(2 * width, 2 * height);
  const pad = Math.floor((size - 1) / 2);
  for (let y = 0; y < 2 * height; y++) {
    for (let x = 0; x < 2 * width; x++) {
      const at = 3 * (y * 2 * width + x);
      for (let i = (y + pad) % 2; i < size; i += 2) {
        const sourceY = Math.min(Math.max((y + pad - i) / 2, 0), height - 1);
        for (let j = (x + pad) % 2; j < size; j += 2) {
          const sourceX = Math.min(Math.max((x + pad - j) / 2, 0), width - 1);
          const weight = kernel[i * size + j]!;
          const from = 3 * (sourceY * width + sourceX);
          result.data[at]! += weight * data[from]!;
          result.data[at + 1]! += weight * data[from + 1]!;
          result.data[at + 2]! += weight * data[from + 2]!;
        }
      }
    }
  }
  return result;
}

/** Every pixel repeated `factor` times along both axes. */
export function repeatPixels({ width, height, data }: FloatImage, factor: number): FloatImage {
  const result = emptyImage(width * factor, height * factor);
  for (let y = 0; y < result.height; y++) {
    for (let x = 0; x < result.width; x++) {
      const from = 3 * (Math.floor(y / factor) * width + Math.floor(x / factor));
      result.data.set(data.subarray(from, from + 3), 3 * (y * result.width + x));
    }
  }
  return result;
}

/** Unsharp mask: image + amount · (image - blurred image). */
export function sharpen(image: FloatImage, amount: number, sigma: number): FloatImage {
  const blurred = gaussianBlur(image, sigma);
  return { ...image, data: image.data.map((value, i) => value + amount * (value - blurred.data[i]!)) };
}
