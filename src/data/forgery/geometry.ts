/** Points and the maps between them. Pixel centres have integer coordinates: (0, 0) is the middle of the first pixel. */

export type Point = readonly [x: number, y: number];

/** A map of the plane. */
export type PointMap = (point: Point) => Point;

/** x' = a·x + b·y + c, y' = d·x + e·y + f. */
export interface Affine {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

export function applyAffine({ a, b, c, d, e, f }: Affine, [x, y]: Point): Point {
  return [a * x + b * y + c, d * x + e * y + f];
}

/** The inverse map. Throws if the matrix is singular. */
export function invertAffine({ a, b, c, d, e, f }: Affine): Affine {
  const det = a * e - b * d;
  if (Math.abs(det) < 1e-12) throw new Error('invertAffine: the matrix is singular');
  return {
    a: e / det,
    b: -b / det,
    c: (b * f - c * e) / det,
    d: -d / det,
    e: a / det,
    f: (c * d - a * f) / det,
  };
}

/** Rotation by `degrees` (clockwise on the screen) and scaling about `centre`, which then moves to `to`. */
export function rotationAbout(centre: Point, degrees: number, scale: number, to: Point = centre): Affine {
  const cos = scale * Math.cos((degrees * Math.PI) / 180);
  const sin = scale * Math.sin((degrees * Math.PI) / 180);
  const [x, y] = centre;
  return { a: cos, b: -sin, c: to[0] - cos * x + sin * y, d: sin, e: cos, f: to[1] - sin * x - cos * y };
}

export function centroid(points: readonly Point[]): Point {
  const sum = points.reduce(([x, y], point) => [x + point[0], y + point[1]] as const, [0, 0] as const);
  return [sum[0] / points.length, sum[1] / points.length];
}

/**
 * The rotation, uniform scale and shift without reflection that take `from` to `to` with the least sum of squared
 * distances (Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991;
 * closed form in two dimensions). Throws if all points of `from` coincide.
 */
export function fitSimilarity(from: readonly Point[], to: readonly Point[]): Affine {
  const [centreFrom, centreTo] = [centroid(from), centroid(to)];
  let [along, across, spread] = [0, 0, 0];
  from.forEach((point, i) => {
    const [x, y] = [point[0] - centreFrom[0], point[1] - centreFrom[1]];
    const [u, v] = [to[i]![0] - centreTo[0], to[i]![1] - centreTo[1]];
    along += x * u + y * v;
    across += x * v - y * u;
    spread += x * x + y * y;
  });
  if (spread === 0) throw new Error('fitSimilarity: all points coincide');
  const [cos, sin] = [along / spread, across / spread];
  return {
    a: cos,
    b: -sin,
    c: centreTo[0] - cos * centreFrom[0] + sin * centreFrom[1],
    d: sin,
    e: cos,
    f: centreTo[1] - sin * centreFrom[0] - cos * centreFrom[1],
  };
}

/** Root mean square distance between corresponding points. */
export function rootMeanSquareDistance(from: readonly Point[], to: readonly Point[]): number {
  const sum = from.reduce((s, [x, y], i) => s + (x - to[i]![0]) ** 2 + (y - to[i]![1]) ** 2, 0);
  return Math.sqrt(sum / from.length);
}

/**
 * The smoothest map that takes every point of `from` to its partner in `to`: a thin-plate spline with kernel r²·log r²
 * (Bookstein, "Principal warps", PAMI 1989). `stiffness` ≥ 0, in pixels squared, trades exactness for smoothness; 0 meets
 * the points. Throws if the points lie on one line.
 */
export function fitThinPlateSpline(from: readonly Point[], to: readonly Point[], stiffness = 0): PointMap {
  const n = from.length;
  const rows = from.map((point, i) => [
    ...from.map((other, j) => kernel(point, other) + (i === j ? stiffness : 0)),
    1,
    ...point,
    ...to[i]!,
  ]);
  const transposed = [from.map(() => 1), from.map(([x]) => x), from.map(([, y]) => y)];
  for (const row of transposed) rows.push([...row, 0, 0, 0, 0, 0]);
  const weights = solve(rows, n + 3);
  return (point) => {
    let [x, y] = [0, 0];
    for (let i = 0; i < n + 3; i++) {
      const basis = i < n ? kernel(point, from[i]!) : i === n ? 1 : point[i - n - 1]!;
      x += weights[i]![0] * basis;
      y += weights[i]![1] * basis;
    }
    return [x, y];
  };
}

function kernel([x, y]: Point, [u, v]: Point): number {
  const squared = (x - u) ** 2 + (y - v) ** 2;
  return squared === 0 ? 0 : squared * Math.log(squared);
}

/** Gaussian elimination with partial pivoting: rows of `size` coefficients and two right-hand sides, changed in place. */
function solve(rows: number[][], size: number): Point[] {
  for (let column = 0; column < size; column++) {
    let best = column;
    for (let i = column + 1; i < size; i++) {
      if (Math.abs(rows[i]![column]!) > Math.abs(rows[best]![column]!)) best = i;
    }
    const pivot = rows[best]!;
    if (Math.abs(pivot[column]!) < 1e-9) throw new Error('fitThinPlateSpline: the points lie on one line');
    rows[best] = rows[column]!;
    rows[column] = pivot;
    for (let i = column + 1; i < size; i++) {
      const row = rows[i]!;
      const factor = row[column]! / pivot[column]!;
      if (factor === 0) continue;
      for (let j = column; j < size + 2; j++) row[j]! -= factor * pivot[j]!;
    }
  }
  const result: Point[] = new Array<Point>(size).fill([0, 0]);
  for (let i = size - 1; i >= 0; i--) {
    const row = rows[i]!;
    let [x, y] = [row[size]!, row[size + 1]!];
    for (let j = i + 1; j < size; j++) {
      x -= row[j]! * result[j]![0];
      y -= row[j]! * result[j]![1];
    }
    result[i] = [x / row[i]!, y / row[i]!];
  }
  return result;
}
