/** One row of the faces dataset: a photo's aligned face, forged or not, as the detector will see it. */

import { CANVAS } from './align.ts';
import type { RgbImage } from './dataset.ts';
import { toFloat, toRgb, type FloatImage, type Mask } from './forgery/float-image.ts';
import type { CanvasFace } from './forgery/forgery.ts';
import { applyAffine, invertAffine, rotationAbout, type Affine } from './forgery/geometry.ts';
import { FORGERIES, type ForgeryName } from './forgery/index.ts';
import { faceOutline, hullMask } from './forgery/mask.ts';
import { setSharpness, sharpness } from './forgery/sharpness.ts';
import { warpAffine } from './forgery/warp.ts';
import { jpegRoundTrip } from './image.ts';
import { rngFor } from './rng.ts';

/** What a rendered image is: the real face itself, or one made by a method. */
export type Manipulation = 'real' | ForgeryName;

export interface RenderSettings {
  /** Side of the rendered square in pixels. */
  readonly size: number;
  /** JPEG quality is drawn evenly from these two on, both included, 1 … 100. */
  readonly quality_min: number;
  readonly quality_max: number;
  /** Seed of every draw. */
  readonly seed: number;
}

export interface RowSource {
  /** The photo's name. */
  readonly name: string;
  readonly face: CanvasFace;
  /** Which of the photo's renderings, from 0. */
  readonly variant: number;
  /** Other people's faces, from the same split. */
  readonly donors: readonly CanvasFace[];
}

/** The draws that a real and its fakes have in common. */
export interface PairDraws {
  /** From pixels of the rendered square to canvas pixels: rotation and scale about the middle. */
  readonly toCanvas: Affine;
  /** What the sharpness of the face region is set to, as a share of the real face's own. */
  readonly sharpnessShare: number;
  readonly quality: number;
}

/** Side in pixels of the part of the canvas that is seen at scale 1. */
const VIEW = 96;
const MAX_TURN_DEGREES = 6;
/** At 0.88 and 6 degrees the view's corners still lie on the canvas. */
const SCALES = [0.88, 1] as const;
const SHARPNESS_SHARES = [0.55, 1.05] as const;
/** Sharpness is set in the face and a little around it, so that no seam lies outside. */
const FACE_EDGE = { inset: -3, feather: 6 };

export interface RenderedRow extends RgbImage {
  /** Opacity of what was laid over the real face, `width * height` bytes, 255 = all of it; zeros of a real. */
  readonly mask: Uint8Array;
}

/**
 * Renders one manipulation of one variant of a photo: [size, size] sRGB pixels. All manipulations of a variant share the
 * draws of `drawsOf`, so that neither crop, nor sharpness of the face, nor compression tells them apart.
 */
export async function renderRow(
  manipulation: Manipulation,
  { name, face, variant, donors }: RowSource,
  settings: RenderSettings,
): Promise<RenderedRow> {
  const { size } = settings;
  const { toCanvas, sharpnessShare, quality } = drawsOf(name, variant, settings);
  const crop = (image: FloatImage): FloatImage => warpAffine(image, toCanvas, size, size);
  const rng = rngFor(settings.seed, 'forgery', manipulation, name, variant);
  const real = crop(face.image);
  const forged = manipulation === 'real' ? null : FORGERIES[manipulation]({ target: face, donors, rng });
  const made = forged === null ? real : crop(forged);
  const goal = sharpness(real);
  goal.data.forEach((value, i) => (goal.data[i] = value * sharpnessShare));
  const fromCanvas = invertAffine(toCanvas);
  const outline = faceOutline(face.landmarks.map((point) => applyAffine(fromCanvas, point)));
  const region = hullMask(outline, FACE_EDGE, size, size);
  const seen = await jpegRoundTrip(toRgb(setSharpness(made, region, goal)), quality);
  // sharpness and compression are the real's too: they change no mask
  const mask = forged === null ? new Uint8Array(size * size) : oneChannel(toRgb(crop(asImage(forged.mask))));
  return { ...seen, mask };
}

/** A mask as a grey image, opacity 1 = 255. */
function asImage({ width, height, data }: Mask): FloatImage {
  const grey = new Float32Array(3 * data.length);
  data.forEach((opacity, i) => grey.fill(255 * opacity, 3 * i, 3 * i + 3));
  return { width, height, data: grey };
}

function oneChannel({ data }: RgbImage): Uint8Array {
  return data.filter((_, i) => i % 3 === 0);
}

/** The shared draws of a photo's variant. */
export function drawsOf(name: string, variant: number, settings: RenderSettings): PairDraws {
  const rng = rngFor(settings.seed, 'pair', name, variant);
  const { size, quality_min, quality_max } = settings;
  const middle = (CANVAS - 1) / 2;
  const turn = rng.range(-MAX_TURN_DEGREES, MAX_TURN_DEGREES);
  const scale = rng.range(...SCALES) * (size / VIEW);
  const fromCanvas = rotationAbout([middle, middle], turn, scale, [(size - 1) / 2, (size - 1) / 2]);
  return {
    toCanvas: invertAffine(fromCanvas),
    sharpnessShare: rng.range(...SHARPNESS_SHARES),
    quality: quality_min + rng.integer(quality_max - quality_min + 1),
  };
}

/** A canvas face as it travels between processes: pixels rounded to bytes. */
export interface PackedFace {
  readonly image: RgbImage;
  readonly landmarks: CanvasFace['landmarks'];
}

export function unpackFace({ image, landmarks }: PackedFace): CanvasFace {
  return { image: toFloat(image), landmarks };
}
