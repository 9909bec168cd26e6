/**
 * Where the face is on a crop that is centred on one, and how its surface is turned: an ellipsoid, the simplest head. Crops of `data=faces` and of
 * `npm run prepare` are centred on the face with a margin of their own, so that this fits them alike, and none of them exactly.
 */

/** In shares of the side: the middle, and the half-axes across, down, and towards the viewer. */
const CENTRE = [0.5, 0.52] as const;
const HALF_AXES = [0.36, 0.46, 0.36] as const;

/** A point of the crop, 0 … 1 from the left and from above. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Unit vector out of the surface: to the right, down, towards the viewer. */
export type Normal = readonly [number, number, number];

/** How far from the middle of the face, its outline being 1. */
export function faceRadius({ x, y }: Place): number {
  return Math.hypot((x - CENTRE[0]) / HALF_AXES[0], (y - CENTRE[1]) / HALF_AXES[1]);
}

/** The normal of the ellipsoid at a place on the face; null beside it. */
export function faceNormal(place: Place): Normal | null {
  const radius = faceRadius(place);
  if (radius >= 1) return null;
  const [a, b, c] = HALF_AXES;
  const direction = [
    (place.x - CENTRE[0]) / a ** 2,
    (place.y - CENTRE[1]) / b ** 2,
    Math.sqrt(1 - radius ** 2) / c,
  ] as const;
  const length = Math.hypot(...direction);
  return [direction[0] / length, direction[1] / length, direction[2] / length];
}

/** Whether a place is left of the middle of the face, as seen, and whether above it. */
export function faceHalves({ x, y }: Place): { readonly left: boolean; readonly above: boolean } {
  return { left: x < CENTRE[0], above: y < CENTRE[1] };
}

/** The middle of each pixel of a square image, row by row. */
export function pixelPlaces(size: number): Place[] {
  return Array.from({ length: size * size }, (_, i) => ({
    x: ((i % size) + 0.5) / size,
    y: (Math.floor(i / size) + 0.5) / size,
  }));
}
