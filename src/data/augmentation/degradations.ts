/** What an image loses on its way: blur, fewer pixels, noise, JPEG. */
import type { RgbImage } from '../dataset.ts';
import { toFloat, toRgb } from '../forgery/float-image.ts';
import { gaussianBlur } from '../forgery/resample.ts';
import { jpegRoundTrip, resizeTo } from '../image.ts';
import { rngFor } from '../rng.ts';

export interface Degradations {
  /** Standard deviation of a Gaussian blur, in pixels; 0 changes nothing. */
  readonly blur: number;
  /** Factor of the resize down and up again; 1 changes nothing. */
  readonly resize: number;
  /** Standard deviation on the [0,1] scale, and the seed of the noise field. */
  readonly noise: number;
  readonly noiseSeed: number;
  /** Null: no JPEG round trip. */
  readonly jpegQuality: number | null;
}

/** Blurred (the border repeats), resized down and up, noise added, saved as a JPEG, in this order. */
export async function degrade(image: RgbImage, degradations: Degradations): Promise<RgbImage> {
  const { width, height } = image;
  const { blur, resize, noise, noiseSeed, jpegQuality } = degradations;
  let result = blur === 0 ? image : toRgb(gaussianBlur(toFloat(image), blur));
  if (resize !== 1) {
    const smaller = await resizeTo(result, atLeast1(resize * width), atLeast1(resize * height));
    result = await resizeTo(smaller, width, height);
  }
  if (noise !== 0) result = addNoise(result, noise, noiseSeed);
  if (jpegQuality !== null) result = await jpegRoundTrip(result, jpegQuality);
  return result;
}

/** Independent Gaussian noise per pixel and channel; the field depends on the seed alone, not on the image. */
function addNoise({ width, height, data }: RgbImage, deviation: number, seed: number): RgbImage {
  const rng = rngFor(seed, 'noise');
  const result = new Uint8ClampedArray(data.length);
  for (let i = 0; i < data.length; i++) result[i] = (data[i] as number) + 255 * deviation * rng.normal();
  return { width, height, data: new Uint8Array(result.buffer) };
}

function atLeast1(length: number): number {
  return Math.max(1, Math.round(length));
}
