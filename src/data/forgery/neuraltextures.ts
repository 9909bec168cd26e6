/**
 * `neuraltextures`: only the mouth region made anew, after the deferred neural rendering family of FaceForensics++ (Thies,
 * Zollhöfer & Nießner, "Deferred neural rendering", SIGGRAPH 2019): the mouth moves, its texture is reduced to a third and
 * brought back by repeated pixels, a small filter and sharpening, an upsampler of another kind than that of `deepfakes`.
 */

import type { Rng } from '../rng.ts';
import { warpToLandmarks } from './donor.ts';
import type { FloatImage } from './float-image.ts';
import type { Forge } from './forgery.ts';
import type { Point } from './geometry.ts';
import { blend, hullMask, mouthOutline } from './mask.ts';
import { gaussianBlur, repeatPixels, resize, sharpen } from './resample.ts';

const FACTOR = 3;

export const neuraltextures: Forge = ({ target, rng }) => {
  const { width, height } = target.image;
  const open = rng.range(-2.5, 2.5);
  const posed = target.landmarks.map(([x, y], i): Point =>
    (i >= 55 && i <= 59) || i >= 65 ? [x, y + open] : [x, y],
  );
  const warped = warpToLandmarks(target, posed, 4);
  const texture = synthesise(warped, rng);
  const mask = hullMask(
    mouthOutline(target.landmarks),
    { inset: 1.5, feather: rng.range(3, 6) },
    width,
    height,
  );
  return blend(target.image, texture, mask);
};

function synthesise(image: FloatImage, rng: Rng): FloatImage {
  const { width, height } = image;
  const small = resize(image, width / FACTOR, height / FACTOR);
  const smoothed = gaussianBlur(repeatPixels(small, FACTOR), rng.range(0.7, 1));
  return sharpen(smoothed, rng.range(0.8, 1.4), 1.5);
}
