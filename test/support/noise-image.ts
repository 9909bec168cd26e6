import type { FloatImage } from '../../src/data/forgery/float-image.ts';
import { rngFor } from '../../src/data/rng.ts';

/** Independent uniform values in 0 … 255. */
export function noiseImage(width: number, height: number, seed = 0): FloatImage {
  const rng = rngFor(seed, 'noise image');
  return { width, height, data: Float32Array.from({ length: width * height * 3 }, () => rng.range(0, 255)) };
}
