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
  for (let row = 0, at = 0; row < height; row++) {
    const dy = row - centreY - shiftY * height;
    for (let column = 0; column < width; column++) {
      const dx = column - centreX - shiftX * width;
      // From the target pixel back to the source: shift, turn and scale undone, then the flip.
      const turnedX = cos * dx - sin * dy;
      const x = mirror(centreX + (flip ? -turnedX : turnedX), width - 1);
      const y = mirror(centreY + sin * dx + cos * dy, height - 1);
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
      const [u, v] = [x - left, y - top];
      const [topLeft, topRight] = [3 * (top * width + left), 3 * (top * width + right)];
      const [bottomLeft, bottomRight] = [3 * (bottom * width + left), 3 * (bottom * width + right)];
      for (let channel = 0; channel < 3; channel++, at++) {
        const above = mix(data[topLeft + channel] as number, data[topRight + channel] as number, u);
        const below = mix(data[bottomLeft + channel] as number, data[bottomRight + channel] as number, u);
        result[at] = Math.round(mix(above, below, v));
      }
    }
  }
  return { width, height, data: result };
}

/** Reflects a coordinate into [0, last] without repeating the border pixel. */
function mirror(x: number, last: number): number {
  if (last === 0) return 0;
  const folded = Math.abs(x) % (2 * last);
  return folded > last ? 2 * last - folded : folded;
}
