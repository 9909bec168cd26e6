/** Opacity masks from landmarks. */

import { emptyImage, type FloatImage, type Mask, type Masked } from './float-image.ts';
import type { Point } from './geometry.ts';

/** How a polygon's border fades: opacity is 0 at `inset - feather / 2` inside it, 1 at `inset + feather / 2`. Pixels. */
export interface Edge {
  readonly inset: number;
  readonly feather: number;
}

/** The convex hull, clockwise on the screen (monotone chain, Andrew 1979), without points on its sides. */
export function convexHull(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((p, q) => p[0] - q[0] || p[1] - q[1]);
  const chain = (ordered: readonly Point[]): Point[] => {
    const hull: Point[] = [];
    for (const point of ordered) {
      while (hull.length >= 2 && cross(hull.at(-2)!, hull.at(-1)!, point) <= 0) hull.pop();
      hull.push(point);
    }
    return hull.slice(0, -1);
  };
  return [...chain(sorted), ...chain(sorted.reverse())];
}

function cross(origin: Point, p: Point, q: Point): number {
  return (p[0] - origin[0]) * (q[1] - origin[1]) - (p[1] - origin[1]) * (q[0] - origin[0]);
}

/** Opacity in [0, 1] of the points' convex hull, fading smoothly (cubic smoothstep) across its border. */
export function hullMask(
  points: readonly Point[],
  { inset, feather }: Edge,
  width: number,
  height: number,
): Mask {
  const hull = convexHull(points);
  const sides = hull.map((point, i) => {
    const next = hull[(i + 1) % hull.length]!;
    const length = Math.hypot(next[0] - point[0], next[1] - point[1]);
    const [nx, ny] = [-(next[1] - point[1]) / length, (next[0] - point[0]) / length];
    return { nx, ny, offset: -nx * point[0] - ny * point[1] };
  });
  const data = new Float32Array(width * height);
  const none = inset - feather / 2;
  for (let i = 0; i < data.length; i++) {
    const x = i % width;
    const y = (i - x) / width;
    let depth = Infinity; // distance to the nearest side's line: inside a convex polygon, to its border
    for (const side of sides) {
      depth = Math.min(depth, side.nx * x + side.ny * y + side.offset);
      if (depth < none) break;
    }
    const t = Math.min(Math.max((depth - inset) / feather + 0.5, 0), 1);
    data[i] = t * t * (3 - 2 * t);
  }
  return { width, height, data };
}

/** Jaw and brows, the middle of the brows raised by an eighth of the face's height towards the forehead. */
export function faceOutline(landmarks: readonly Point[]): Point[] {
  const [brow, chin] = [landmarks[24]!, landmarks[8]!];
  const [dx, dy] = [(brow[0] - chin[0]) / 8, (brow[1] - chin[1]) / 8];
  const raise = ([x, y]: Point, share: number): Point => [x + share * dx, y + share * dy];
  const jaw = landmarks.slice(1, 16);
  // shares per brow point, from the left end of the left brow to the right end of the right one
  const shares = [0, 0.5, 0.9, 1, 1, 1, 1, 0.9, 0.5, 0];
  return [...jaw, ...landmarks.slice(17, 27).map((point, i) => raise(point, shares[i]!))];
}

/** Jaw from cheek to cheek, lower nose and mouth. */
export function mouthOutline(landmarks: readonly Point[]): Point[] {
  return [...landmarks.slice(4, 13), ...landmarks.slice(31, 36)];
}

/** `mask`·over + (1 - `mask`)·under, pixel by pixel. */
export function blend(under: FloatImage, over: FloatImage, mask: Mask): Masked {
  const result = emptyImage(under.width, under.height);
  for (let i = 0; i < result.data.length; i++) {
    const opacity = mask.data[Math.floor(i / 3)]!;
    result.data[i] = under.data[i]! + opacity * (over.data[i]! - under.data[i]!);
  }
  return { ...result, mask };
}
