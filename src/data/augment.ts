/**
 * Augmentation that cannot tell real from fake: what is drawn depends on the seed and the pair alone, so a real and the fakes made
 * of it are flipped, turned, recoloured and compressed alike, and none of it gives the label away.
 *
 * Order, as on the way from camera to network: geometry and colour in one pass, resize down and up, noise, JPEG; rounded to 8 bits
 * after each. A step whose strength is 0 does nothing at all.
 */
import { integer, number } from '../config/settings.ts';
import type { SettingsOf } from '../config/settings.ts';
import type { RgbImage } from './dataset.ts';
import { jpegRoundTrip, resizeTo } from './image.ts';
import { rngFor } from './rng.ts';
import type { Rng } from './rng.ts';

export const augmentSettings = {
  flip: number({ min: 0, max: 1, doc: 'probability of a horizontal flip' }),
  rotation: number({ min: 0, max: 45, doc: 'largest rotation either way, in degrees' }),
  scale: number({ min: 0, max: 0.5, doc: 'largest relative change of size, either way' }),
  shift: number({ min: 0, max: 0.5, doc: 'largest shift along each axis, as a share of the side' }),
  brightness: number({ min: 0, max: 0.5, doc: 'largest change of brightness, on the [0,1] pixel scale' }),
  contrast: number({ min: 0, max: 0.9, doc: 'largest relative change of contrast around mid-grey' }),
  saturation: number({ min: 0, max: 1, doc: 'largest relative change of saturation' }),
  resize: number({ above: 0, max: 1, doc: 'smallest factor of the resize down and up again; 1 is off' }),
  noise: number({
    min: 0,
    max: 0.2,
    doc: 'largest standard deviation of Gaussian noise, on the [0,1] pixel scale',
  }),
  jpeg: number({ min: 0, max: 1, doc: 'probability of a JPEG round trip' }),
  jpeg_quality_min: integer({ min: 1, max: 100, doc: 'lowest JPEG quality' }),
  jpeg_quality_max: integer({ min: 1, max: 100, doc: 'highest JPEG quality' }),
};
export type AugmentSettings = SettingsOf<typeof augmentSettings>;

/** Every strength 0: the image comes back as it is. */
export const NO_AUGMENTATION: AugmentSettings = {
  flip: 0,
  rotation: 0,
  scale: 0,
  shift: 0,
  brightness: 0,
  contrast: 0,
  saturation: 0,
  resize: 1,
  noise: 0,
  jpeg: 0,
  jpeg_quality_min: 100,
  jpeg_quality_max: 100,
};

/** What is done to one image, and to every image of the same pair beside it. */
export interface Augmentation {
  readonly flip: boolean;
  /** Radians, counter-clockwise as seen. */
  readonly angle: number;
  /** Above 1 magnifies. */
  readonly scale: number;
  /** Shares of width and height; positive moves the content right and down. */
  readonly shiftX: number;
  readonly shiftY: number;
  /** Added on the [0,1] scale. */
  readonly brightness: number;
  /** Factors; 1 changes nothing. */
  readonly contrast: number;
  readonly saturation: number;
  /** Factor of the resize down and up again; 1 changes nothing. */
  readonly resize: number;
  /** Standard deviation on the [0,1] scale, and the seed of the noise field. */
  readonly noise: number;
  readonly noiseSeed: number;
  /** Null: no JPEG round trip. */
  readonly jpegQuality: number | null;
}

/**
 * Draws an augmentation. Always takes the same numbers from `rng`, so changing one strength leaves the other draws as they were.
 *
 * @throws if jpeg_quality_min is above jpeg_quality_max
 */
export function drawAugmentation(settings: AugmentSettings, rng: Rng): Augmentation {
  const { jpeg_quality_min: low, jpeg_quality_max: high } = settings;
  if (low > high) throw new Error(`jpeg_quality_min (${low}) must not be above jpeg_quality_max (${high})`);
  const within = (strength: number): number => strength * (2 * rng.uniform() - 1);
  const flip = rng.uniform() < settings.flip;
  const angle = within((settings.rotation * Math.PI) / 180);
  const scale = 1 + within(settings.scale);
  const [shiftX, shiftY] = [within(settings.shift), within(settings.shift)];
  const brightness = within(settings.brightness);
  const contrast = 1 + within(settings.contrast);
  const saturation = 1 + within(settings.saturation);
  const resize = 1 - (1 - settings.resize) * rng.uniform();
  const noise = settings.noise * rng.uniform();
  const noiseSeed = rng.integer(2 ** 32);
  const hasJpeg = rng.uniform() < settings.jpeg;
  const quality = low + Math.floor((high - low + 1) * rng.uniform());
  const jpegQuality = hasJpeg ? quality : null;
  return {
    ...{ flip, angle, scale, shiftX, shiftY, brightness, contrast, saturation },
    ...{ resize, noise, noiseSeed, jpegQuality },
  };
}

/** The image after the augmentation, same width and height; the argument stays as it is. */
export async function augment(image: RgbImage, augmentation: Augmentation): Promise<RgbImage> {
  const { width, height } = image;
  const { resize, noise, noiseSeed, jpegQuality } = augmentation;
  let result = recolour(warp(image, augmentation), augmentation);
  if (resize !== 1) {
    const smaller = await resizeTo(result, atLeast1(resize * width), atLeast1(resize * height));
    result = await resizeTo(smaller, width, height);
  }
  if (noise !== 0) result = addNoise(result, noise, noiseSeed);
  if (jpegQuality !== null) result = await jpegRoundTrip(result, jpegQuality);
  return result;
}

/**
 * Flip, rotation, scale and shift about the image's centre in one bilinear look-up, so that pixels are interpolated once; beyond the
 * border the image is mirrored (… c b | a b c …). A flip alone moves pixels without interpolating.
 */
function warp(image: RgbImage, { flip, angle, scale, shiftX, shiftY }: Augmentation): RgbImage {
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

/** Saturation around the pixel's luma (Rec. 601), contrast around mid-grey, then brightness; clipped and rounded once. */
function recolour(image: RgbImage, { brightness, contrast, saturation }: Augmentation): RgbImage {
  if (brightness === 0 && contrast === 1 && saturation === 1) return image;
  const { width, height, data } = image;
  const result = new Uint8ClampedArray(data.length); // clips and rounds on assignment
  const offset = 127.5 * (1 - contrast) + 255 * brightness;
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i] as number, data[i + 1] as number, data[i + 2] as number];
    const luma = 0.299 * r + 0.587 * g + 0.114 * b;
    result[i] = contrast * mix(luma, r, saturation) + offset;
    result[i + 1] = contrast * mix(luma, g, saturation) + offset;
    result[i + 2] = contrast * mix(luma, b, saturation) + offset;
  }
  return { width, height, data: new Uint8Array(result.buffer) };
}

/** Independent Gaussian noise per pixel and channel; the field depends on the seed alone, not on the image. */
function addNoise({ width, height, data }: RgbImage, deviation: number, seed: number): RgbImage {
  const rng = rngFor(seed, 'noise');
  const result = new Uint8ClampedArray(data.length);
  for (let i = 0; i < data.length; i++) result[i] = (data[i] as number) + 255 * deviation * rng.normal();
  return { width, height, data: new Uint8Array(result.buffer) };
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

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

function atLeast1(length: number): number {
  return Math.max(1, Math.round(length));
}
