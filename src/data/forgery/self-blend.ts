/**
 * `self-blend`: the face blended with a slightly changed copy of itself (Shiohara & Yamasaki, "Detecting deepfakes with
 * self-blended images", CVPR 2022, section 3): colour, sharpness and place of one of the two are shifted a little, the
 * mask is a deformed hull of random softness and opacity. It holds the seam of a forgery and nothing else of it.
 */

import type { Rng } from '../rng.ts';
import { mapImage, type FloatImage, type Masked } from './float-image.ts';
import type { Forge, ForgeryInput } from './forgery.ts';
import { rotationAbout, type Point } from './geometry.ts';
import { blend, faceOutline, hullMask } from './mask.ts';
import { resize, sharpen } from './resample.ts';
import { warpAffine } from './warp.ts';

export const selfBlend: Forge = selfBlendAt(1);

/** The same for faces of another size: lengths that belong to the face are `unit` times those on the canvas. */
export function selfBlendAt(unit: number): Forge {
  return (input) => selfBlended(input, unit);
}

function selfBlended({ target, rng }: ForgeryInput, unit: number): Masked {
  const { width, height } = target.image;
  const changed = shiftColour(shiftSharpness(target.image, rng), rng);
  const centre: Point = [(width - 1) / 2, (height - 1) / 2];
  const place: Point = [centre[0] + unit * rng.range(-2, 2), centre[1] + unit * rng.range(-1, 1)];
  const moved = warpAffine(changed, rotationAbout(place, 0, rng.range(0.97, 1.03), centre), width, height);
  const outline = faceOutline(target.landmarks).map(([x, y]): Point => [
    x + unit * 1.5 * rng.normal(),
    y + unit * 1.5 * rng.normal(),
  ]);
  const edge = { inset: unit * rng.range(0, 8), feather: unit * rng.range(2, 10) };
  const mask = hullMask(outline, edge, width, height);
  const opacity = [0.5, 0.75, 1, 1][rng.integer(4)]!;
  return blend(target.image, moved, { ...mask, data: mask.data.map((value) => value * opacity) });
}

/** Either sharpened or passed through a lower resolution, as the source or the target of a real swap would differ. */
function shiftSharpness(image: FloatImage, rng: Rng): FloatImage {
  if (rng.uniform() < 0.5) return sharpen(image, rng.range(0.2, 0.6), 1);
  const scale = rng.range(0.6, 0.9);
  const { width, height } = image;
  return resize(resize(image, Math.round(width * scale), Math.round(height * scale)), width, height);
}

/** Brightness, contrast and each channel by a few per cent. */
function shiftColour(image: FloatImage, rng: Rng): FloatImage {
  const gain = rng.range(0.92, 1.08);
  const shifts = [0, 1, 2].map(() => rng.range(-8, 8));
  return mapImage(image, (value, i) => (value - 128) * gain + 128 + shifts[i % 3]!);
}
