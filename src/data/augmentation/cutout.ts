/** Rectangles of an image covered (DeVries & Taylor, "Improved regularization of convolutional neural networks with cutout", 2017). */
import type { RgbImage } from '../dataset.ts';
import { rngFor } from '../rng.ts';

export interface Cutout {
  /** Rectangles; 0 changes nothing. */
  readonly count: number;
  /** Largest side, as a share of the image's. */
  readonly size: number;
  /** Of their places and sides. */
  readonly seed: number;
}

/** What covers: mid-grey, which is next to nothing to any normalisation of the input. */
const COVER = 128;

/** A rectangle in pixels; `right` and `bottom` are the first ones outside it. */
interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * The image with `count` rectangles covered in mid-grey. Centres are uniform over the image and sides uniform from half the largest
 * on, so a rectangle may reach beyond the border and be smaller than drawn.
 */
export function cutOut(image: RgbImage, { count, size, seed }: Cutout): RgbImage {
  if (count === 0 || size === 0) return image;
  const { width, height } = image;
  const data = image.data.slice();
  const rng = rngFor(seed, 'cutout');
  for (let i = 0; i < count; i++) {
    const [x, y] = [width * rng.uniform(), height * rng.uniform()];
    const [sideX, sideY] = [size * width * rng.range(0.5, 1), size * height * rng.range(0.5, 1)];
    const within = (at: number, length: number): number => Math.min(Math.max(Math.round(at), 0), length);
    cover(data, width, {
      left: within(x - sideX / 2, width),
      right: within(x + sideX / 2, width),
      top: within(y - sideY / 2, height),
      bottom: within(y + sideY / 2, height),
    });
  }
  return { width, height, data };
}

function cover(data: Uint8Array, width: number, { left, top, right, bottom }: Rectangle): void {
  for (let row = top; row < bottom; row++)
    data.fill(COVER, 3 * (row * width + left), 3 * (row * width + right));
}
