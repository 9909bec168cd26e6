/**
 * `face2face`: the target's own face with another expression, rendered again, after the re-enactment family of
 * FaceForensics++ (Thies et al., "Face2Face", CVPR 2016): the mouth opens or closes, its corners and the brows move, the
 * texture is sampled twice at a lower resolution, lit from a slightly other side and blended in.
 */

import type { Rng } from '../rng.ts';
import { warpToLandmarks } from './donor.ts';
import { mapImage, type FloatImage } from './float-image.ts';
import type { Forge } from './forgery.ts';
import type { Point } from './geometry.ts';
import { blend, faceOutline, hullMask } from './mask.ts';
import { resize } from './resample.ts';

export const face2face: Forge = ({ target, rng }) => {
  const { width, height } = target.image;
  const posed = changeExpression(target.landmarks, rng);
  const warped = warpToLandmarks(target, posed, 4);
  const rendered = relight(renderTwice(warped, rng), rng);
  const outline = faceOutline(posed);
  const mask = hullMask(outline, { inset: rng.range(1, 4), feather: rng.range(1.5, 3) }, width, height);
  return blend(target.image, rendered, mask);
};

/** Moves brows, mouth and chin: at most about a tenth of the distance of the eyes (39 pixels). */
function changeExpression(landmarks: readonly Point[], rng: Rng): Point[] {
  const sign = rng.uniform() < 0.5 ? -1 : 1;
  const open = sign * rng.range(1.5, 3.5);
  const smile = rng.range(1, 2.5) * (rng.uniform() < 0.5 ? -1 : 1);
  const brows = rng.range(-2, 2);
  const middle = landmarks[66]!;
  return landmarks.map(([x, y], i): Point => {
    if (i >= 17 && i < 27) return [x, y - brows];
    if (i >= 5 && i < 12) return [x, y + open * 0.5 * (1 - Math.abs(i - 8) / 4)];
    if (i < 48) return [x, y];
    const side = Math.min(1, Math.abs(x - middle[0]) / 10); // 0 at the middle of the mouth, 1 at its corners
    const lower = (i >= 55 && i <= 59) || i >= 65;
    return [
      x + Math.sign(x - middle[0]) * side * smile * 0.8,
      y - side * smile + (lower ? (1 - side) * open : 0),
    ];
  });
}

/** The texture fetched from a smaller atlas and shaded into a smaller frame buffer: two losses of resolution. */
function renderTwice(image: FloatImage, rng: Rng): FloatImage {
  const { width, height } = image;
  let result = image;
  for (let pass = 0; pass < 2; pass++) {
    const scale = rng.range(0.5, 0.7);
    result = resize(resize(result, Math.round(width * scale), Math.round(height * scale)), width, height);
  }
  return result;
}

/** First-order light: a gain that varies linearly over the face, by up to a tenth from side to side. */
function relight(image: FloatImage, rng: Rng): FloatImage {
  const angle = rng.range(0, 2 * Math.PI);
  const strength = rng.range(0.04, 0.1);
  const { width, height } = image;
  return mapImage(image, (value, i) => {
    const x = (Math.floor(i / 3) % width) / (width - 1) - 0.5;
    const y = Math.floor(i / 3 / width) / (height - 1) - 0.5;
    return value * (1 + strength * 2 * (Math.cos(angle) * x + Math.sin(angle) * y));
  });
}
