/**
 * `faceswap`: another person's face laid over the target's by its landmarks, without any network, after the graphics-based
 * family of FaceForensics++ (Rössler et al., ICCV 2019, section 3.1; the FaceSwap program): warp by landmarks, mean colour
 * correction, narrow blend. The texture is fetched without filtering, texel by texel; beside that, the seam and the colour
 * left over give it away.
 */

import { transferColour } from './colour.ts';
import { chooseDonor } from './donor.ts';
import type { FloatImage } from './float-image.ts';
import type { CanvasFace, Forge } from './forgery.ts';
import { fitThinPlateSpline, type Point } from './geometry.ts';
import { blend, faceOutline, hullMask } from './mask.ts';
import { resize } from './resample.ts';
import { warpNearest } from './warp.ts';

/** Of the spline that carries the landmarks: the shape is followed only roughly, as a fitted model would. */
const STIFFNESS = 200;

export const faceswap: Forge = ({ target, donors, rng }) => {
  const { width, height } = target.image;
  const donor = render(chooseDonor(target, donors, rng), target.landmarks);
  const outline = faceOutline(target.landmarks);
  const inner = hullMask(outline, { inset: 3, feather: 3 }, width, height);
  const coloured = transferColour(donor, target.image, inner, rng.range(0.6, 0.85));
  const mask = hullMask(outline, { inset: rng.range(1, 4), feather: rng.range(1.5, 3) }, width, height);
  return blend(target.image, coloured, mask);
};

/** How many texels of the donor's texture make a canvas pixel, along each axis. */
const TEXELS = 1;

/** The donor's texture on the target's shape: each pixel takes the nearest texel. */
function render({ image, landmarks }: CanvasFace, shape: readonly Point[]): FloatImage {
  const side = Math.round(image.width * TEXELS);
  const texture = resize(image, side, side);
  const toTexel = (position: number): number => (position + 0.5) * TEXELS - 0.5;
  const toTexture = fitThinPlateSpline(
    shape,
    landmarks.map(([x, y]): Point => [toTexel(x), toTexel(y)]),
    STIFFNESS,
  );
  return warpNearest(texture, toTexture, image.width, image.height);
}
