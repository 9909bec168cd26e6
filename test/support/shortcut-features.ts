/** What can be told of an image without looking at the face: the features of the shortcut audit. */
import type { RgbImage } from '../../src/data/dataset.ts';
import { luma, toFloat, type Mask } from '../../src/data/forgery/float-image.ts';
import { gaussianBlur } from '../../src/data/forgery/resample.ts';
import { encodeJpeg } from '../../src/data/image.ts';

export const FEATURES = [
  'JPEG bytes at quality 90',
  'mean red',
  'mean green',
  'mean blue',
  'contrast',
  'sharpness',
  'centre-to-whole sharpness',
] as const;

export async function shortcutFeatures(image: RgbImage): Promise<number[]> {
  const float = toFloat(image);
  const grey = luma(float);
  const blurred = gaussianBlur(grey, 1);
  const detail: Mask = { ...grey, data: grey.data.map((value, i) => value - blurred.data[i]!) };
  const everywhere = (): boolean => true;
  const centre = (x: number, y: number): boolean =>
    Math.abs(x / image.width - 0.5) < 0.25 && Math.abs(y / image.height - 0.5) < 0.25;
  const means = [0, 1, 2].map((c) => mean(float.data.filter((_, i) => i % 3 === c)));
  const greyMean = mean(grey.data);
  const contrast = Math.sqrt(mean(grey.data.map((value) => (value - greyMean) ** 2)));
  const whole = rms(detail, everywhere);
  return [(await encodeJpeg(image, 90)).length, ...means, contrast, whole, rms(detail, centre) / whole];
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rms({ width, data }: Mask, inside: (x: number, y: number) => boolean): number {
  return Math.sqrt(
    mean(data.filter((_, i) => inside(i % width, Math.floor(i / width))).map((value) => value * value)),
  );
}
