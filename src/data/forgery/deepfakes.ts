/**
 * `deepfakes`: another person's face that has passed a low-resolution generator, after the autoencoder family of
 * FaceForensics++ (Rössler et al., ICCV 2019, section 3.1; the faceswap program). The donor takes on the target's pose and
 * expression, is reduced to a few dozen pixels, doubled again by transposed convolutions whose kernels are not quite even
 * (a faint checkerboard), colour-corrected and blended softly inside the face's outline.
 */

import type { Rng } from '../rng.ts';
import { transferColour } from './colour.ts';
import { chooseDonor, warpToLandmarks } from './donor.ts';
import type { FloatImage } from './float-image.ts';
import type { Forge } from './forgery.ts';
import { blend, faceOutline, hullMask } from './mask.ts';
import { gaussianBlur, resize, transposedConvolution } from './resample.ts';

/** Doubling by cubic convolution as a transposed convolution: weights at ±1.75, ±1.25, ±0.75 and ±0.25 pixels. */
const CUBIC = [-0.0234375, -0.0703125, 0.2265625, 0.8671875, 0.8671875, 0.2265625, -0.0703125, -0.0234375];
/** Standard deviation of the share by which each tap of a trained kernel differs. */
const UNEVENNESS = 0.012;

export const deepfakes: Forge = ({ target, donors, rng }) => {
  const { width, height } = target.image;
  const donor = warpToLandmarks(chooseDonor(target, donors, rng), target.landmarks, 20);
  const generated = generate(donor, rng);
  const outline = faceOutline(target.landmarks);
  const inner = hullMask(outline, { inset: 4, feather: 4 }, width, height);
  const coloured = transferColour(generated, target.image, inner, rng.range(0.8, 1));
  const mask = hullMask(outline, { inset: rng.range(3, 6), feather: rng.range(5, 9) }, width, height);
  return blend(target.image, coloured, mask);
};

/** Down to half of the canvas and up by one transposed convolution, as a small decoder ends. */
function generate(image: FloatImage, rng: Rng): FloatImage {
  const half = resize(gaussianBlur(image, rng.range(0, 0.4)), image.width / 2, image.height / 2);
  return transposedConvolution(half, trainedKernel(rng), CUBIC.length);
}

function trainedKernel(rng: Rng): number[] {
  return CUBIC.flatMap((v) => CUBIC.map((h) => v * h * (1 + UNEVENNESS * rng.normal())));
}
