/**
 * What a network sees of an image before its first convolution: colours, and fixed filters that bring out what a forgery leaves behind
 * (resampling, upsampling spectra, blending borders). All are differentiable, so that an opponent's gradient goes through them.
 */
import * as tf from '@tensorflow/tfjs';
import { dctMatrix } from '../ops/cosine-transform.ts';
import { apply } from '../ops/layers.ts';
import { reflectPad } from '../ops/reflect-pad.ts';
import { stock } from '../ops/standard-layer.ts';
import { centring } from './input.ts';

/** The front ends by name. */
export const FRONT_ENDS = ['rgb', 'rgb-highpass', 'srm', 'dct'] as const;
export type FrontEnd = (typeof FRONT_ENDS)[number];

/** What they are, for a setting. */
export const FRONT_END_DOC =
  'What the first convolution sees: RGB; RGB and a high-passed copy; the residuals of three SRM filters in place of RGB; RGB and its low, middle and high band of the cosine transform.';

/** The front end of a name as a layer: images [N, size, size, 3] in [0, 1] → [N, size, size, 3, 6, 3 or 12]. */
export function frontEnd(name: FrontEnd, size: number): tf.layers.Layer {
  switch (name) {
    case 'rgb':
      return centring();
    case 'rgb-highpass':
      return widening('highpass', 6, (x) => tf.concat([centred(x), highpass(x)], 3), standardHighpass);
    case 'srm':
      return widening('srm', 3, (x) => truncated(srmResiduals(tf.mul(x, GREY_LEVELS))));
    case 'dct': {
      const bands = frequencyBands(size);
      return widening('dct', 12, (x) => tf.concat([centred(x), ...bands(centred(x))], 3));
    }
  }
}

function widening(
  name: string,
  channels: number,
  fn: (x: tf.Tensor4D) => tf.Tensor4D,
  standard?: (x: tf.SymbolicTensor) => tf.SymbolicTensor,
): tf.layers.Layer {
  return apply(
    name,
    (x) => fn(x as tf.Tensor4D),
    (shape) => [...shape.slice(0, 3), channels],
    standard,
  );
}

function centred<T extends tf.Tensor>(x: T): T {
  return tf.sub(tf.mul(x, 2), 1);
}

/**
 * 4·(x − mean of the 3×3 neighbourhood), reflected borders: [N, H, W, C] → the same shape, about unit scale on photos' edges. A fixed high-pass front
 * end is the idea of Fridrich & Kodovsky's rich models (TIFS 2012) and of Bayar & Stamm (2016).
 */
export function highpass(x: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    return tf.mul(tf.sub(x, tf.avgPool(reflectPad(x, 1), 3, 1, 'valid')), 4);
  });
}

/** The same by stock layers. A mirrored border is lines cut out and joined. */
function standardHighpass(x: tf.SymbolicTensor): tf.SymbolicTensor {
  const scaled = (of: tf.SymbolicTensor, name: string, scale: number, offset = 0): tf.SymbolicTensor =>
    stock(tf.layers.rescaling({ name: `highpass_${name}`, scale, offset }), of);
  const mirrored = standardMirrored(standardMirrored(x, 1), 2);
  const mean = tf.layers.averagePooling2d({
    name: 'highpass_mean',
    poolSize: 3,
    strides: 1,
    padding: 'valid',
  });
  const residual = stock(tf.layers.add({ name: 'highpass_residual' }), [
    scaled(x, 'image', 4),
    scaled(stock(mean, mirrored), 'smooth', -4),
  ]);
  const both = tf.layers.concatenate({ name: 'highpass', axis: 3 });
  return stock(both, [scaled(x, 'centre', 2, -1), residual]);
}

