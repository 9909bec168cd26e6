/** From a photo and its landmarks to a face at a fixed place on a square canvas. */

import sharp from 'sharp';
import type { RgbImage } from './dataset.ts';
import { toFloat, type FloatImage } from './forgery/float-image.ts';
import {
  applyAffine,
  centroid,
  fitSimilarity,
  invertAffine,
  type Affine,
  type Point,
} from './forgery/geometry.ts';
import { warpAffine } from './forgery/warp.ts';

/** Side of the canvas that faces are aligned to and forged on, in pixels; the final crop lies inside it. */
export const CANVAS = 120;

/** Where the middles of the left eye, the right eye (as seen in the picture) and the mouth come to lie. */
export const ANCHORS: readonly Point[] = [
  [40.5, 51],
  [79.5, 51],
  [60, 91.5],
];

/** A face on the canvas, with its 68 landmarks in canvas pixels. */
export interface AlignedFace {
  readonly image: FloatImage;
  readonly landmarks: readonly Point[];
}

/** The rotation, scale and shift that bring the eyes and the mouth of 68 landmarks to `ANCHORS`. */
export function alignment(landmarks: readonly Point[]): Affine {
  const middles = [landmarks.slice(36, 42), landmarks.slice(42, 48), landmarks.slice(48, 60)].map(centroid);
  return fitSimilarity(middles, ANCHORS);
}

/** How many canvas pixels a photo pixel becomes: above 1 the photo is enlarged. */
export function scaleOf({ a, d }: Affine): number {
  return Math.hypot(a, d);
}

/**
 * The photo resampled to the canvas. A photo larger than the canvas needs is first reduced with Lanczos (so that nothing
 * aliases), then turned and shifted with cubic convolution.
 */
export async function alignFace(photo: RgbImage, landmarks: readonly Point[]): Promise<AlignedFace> {
  const toCanvas = alignment(landmarks);
  const reduction = Math.min(1, scaleOf(toCanvas));
  const reduced = reduction < 1 ? await resize(photo, reduction) : photo;
  // Pixel centres: u = (x + 1/2)·s - 1/2 for each axis of the reduced photo.
  const [sx, sy] = [reduced.width / photo.width, reduced.height / photo.height];
  const back = invertAffine(toCanvas);
  const toReduced: Affine = {
    a: back.a * sx,
    b: back.b * sx,
    c: (back.c + 0.5) * sx - 0.5,
    d: back.d * sy,
    e: back.e * sy,
    f: (back.f + 0.5) * sy - 0.5,
  };
  return {
    image: warpAffine(toFloat(reduced), toReduced, CANVAS, CANVAS),
    landmarks: landmarks.map((point) => applyAffine(toCanvas, point)),
  };
}

async function resize({ width, height, data }: RgbImage, scale: number): Promise<RgbImage> {
  const target = {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
  const pixels = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(target.width, target.height, { fit: 'fill', kernel: 'lanczos3' })
    .raw()
    .toBuffer();
  return { ...target, data: new Uint8Array(pixels) };
}
