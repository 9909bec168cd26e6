/** Making one face's colours those of another. */

import { mapImage, type FloatImage, type Mask } from './float-image.ts';

export interface ColourStatistics {
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

/** Mean and standard deviation of each channel, weighted by the mask. Throws if the mask is empty. */
export function colourStatistics({ data }: FloatImage, mask: Mask): ColourStatistics {
  const total = mask.data.reduce((sum, weight) => sum + weight, 0);
  if (total <= 0) throw new Error('colourStatistics: the mask is empty');
  const of = (channel: number): readonly [number, number] => {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < mask.data.length; i++) {
      const value = data[3 * i + channel]!;
      sum += mask.data[i]! * value;
      squares += mask.data[i]! * value * value;
    }
    const mean = sum / total;
    return [mean, Math.sqrt(Math.max(0, squares / total - mean * mean))];
  };
  const [r, g, b] = [of(0), of(1), of(2)];
  return { mean: [r[0], g[0], b[0]], deviation: [r[1], g[1], b[1]] };
}

/**
 * The image with the mean and the deviation of each channel moved by `strength` (0 … 1) of the way from its own to the
 * reference's, both measured under the mask (Reinhard et al., "Color transfer between images", 2001, in RGB). The
 * deviation changes by a factor of at most 1.6, either way, so that noise is not blown up.
 */
export function transferColour(
  image: FloatImage,
  reference: FloatImage,
  mask: Mask,
  strength: number,
): FloatImage {
  const [from, to] = [colourStatistics(image, mask), colourStatistics(reference, mask)];
  const gains = [0, 1, 2].map((c) => {
    const ratio = to.deviation[c]! / Math.max(from.deviation[c]!, 1e-3);
    return 1 + strength * (Math.min(Math.max(ratio, 1 / 1.6), 1.6) - 1);
  });
  return mapImage(image, (value, i) => {
    const c = i % 3;
    const centre = from.mean[c]! + strength * (to.mean[c]! - from.mean[c]!);
    return centre + gains[c]! * (value - from.mean[c]!);
  });
}
