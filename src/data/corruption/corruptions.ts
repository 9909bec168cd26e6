/**
 * Corruptions of images at five severities, as benchmarks of robustness have them: ImageNet-C (Hendrycks & Dietterich, "Benchmarking Neural
 * Network Robustness to Common Corruptions and Perturbations", ICLR 2019), which RobustBench takes over, and DeeperForensics-1.0 (Jiang et
 * al., CVPR 2020), whose are made for faces. They act on the images that a detector sees, of 96 to 224 pixels a side.
 */
import { recolour } from '../augmentation/colour.ts';
import { degrade } from '../augmentation/degradations.ts';
import type { RgbImage } from '../dataset.ts';
import { rngFor } from '../rng.ts';
import { h264RoundTrip } from './h264.ts';

/** 1 is the mildest. */
export const SEVERITIES = [1, 2, 3, 4, 5] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a corruption may know besides the image. */
export interface CorruptionContext {
  /** The sample's id, from which noise is drawn. */
  readonly id: string;
  readonly severity: Severity;
  /** Where ffmpeg is; asked only by a corruption that needs it. */
  readonly ffmpeg: () => Promise<string>;
}

export interface Corruption {
  /** What the numbers mean. */
  readonly parameter: string;
  /** By severity. */
  readonly strengths: readonly [number, number, number, number, number];
  /** Where they are from. */
  readonly source: string;
  readonly apply: (image: RgbImage, strength: number, context: CorruptionContext) => Promise<RgbImage>;
}

const UNDEGRADED = { blur: 0, resize: 1, noise: 0, noiseSeed: 0, jpegQuality: null } as const;
const UNCOLOURED = { hue: 0, saturation: 1, contrast: 1, brightness: 0, grey: false } as const;
/** ImageNet-C's blurs are given in pixels of images of this side; here they are of the same share of the image. */
const IMAGENET_SIDE = 224;

const variance = (value: number): number => Math.sqrt(value);

/** The corruptions by name, in the order of reports. */
export const CORRUPTIONS = {
  jpeg: {
    parameter: 'quality of libjpeg, 4:2:0',
    strengths: [25, 18, 15, 10, 7],
    source: 'ImageNet-C',
    apply: (image, jpegQuality) => degrade(image, { ...UNDEGRADED, jpegQuality }),
  },
  h264: {
    parameter: 'constant rate factor of x264, the last of six drifting frames',
    strengths: [30, 32, 35, 38, 40],
    source: 'DeeperForensics-1.0',
    apply: async (image, crf, { ffmpeg }) => h264RoundTrip(image, crf, await ffmpeg()),
  },
  'gaussian-blur': {
    parameter: 'standard deviation in pixels of an image of 224 a side, scaled with the side',
    strengths: [1, 2, 3, 4, 6],
    source: 'ImageNet-C',
    apply: (image, sigma) => degrade(image, { ...UNDEGRADED, blur: (sigma * image.width) / IMAGENET_SIDE }),
  },
  'gaussian-noise': {
    parameter: 'standard deviation on the [0, 1] scale, of variances .001 to .05',
    strengths: [variance(0.001), variance(0.002), variance(0.005), variance(0.01), variance(0.05)],
    source: 'DeeperForensics-1.0, in RGB where theirs is in YCbCr',
    apply: (image, noise, { id, severity }) => {
      const noiseSeed = rngFor(0, 'corruption', id, severity).integer(2 ** 32);
      return degrade(image, { ...UNDEGRADED, noise, noiseSeed });
    },
  },
  resize: {
    parameter: 'factor of the side: down by Lanczos, up again by cubics',
    strengths: [0.6, 0.5, 0.4, 0.3, 0.25],
    source: 'ImageNet-C’s pixelate, which resizes by boxes',
    apply: (image, resize) => degrade(image, { ...UNDEGRADED, resize }),
  },
  saturation: {
    parameter: 'factor of the distance from the pixel’s luma',
    strengths: [0.4, 0.3, 0.2, 0.1, 0],
    source: 'DeeperForensics-1.0',
    apply: (image, saturation) => Promise.resolve(recolour(image, { ...UNCOLOURED, saturation })),
  },
  contrast: {
    parameter: 'factor of the distance from mid-grey',
    strengths: [0.85, 0.725, 0.6, 0.475, 0.35],
    source: 'DeeperForensics-1.0, whose factor is of the distance from black',
    apply: (image, contrast) => Promise.resolve(recolour(image, { ...UNCOLOURED, contrast })),
  },
  brightness: {
    parameter: 'added on the [0, 1] scale',
    strengths: [0.1, 0.2, 0.3, 0.4, 0.5],
    source: 'ImageNet-C, which adds to the value of HSV',
    apply: (image, brightness) => Promise.resolve(recolour(image, { ...UNCOLOURED, brightness })),
  },
} as const satisfies Readonly<Record<string, Corruption>>;

export type CorruptionName = keyof typeof CORRUPTIONS;
export const CORRUPTION_NAMES = Object.keys(CORRUPTIONS) as [CorruptionName, ...CorruptionName[]];

/** The image corrupted, 8 bits like the image itself; the same for the same image, id, corruption and severity. */
export function corrupt(
  image: RgbImage,
  name: CorruptionName,
  context: CorruptionContext,
): Promise<RgbImage> {
  const { strengths, apply }: Corruption = CORRUPTIONS[name];
  return apply(image, strengths[context.severity - 1]!, context);
}