/** A border of one pixel along an axis, reflected without the edge's own line. */
function standardMirrored(x: tf.SymbolicTensor, axis: 1 | 2): tf.SymbolicTensor {
  const side = x.shape[axis]!;
  const line = (name: string, at: number): tf.SymbolicTensor => {
    const along: [number, number] = [at, side - 1 - at];
    const cropping: [[number, number], [number, number]] = axis === 1 ? [along, [0, 0]] : [[0, 0], along];
    return stock(tf.layers.cropping2D({ name: `highpass_${name}${axis}`, cropping }), x);
  };
  const joined = tf.layers.concatenate({ name: `highpass_mirrored${axis}`, axis });
  return stock(joined, [line('before', 1), x, line('after', side - 2)]);
}

const GREY_LEVELS = 255;

/** T, in grey levels: larger residuals are edges of the scene. */
const TRUNCATION = 3;

/** Three filters of the rich models: a second difference both ways, the "KV" square of 5×5, a second difference across. */
const SRM_FILTERS = [
  { over: 4, taps: [0, 0, 0, 0, 0, 0, -1, 2, -1, 0, 0, 2, -4, 2, 0, 0, -1, 2, -1, 0, 0, 0, 0, 0, 0] },
  {
    over: 12,
    taps: [-1, 2, -2, 2, -1, 2, -6, 8, -6, 2, -2, 8, -12, 8, -2, 2, -6, 8, -6, 2, -1, 2, -2, 2, -1],
  },
  { over: 2, taps: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, -2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
] as const;

/**
 * What the three steganalysis filters leave of an image, reflected borders, the channels' residuals averaged: [N, H, W, C] → [N, H, W, 3] in the
 * unit of x (Fridrich & Kodovsky 2012; the choice of three is that of Zhou et al., "Learning Rich Features for Image Manipulation Detection", CVPR 2018).
 */
export function srmResiduals(x: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    const channels = x.shape[3];
    const values = Float32Array.from({ length: 25 * channels * 3 }, (_, i) => {
      const { over, taps } = SRM_FILTERS[i % 3]!;
      return taps[Math.floor(i / (3 * channels))]! / (over * channels);
    });
    return tf.conv2d(reflectPad(x, 2), tf.tensor4d(values, [5, 5, channels, 3]), 1, 'valid');
  });
}

/** Residuals in grey levels beyond ±T cut off, and then over T: in [−1, 1]. Beyond ±T the gradient is 0. */
export function truncated(residuals: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => tf.div(tf.clipByValue(residuals, -TRUNCATION, TRUNCATION), TRUNCATION));
}

/**
 * An image's low, middle and high frequencies, which sum to the image: bands of the orthonormal 2-D cosine transform (DCT-II), transformed back.
 * With u + v the sum of a coefficient's two frequencies, low is u + v < size/√8 (a sixteenth of the coefficients), middle up to size/2 (an eighth
 * in all), high the rest: the base filters of F3-Net's frequency-aware decomposition (Qian et al., "Thinking in Frequency", ECCV 2020), without the learnt ones.
 *
 * @returns a function of [N, size, size, C] to three of that shape
 */
export function frequencyBands(size: number): (x: tf.Tensor4D) => [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D] {
  // no coefficient below the high band has a frequency of size/2 or more
  const count = Math.ceil(size / 2);
  const cosines = dctMatrix(count, size);
  const masks = [size / Math.sqrt(8), size / 2].map((limit) =>
    Float32Array.from({ length: count * count }, (_, i) =>
      Math.floor(i / count) + (i % count) < limit ? 1 : 0,
    ),
  );
  return (x) =>
    tf.tidy(() => {
      const basis = tf.tensor2d(cosines, [count, size]);
      const planes = tf.transpose(x, [0, 3, 1, 2]);
      const coefficients = tf.matMul(tf.matMul(basis, planes), basis, false, true);
      const [low, lower] = masks.map((mask) => {
        const kept = tf.mul(coefficients, tf.tensor2d(mask, [count, count]));
        const back = tf.matMul(tf.matMul(basis, kept, true), basis);
        return tf.transpose(back, [0, 2, 3, 1]) as tf.Tensor4D;
      }) as [tf.Tensor4D, tf.Tensor4D];
      return [low, tf.sub(lower, low), tf.sub(x, lower)];
    });
}
