/** Choosing another person's face for a swap, and laying it over the target's. */

import type { Rng } from '../rng.ts';
import type { FloatImage } from './float-image.ts';
import type { CanvasFace } from './forgery.ts';
import {
  applyAffine,
  fitSimilarity,
  fitThinPlateSpline,
  rootMeanSquareDistance,
  type Point,
} from './geometry.ts';
import { warpSmooth } from './warp.ts';

/** Pixels of misfit that a difference of one grey level in skin colour weighs as much as. */
const COLOUR_WEIGHT = 0.06;

/**
 * Of up to `candidates` faces drawn from `donors`, the one that suits the target best: landmarks after a similarity, and
 * skin colour. Throws if there is no donor.
 */
export function chooseDonor(
  target: CanvasFace,
  donors: readonly CanvasFace[],
  rng: Rng,
  candidates = 12,
): CanvasFace {
  const skin = skinColour(target);
  const misfit = (donor: CanvasFace): number => {
    const fit = fitSimilarity(donor.landmarks, target.landmarks);
    const moved = donor.landmarks.map((point) => applyAffine(fit, point));
    const difference = skinColour(donor).map((value, c) => value - skin[c]!);
    return rootMeanSquareDistance(moved, target.landmarks) + COLOUR_WEIGHT * Math.hypot(...difference);
  };
  const drawn = rng.shuffle(donors).slice(0, candidates);
  const best = drawn.map((face) => ({ face, cost: misfit(face) })).sort((p, q) => p.cost - q.cost)[0];
  if (best === undefined) throw new Error('chooseDonor: there is no donor face');
  return best.face;
}

/** Mean RGB at the landmarks of the nose and half-way between them and the jaw: skin without brows, eyes and mouth. */
function skinColour({ image, landmarks }: CanvasFace): [number, number, number] {
  const nose = landmarks.slice(27, 36);
  const cheeks = [2, 3, 13, 14].map((i): Point => {
    const [[x, y], [u, v]] = [landmarks[i]!, landmarks[33]!];
    return [(x + u) / 2, (y + v) / 2];
  });
  const points = [...nose, ...cheeks];
  const sum: [number, number, number] = [0, 0, 0];
  for (const [x, y] of points) {
    const column = Math.min(Math.max(Math.round(x), 0), image.width - 1);
    const row = Math.min(Math.max(Math.round(y), 0), image.height - 1);
    for (let c = 0; c < 3; c++) sum[c]! += image.data[3 * (row * image.width + column) + c]! / points.length;
  }
  return sum;
}

/**
 * The face's image warped so that each landmark comes to lie on its partner in `landmarks`, by a thin-plate spline through
 * all 68, smoothed by `stiffness` (see `fitThinPlateSpline`).
 */
export function warpToLandmarks(
  face: CanvasFace,
  landmarks: readonly Point[],
  stiffness: number,
): FloatImage {
  const toSource = fitThinPlateSpline(landmarks, face.landmarks, stiffness);
  return warpSmooth(face.image, toSource, face.image.width, face.image.height);
}
