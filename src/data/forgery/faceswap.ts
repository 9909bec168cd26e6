/**
 * `faceswap`: another person's face laid over the target's by its landmarks, without any network, after the graphics-based
 * family of FaceForensics++ (Rössler et al., ICCV 2019, section 3.1; the FaceSwap program): warp by landmarks, mean colour
 * correction, narrow blend. What gives it away is the seam and the colour left over, not the texture.
 */

import { transferColour } from './colour.ts';
import { chooseDonor, warpToLandmarks } from './donor.ts';
import type { Forge } from './forgery.ts';
import { blend, faceOutline, hullMask } from './mask.ts';

export const faceswap: Forge = ({ target, donors, rng }) => {
  const { width, height } = target.image;
  const donor = warpToLandmarks(chooseDonor(target, donors, rng), target.landmarks, 200);
  const outline = faceOutline(target.landmarks);
  const inner = hullMask(outline, { inset: 3, feather: 3 }, width, height);
  const coloured = transferColour(donor, target.image, inner, rng.range(0.6, 0.85));
  const mask = hullMask(outline, { inset: rng.range(1, 4), feather: rng.range(1.5, 3.5) }, width, height);
  return blend(target.image, coloured, mask);
};
