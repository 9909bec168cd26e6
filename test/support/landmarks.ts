/** A face without a photo. */

/** 68 landmarks of a face that fills an image of the given side: jaw, brows, nose, eyes, mouth. */
export function faceLandmarks(side: number): [number, number][] {
  const at = (x: number, y: number): [number, number] => [x * side, y * side];
  const along = (count: number, of: (t: number) => [number, number]): [number, number][] =>
    Array.from({ length: count }, (_, i) => of(i / (count - 1)));
  const ring = (count: number, x: number, y: number, r: number): [number, number][] =>
    Array.from({ length: count }, (_, i) =>
      at(x + r * Math.cos((2 * Math.PI * i) / count), y + 0.5 * r * Math.sin((2 * Math.PI * i) / count)),
    );
  return [
    ...along(17, (t) => at(0.5 - 0.35 * Math.cos(Math.PI * t), 0.45 + 0.45 * Math.sin(Math.PI * t))),
    ...along(10, (t) => at(0.2 + 0.6 * t, 0.28)),
    ...along(4, (t) => at(0.5, 0.38 + 0.17 * t)),
    ...along(5, (t) => at(0.42 + 0.16 * t, 0.58)),
    ...[0.34, 0.66].flatMap((x) => ring(6, x, 0.4, 0.06)),
    ...ring(20, 0.5, 0.74, 0.13),
  ];
}
