/** Where an image's pixels go: flip, rotation, scale and shift. */
import type { RgbImage } from '../dataset.ts';
import { mix } from './mix.ts';

export interface Geometry {
  readonly flip: boolean;
  /** Radians, counter-clockwise as seen. */
  readonly angle: number;
  /** Above 1 magnifies. */
  readonly scale: number;
  /** Shares of width and height; positive moves the content right and down. */
  readonly shiftX: number;
  readonly shiftY: number;
}

/**
 * Flip, rotation, scale and shift about the image's centre in one bilinear look-up, so that pixels are interpolated once; beyond the
 * border the image is mirrored (… c b | a b c …). A flip alone moves pixels without interpolating.
 */
export function warp(image: RgbImage, { flip, angle, scale, shiftX, shiftY }: Geometry): RgbImage {
  if (!flip && angle === 0 && scale === 1 && shiftX === 0 && shiftY === 0) return image;
  const { width, height, data } = image;
  const result = new Uint8Array(data.length);
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale];
  const [lastX, lastY] = [width - 1, height - 1];
  for (let row = 0, at = 0; row < height; row++) {
    const dy = row - centreY - shiftY * height;
    const [sinDy, cosDy] = [sin * dy, cos * dy];
    for (let column = 0; column < width; column++, at += 3) {
      const dx = column - centreX - shiftX * width;
      // From the target pixel back to the source: shift, turn and scale undone, then the flip.
      const turnedX = cos * dx - sinDy;
      const x = mirror(centreX + (flip ? -turnedX : turnedX), lastX);
      const y = mirror(centreY + sin * dx + cosDy, lastY);
      const left = Math.floor(x);
      const top = Math.floor(y);
      const u = x - left;
      const v = y - top;
      // The channels of a pixel, written out: this loop is what most of the augmentation's time goes to.
      const p = 3 * (top * width + left);
      const q = left < lastX ? p + 3 : p;
      const down = top < lastY ? 3 * width : 0;
      result[at] = between(data, p, q, down, u, v);
      result[at + 1] = between(data, p + 1, q + 1, down, u, v);
      result[at + 2] = between(data, p + 2, q + 2, down, u, v);
    }
  }
  return { width, height, data: result };
}

/** The byte between four: at `p` and `q` side by side, and `down` further on below them. */
function between(data: Uint8Array, p: number, q: number, down: number, u: number, v: number): number {
  const above = mix(data[p] as number, data[q] as number, u);
  const below = mix(data[p + down] as number, data[q + down] as number, u);
  return Math.round(mix(above, below, v));
}

/** Reflects a coordinate into [0, last] without repeating the border pixel. */
function mirror(x: number, last: number): number {
  if (x >= 0 && x <= last) return x; // nearly all; a remainder of doubles is slow
  if (last === 0) return 0;
  const folded = Math.abs(x) % (2 * last);
  return folded > last ? 2 * last - folded : folded;
}
