/** The pixel-wise Gaussian blur as its equation says, tap by tap in float64. */

/** Shape [N, H, W, C]. */
export type Shape4 = readonly [number, number, number, number];

/**
 * y_ij = Σ_{u,v} G_σij(u, v) · x_{i+u, j+v} over a k×k window, G normalised, borders reflected without the edge pixel.
 *
 * @param sigma [N, H, W] or [H, W], one value a pixel
 */
export function naiveBlur(
  x: ArrayLike<number>,
  [n, h, w, c]: Shape4,
  sigma: ArrayLike<number>,
  k: number,
): number[] {
  const radius = (k - 1) / 2;
  const reflect = (i: number, size: number): number => (i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i);
  const y: number[] = [];
  for (let image = 0; image < n; image++) {
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < w; j++) {
        const s = sigma[((image * h + i) * w + j) % sigma.length]!;
        const weight = (u: number, v: number): number =>
          u === 0 && v === 0 ? 1 : s === 0 ? 0 : Math.exp(-(u * u + v * v) / (2 * s * s));
        for (let channel = 0; channel < c; channel++) {
          let sum = 0;
          let norm = 0;
          for (let u = -radius; u <= radius; u++) {
            for (let v = -radius; v <= radius; v++) {
              const at = ((image * h + reflect(i + u, h)) * w + reflect(j + v, w)) * c + channel;
              sum += weight(u, v) * x[at]!;
              norm += weight(u, v);
            }
          }
          y.push(sum / norm);
        }
      }
    }
  }
  return y;
}
