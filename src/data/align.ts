/** From a photo and its landmarks to a face at a fixed place on a square canvas. */

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
import { resizeTo } from './image.ts';

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

/** The photo resampled to the canvas by {@link warpReduced}, with its landmarks. */
export async function alignFace(photo: RgbImage, landmarks: readonly Point[]): Promise<AlignedFace> {
  const toCanvas = alignment(landmarks);
  return {
    image: await warpReduced(photo, toCanvas, CANVAS),
    landmarks: landmarks.map((point) => applyAffine(toCanvas, point)),
  };
}

/**
 * An image turned, scaled and shifted onto a square canvas of `side` pixels. One larger than the canvas needs is first reduced with Lanczos
 * (so that nothing aliases), then turned and shifted with cubic convolution. Beyond the image its border pixels repeat.
 *
 * @param toCanvas a similarity from the image's pixels to the canvas's, centres at whole numbers in both
 */
export async function warpReduced(image: RgbImage, toCanvas: Affine, side: number): Promise<FloatImage> {
  const { width, height } = image;
  const scale = Math.min(1, scaleOf(toCanvas));
  const reduced = await resizeTo(
    image,
    Math.max(1, Math.round(width * scale)),
    Math.max(1, Math.round(height * scale)),
  );
  // Pixel centres: u = (x + 1/2)·s - 1/2 for each axis of the reduced image.
  const [sx, sy] = [reduced.width / width, reduced.height / height];
  const back = invertAffine(toCanvas);
  const toReduced: Affine = {
    a: back.a * sx,
    b: back.b * sx,
    c: (back.c + 0.5) * sx - 0.5,
    d: back.d * sy,
    e: back.e * sy,
    f: (back.f + 0.5) * sy - 0.5,
  };
  return warpAffine(toFloat(reduced), toReduced, side, side);
}
