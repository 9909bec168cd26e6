/** What happens to an image's colours: hue, saturation or grey, contrast, brightness. */
import type { RgbImage } from '../dataset.ts';
import { mix } from './mix.ts';

export interface Colour {
  /** Degrees by which the hue turns; 120 makes red green. */
  readonly hue: number;
  /** Factors; 1 changes nothing. */
  readonly saturation: number;
  readonly contrast: number;
  /** Added on the [0,1] scale. */
  readonly brightness: number;
  /** Luma in all three channels: a saturation of 0. */
  readonly grey: boolean;
}

/**
 * The hue turned, saturation around the pixel's luma (Rec. 601), contrast around mid-grey, then brightness; clipped and rounded once.
 */
export function recolour(image: RgbImage, colour: Colour): RgbImage {
  const { hue, brightness, contrast, grey } = colour;
  const saturation = grey ? 0 : colour.saturation;
  if (hue === 0 && brightness === 0 && contrast === 1 && saturation === 1) return image;
  const { width, height, data } = image;
  const result = new Uint8ClampedArray(data.length); // clips and rounds on assignment
  const offset = 127.5 * (1 - contrast) + 255 * brightness;
  for (let i = 0; i < data.length; i += 3) {
    const seen = [data[i] as number, data[i + 1] as number, data[i + 2] as number] as const;
    const [r, g, b] = hue === 0 ? seen : turnHue(seen, hue);
    const luma = 0.299 * r + 0.587 * g + 0.114 * b;
    result[i] = contrast * mix(luma, r, saturation) + offset;
    result[i + 1] = contrast * mix(luma, g, saturation) + offset;
    result[i + 2] = contrast * mix(luma, b, saturation) + offset;
  }
  return { width, height, data: new Uint8Array(result.buffer) };
}

type Rgb = readonly [r: number, g: number, b: number];

/** The colour of the same largest and smallest channel, its hue in HSV turned by `degrees`. */
function turnHue([r, g, b]: Rgb, degrees: number): Rgb {
  const [value, least] = [Math.max(r, g, b), Math.min(r, g, b)];
  const chroma = value - least;
  if (chroma === 0) return [r, g, b];
  // the hue in sextants: red 0, green 2, blue 4
  const hue = value === r ? (g - b) / chroma : value === g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma;
  const channel = (offset: number): number => {
    const sextant = (((offset + hue + degrees / 60) % 6) + 6) % 6;
    return value - chroma * Math.max(0, Math.min(sextant, 4 - sextant, 1));
  };
  return [channel(5), channel(3), channel(1)];
}
