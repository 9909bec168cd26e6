/**
 * Augmentation that cannot tell real from fake: what is drawn depends on the seed and the pair alone, so a real and the fakes made
 * of it are flipped, turned, recoloured, compressed and covered alike, and none of it gives the label away.
 *
 * Order, as on the way from camera to network: geometry, colour, blur, resize down and up, noise, JPEG; rounded to 8 bits
 * after each; covered rectangles last. A step whose strength is 0 does nothing at all.
 */
import { integer, number } from '../config/settings.ts';
import type { SettingsOf } from '../config/settings.ts';
import { recolour, type Colour } from './augmentation/colour.ts';
import { cutOut, type Cutout } from './augmentation/cutout.ts';
import { degrade, type Degradations } from './augmentation/degradations.ts';
import { warp, type Geometry } from './augmentation/geometry.ts';
import type { RgbImage } from './dataset.ts';
import type { Rng } from './rng.ts';

const probability = (doc: string) => number({ min: 0, max: 1, doc: `probability of ${doc}` });

export const augmentSettings = {
  flip: probability('a horizontal flip'),
  geometry_probability: probability('rotation, scale and shift'),
  rotation: number({ min: 0, max: 45, doc: 'largest rotation either way, in degrees' }),
  scale: number({ min: 0, max: 0.5, doc: 'largest relative change of size, either way' }),
  shift: number({ min: 0, max: 0.5, doc: 'largest shift along each axis, as a share of the side' }),
  colour_probability: probability('brightness, contrast, saturation and hue'),
  brightness: number({ min: 0, max: 0.5, doc: 'largest change of brightness, on the [0,1] pixel scale' }),
  contrast: number({ min: 0, max: 0.9, doc: 'largest relative change of contrast around mid-grey' }),
  saturation: number({ min: 0, max: 1, doc: 'largest relative change of saturation' }),
  hue: number({ min: 0, max: 180, doc: 'largest turn of the hue either way, in degrees of HSV' }),
  grey: probability('a grey image'),
  blur_probability: probability('a Gaussian blur'),
  blur: number({ min: 0, max: 10, doc: 'largest standard deviation of the blur, in pixels' }),
  resize: number({ above: 0, max: 1, doc: 'smallest factor of the resize down and up again; 1 is off' }),
  noise_probability: probability('noise'),
  noise: number({
    min: 0,
    max: 0.2,
    doc: 'largest standard deviation of Gaussian noise, on the [0,1] pixel scale',
  }),
  jpeg: probability('a JPEG round trip'),
  jpeg_quality_min: integer({ min: 1, max: 100, doc: 'lowest JPEG quality' }),
  jpeg_quality_max: integer({ min: 1, max: 100, doc: 'highest JPEG quality' }),
  cutout: probability('covered rectangles'),
  cutout_count: integer({ min: 1, max: 100, doc: 'largest number of covered rectangles' }),
  cutout_size: number({
    min: 0,
    max: 1,
    doc: 'largest side of a covered rectangle, as a share of the image’s',
  }),
};
export type AugmentSettings = SettingsOf<typeof augmentSettings>;

/** Every strength 0: the image comes back as it is. */
export const NO_AUGMENTATION: AugmentSettings = {
  flip: 0,
  geometry_probability: 1,
  rotation: 0,
  scale: 0,
  shift: 0,
  colour_probability: 1,
  brightness: 0,
  contrast: 0,
  saturation: 0,
  hue: 0,
  grey: 0,
  blur_probability: 1,
  blur: 0,
  resize: 1,
  noise_probability: 1,
  noise: 0,
  jpeg: 0,
  jpeg_quality_min: 100,
  jpeg_quality_max: 100,
  cutout: 0,
  cutout_count: 1,
  cutout_size: 0,
};

/** What is done to one image, and to every image of the same pair beside it. */
export interface Augmentation extends Geometry, Colour, Degradations {
  readonly cutout: Cutout;
}

/**
 * Draws an augmentation. Always takes the same numbers from `rng`, so changing one strength leaves the other draws as they were; a new
 * kind of draw comes after all that were there before it, so that it leaves them too.
 *
 * @throws if jpeg_quality_min is above jpeg_quality_max
 */
export function drawAugmentation(settings: AugmentSettings, rng: Rng): Augmentation {
  const { jpeg_quality_min: low, jpeg_quality_max: high } = settings;
  if (low > high) throw new Error(`jpeg_quality_min (${low}) must not be above jpeg_quality_max (${high})`);
  const within = (strength: number): number => strength * (2 * rng.uniform() - 1);
  const happens = (share: number): boolean => rng.uniform() < share;
  const flip = happens(settings.flip);
  const geometry = {
    angle: within((settings.rotation * Math.PI) / 180),
    scale: 1 + within(settings.scale),
    shiftX: within(settings.shift),
    shiftY: within(settings.shift),
  };
  const [brightness, contrast] = [within(settings.brightness), 1 + within(settings.contrast)];
  const saturation = 1 + within(settings.saturation);
  const resize = 1 - (1 - settings.resize) * rng.uniform();
  const noise = settings.noise * rng.uniform();
  const noiseSeed = rng.integer(2 ** 32);
  const hasJpeg = happens(settings.jpeg);
  const quality = low + Math.floor((high - low + 1) * rng.uniform());
  const hue = within(settings.hue);
  const grey = happens(settings.grey);
  const blur = settings.blur * rng.uniform();
  const isCut = happens(settings.cutout);
  const count = 1 + Math.floor(settings.cutout_count * rng.uniform());
  const cutoutSeed = rng.integer(2 ** 32);
  const hasGeometry = happens(settings.geometry_probability);
  const hasColour = happens(settings.colour_probability);
  const hasBlur = happens(settings.blur_probability);
  const hasNoise = happens(settings.noise_probability);
  return {
    flip,
    ...(hasGeometry ? geometry : { angle: 0, scale: 1, shiftX: 0, shiftY: 0 }),
    ...(hasColour
      ? { brightness, contrast, saturation, hue }
      : { brightness: 0, contrast: 1, saturation: 1, hue: 0 }),
    grey,
    blur: hasBlur ? blur : 0,
    resize,
    noise: hasNoise ? noise : 0,
    noiseSeed,
    jpegQuality: hasJpeg ? quality : null,
    cutout: { count: isCut ? count : 0, size: settings.cutout_size, seed: cutoutSeed },
  };
}

/** The image after the augmentation, same width and height; the argument stays as it is. */
export async function augment(image: RgbImage, augmentation: Augmentation): Promise<RgbImage> {
  const coloured = recolour(warp(image, augmentation), augmentation);
  return cutOut(await degrade(coloured, augmentation), augmentation.cutout);
}
