/** From a face's box to the square that is cut out of the frame. */
import { scaleOf, warpReduced } from '../align.ts';
import type { RgbImage } from '../dataset.ts';
import { round } from '../face-networks.ts';
import { toRgb } from '../forgery/float-image.ts';
import {
  applyAffine,
  centroid,
  invertAffine,
  rotationAbout,
  type Affine,
  type Point,
} from '../forgery/geometry.ts';
import { cutOut, type Box } from './detect.ts';
import type { CropSettings } from './settings.ts';

/** A square in an image; coordinates in its pixels, centres at whole numbers. Rounded: a fake's crop is made of exactly these numbers. */
export interface Square {
  readonly centre: Point;
  readonly side: number;
  /** Degrees clockwise on the screen from the image's axes to the square's. */
  readonly tilt: number;
}

/**
 * The square around a face: its centre is that of the box, its side `margin` times the box's longer side. With `align: eyes` it is turned so
 * that the middles of the two eyes are level in it. A square may reach over the image's border.
 */
export function squareAround(
  [x, y, width, height]: Box,
  landmarks: readonly Point[],
  { margin, align }: CropSettings['face'],
): Square {
  const [left, right] = [centroid(landmarks.slice(36, 42)), centroid(landmarks.slice(42, 48))];
  const slope = (180 / Math.PI) * Math.atan2(right[1] - left[1], right[0] - left[0]);
  return {
    centre: [round(x + width / 2 - 0.5, 2), round(y + height / 2 - 0.5, 2)],
    side: round(margin * Math.max(width, height), 2),
    tilt: align === 'eyes' ? round(slope, 2) : 0,
  };
}

/** The map from the image's pixels to those of a crop of `size`: the square's outer edges become the crop's. */
export function toCrop({ centre, side, tilt }: Square, size: number): Affine {
  const middle = (size - 1) / 2;
  return invertAffine(rotationAbout([middle, middle], tilt, side / size, centre));
}

/**
 * The square at `size`×`size`, resampled with antialiasing (`warpReduced`). What lies beyond the image repeats its border pixels.
 * The same square in images of one size is the same place to the last bit of the arithmetic.
 */
export async function crop(image: RgbImage, square: Square, size: number): Promise<RgbImage> {
  const map = toCrop(square, size);
  const { part, left, top } = around(image, square, scaleOf(map));
  const ofPart: Affine = {
    ...map,
    c: map.a * left + map.b * top + map.c,
    f: map.d * left + map.e * top + map.f,
  };
  return toRgb(await warpReduced(part, ofPart, size));
}

/** The landmarks in the crop's pixels, x0, y0, x1, y1, …, to a hundredth. */
export function landmarksInCrop(
  landmarks: readonly Point[],
  square: Square,
  size: number,
): readonly number[] {
  const map = toCrop(square, size);
  return landmarks.flatMap((point) => applyAffine(map, point).map((value) => round(value, 2)));
}

/** The part of the image that a crop is made of: the square and what the filters reach besides. A large frame is not resampled as a whole. */
function around(
  image: RgbImage,
  { centre, side }: Square,
  scale: number,
): { part: RgbImage; left: number; top: number } {
  const reach = (side / 2) * Math.SQRT2 + 6 * Math.max(1, 1 / scale);
  const span = (at: number, length: number): readonly [from: number, to: number] => {
    const clip = (value: number): number => Math.min(Math.max(value, 0), length);
    const [from, to] = [clip(Math.floor(at - reach)), clip(Math.ceil(at + reach) + 1)];
    return from < to ? [from, to] : from === 0 ? [0, 1] : [length - 1, length]; // wholly outside: the border repeats
  };
  const [left, right] = span(centre[0], image.width);
  const [top, bottom] = span(centre[1], image.height);
  return { part: cutOut(image, left, top, right - left, bottom - top), left, top };
}
