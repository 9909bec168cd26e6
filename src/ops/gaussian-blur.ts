/**
 * Pixel-wise Gaussian blur: every pixel has its own standard deviation (Wang, Guo, Zuo 2022, section on blur attacks).
 *
 *   y_ij = Σ_{u,v} G_σij(u, v) · x_{i+u, j+v},   G_σ(u, v) ∝ exp(−(u² + v²) / (2σ²)),   Σ G = 1
 *
 * Taps at the same distance share a weight, so the k² taps collapse into rings d² ∈ {u² + v²}. With e_d = exp(−d²/2σ²), n_d taps in ring d and
 * D_d = Σ over ring d of (neighbour − centre):
 *
 *   y = x + Σ_d e_d·D_d / (1 + Σ_d n_d·e_d)
 *
 * D does not depend on σ: one fixed convolution of x serves every step of an attack and its gradient. Written as a change of x, the blur
 * is the identity to the last bit as σ → 0, and cannot leave [0, 1]: |change| ≤ (1 − 1/k²) · the way to the end that it heads for, and D's sums are exact
 * where that way is shorter than rounding.
 *
 * D lies as pixels × channels × rings, so that all rings are one product and one matrix product with a vector. Measured on TensorFlow,
 * 16×224×224×3, k = 7, two busy cores, processor time: 72 ms forward, 82 more with σ's gradient; a one-step attack, rings included, 275 ms
 * against 450 as a chain over a list of rings that is differentiated op by op.
 */
import * as tf from '@tensorflow/tfjs';
import { hasKernel, runKernel } from './fast-kernel.ts';
import { foldBorders, reflectPad } from './reflect-pad.ts';

/** Kernel that a fast engine registers: inputs {images}, attrs {radius}: the sums of neighbour − centre, [N, H·W, C, rings]. */
export const RING_DIFFERENCES = 'RingDifferences';

/**
 * Kernel that a fast engine registers, with its gradient: inputs {images, differences, inverse}, attrs {radius}: the images blurred by a map of
 * 1/σ², [N, H, W, C].
 */
export const RING_BLUR = 'RingBlur';

/** Below this σ (pixels) the nearest tap's weight exp(−1/2σ²) is zero in float32, so the blur is the identity exactly. */
export const SIGMA_OF_IDENTITY = 0.05;

export interface Rings {
  /** d² of each ring outside the centre, ascending. */
  readonly squaredDistances: readonly number[];
  /** How many taps lie on each ring. */
  readonly taps: readonly number[];
}

/** The rings of a k×k window, the centre tap left out. Throws unless k is odd and at least 3. */
export function rings(k: number): Rings {
  if (!Number.isInteger(k) || k < 3 || k % 2 === 0) {
    throw new Error(`blur window k must be an odd integer of at least 3, not ${k}`);
  }
  const count = new Map<number, number>();
  const radius = (k - 1) / 2;
  for (let u = -radius; u <= radius; u++) {
    for (let v = -radius; v <= radius; v++) {
      count.set(u * u + v * v, (count.get(u * u + v * v) ?? 0) + 1);
    }
  }
  count.delete(0);
  const squaredDistances = [...count.keys()].sort((a, b) => a - b);
  return { squaredDistances, taps: squaredDistances.map((d) => count.get(d)!) };
}

/** An image batch prepared for blurring with any σ. */
export interface RingDifferences {
  /** [N, H, W, C]. */
  readonly images: tf.Tensor4D;
  /** D: [N, H·W, C, rings]. */
  readonly differences: tf.Tensor4D;
  readonly rings: Rings;
}

/**
 * For each ring of the k×k window the sum of neighbour − centre, with reflected borders (the edge pixel is not repeated).
 *
 * @param images [N, H, W, C] float32; H and W must exceed (k − 1)/2
 * @param k odd window size, ≥ 3
 */
export function ringDifferences(images: tf.Tensor4D, k: number): RingDifferences {
  const geometry = rings(k);
  const [n, height, width, channels] = images.shape;
  const radius = (k - 1) / 2;
  if (height <= radius || width <= radius) {
    throw new Error(
      `images of ${height}×${width} are too small for a blur window of ${k}: reflection needs more than ${radius} pixels`,
    );
  }
  if (hasKernel(RING_DIFFERENCES)) {
    return { images, differences: fastDifferences(images, k, geometry), rings: geometry };
  }
  // One depthwise convolution with an output per ring: 36 ms on the images above. One a ring takes 90 ms, row sums and column sums of them 93,
  // sums of shifted slices 118. An ordinary convolution of grey planes takes 37, but GPUs round its inputs to TF32, which leaves [0, 1].
  const differences = tf.tidy(() => {
    const filter = tf.tensor4d(ringFilter(k, geometry, channels), [k, k, channels, geometry.taps.length]);
    const summed = tf.depthwiseConv2d(reflectPad(images, radius), filter, 1, 'valid');
    return tf.reshape(summed, [n, height * width, channels, geometry.taps.length]) as tf.Tensor4D;
  });
  return { images, differences, rings: geometry };
}

/** The differences by the fast kernel. They are linear in the images, and the way back is the convolution's own, then the border's. */
function fastDifferences(images: tf.Tensor4D, k: number, geometry: Rings): tf.Tensor4D {
  const [n, height, width, channels] = images.shape;
  const radius = (k - 1) / 2;
  const op = tf.customGrad((x) => ({
    value: runKernel<tf.Tensor>(RING_DIFFERENCES, { images: x as tf.Tensor }, { radius }),
    gradFunc: (dy) => {
      const count = geometry.taps.length;
      const filter = tf.tensor4d(ringFilter(k, geometry, channels), [k, k, channels, count]);
      const padded = [n, height + 2 * radius, width + 2 * radius, channels];
      const spread = runKernel<tf.Tensor4D>(
        'DepthwiseConv2dNativeBackpropInput',
        { dy: tf.reshape(dy, [n, height, width, channels * count]), filter },
        { strides: [1, 1], pad: 'valid', dilations: [1, 1], dimRoundingMode: undefined, inputShape: padded },
      );
      return foldBorders(spread, radius);
    },
  }));
  return op(images) as tf.Tensor4D;
}

/**
 * Blurs with one σ per pixel; differentiable in σ and in the images, and only the gradient that is asked for is computed.
 *
 * @param prepared of the images, from `ringDifferences`
 * @param sigma standard deviation in pixels, ≥ 0, float32 [N, H, W, 1], or [N, H, W, C] for one a channel, or with 1 for N; σ ≤ 0.05 gives the
 *   pixel back exactly
 * @returns [N, H, W, C]; a convex combination of pixels, so in [0, 1] if the images are
 */
export function blurWith(prepared: RingDifferences, sigma: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => blurWithInverseVariance(prepared, inverseVariance(sigma)));
}

/**
 * The same blur by s = 1/σ², e_d = exp(−s·d²/2): s = 0 is the mean of the window, large s the identity.
 *
 * @param inverse ≥ 0, shaped like a σ map
 */
export function blurWithInverseVariance(prepared: RingDifferences, inverse: tf.Tensor4D): tf.Tensor4D {
  const { images, differences, rings: geometry } = prepared;
  const [n, height, width, channels] = images.shape;
  const [mapN, mapHeight, mapWidth, mapChannels] = inverse.shape;
  if (
    !(mapN === n || mapN === 1) ||
    mapHeight !== height ||
    mapWidth !== width ||
    !(mapChannels === channels || mapChannels === 1)
  ) {
    throw new Error(
      `a blur map of shape [${inverse.shape.join(', ')}] does not fit images of [${images.shape.join(', ')}]: one value a pixel, or one a pixel and channel`,
    );
  }
  if (hasKernel(RING_BLUR)) {
    return runKernel(RING_BLUR, { images, differences, inverse }, { radius: radiusOf(geometry) });
  }
  return tf.tidy(() => {
    // Two terms, each with the gradient of its own inputs: an attack differentiates the change in its map alone and never meets the other.
    const change = tf.customGrad((map, save) => {
      const { weighted, norm } = blendOf(geometry, differences, map as tf.Tensor4D);
      const value = tf.div(sumOfRings(weighted), norm);
      (save as tf.GradSaveFunc)([map as tf.Tensor, differences, value]);
      return {
        value: tf.reshape(value, images.shape),
        gradFunc: (dy, [s, d, b]) => mapGradient(geometry, dy, s as tf.Tensor4D, d!, b!),
      };
    });
    const start = tf.customGrad((x, _differences, save) => {
      (save as tf.GradSaveFunc)([inverse]);
      return {
        value: tf.clone(x as tf.Tensor),
        gradFunc: (dy, [s]) => [dy, differencesGradient(geometry, dy, s as tf.Tensor4D)],
      };
    });
    return tf.add(start(images, differences), change(inverse)) as tf.Tensor4D;
  });
}

/** Pixel-wise Gaussian blur of images with window k: `blurWith(ringDifferences(images, k), sigma)`. */
export function gaussianBlur(images: tf.Tensor4D, sigma: tf.Tensor4D, k: number): tf.Tensor4D {
  return tf.tidy(() => blurWith(ringDifferences(images, k), sigma));
}

/** 1/σ², guarded so that σ → 0 stays finite; ∂/∂σ = −2/σ³. */
function inverseVariance(sigma: tf.Tensor4D): tf.Tensor4D {
  const op = tf.customGrad((map, save) => {
    const guarded = tf.maximum(map as tf.Tensor, SIGMA_OF_IDENTITY);
    (save as tf.GradSaveFunc)([guarded]);
    return {
      value: tf.reciprocal(tf.square(guarded)),
      gradFunc: (dy, [g]) => tf.div(tf.mul(dy, -2), tf.mul(g!, tf.square(g!))),
    };
  });
  return op(sigma) as tf.Tensor4D;
}

/** The weights e_d [N or 1, H·W, C or 1, rings], e_d·D_d, and 1 + Σ n_d·e_d in the shape of e without the rings. */
function blendOf(
  { squaredDistances, taps }: Rings,
  differences: tf.Tensor,
  map: tf.Tensor4D,
): { readonly weights: tf.Tensor4D; readonly weighted: tf.Tensor4D; readonly norm: tf.Tensor3D } {
  const [n, height, width, channels] = map.shape;
  const count = squaredDistances.length;
  const perRing = tf.tensor2d(
    squaredDistances.map((d) => -d / 2),
    [1, count],
  );
  const exponents = tf.matMul(tf.reshape(map, [-1, 1]) as tf.Tensor2D, perRing);
  const weights = tf.reshape(tf.exp(exponents), [n, height * width, channels, count]) as tf.Tensor4D;
  return { weights, weighted: tf.mul(differences, weights), norm: tf.add(1, sumOfRings(weights, taps)) };
}

/**
 * ∂/∂s = Σ_c dy_c · (T'_c − b_c·n') / norm with the change b = T / norm, T' = −½ Σ d²·e_d·D_d and n' = −½ Σ n_d·d²·e_d; summed too over the
 * images that share a map.
 */
function mapGradient(
  geometry: Rings,
  dy: tf.Tensor,
  map: tf.Tensor4D,
  differences: tf.Tensor,
  change: tf.Tensor,
): tf.Tensor4D {
  return tf.tidy(() => {
    const { squaredDistances, taps } = geometry;
    const { weights, weighted, norm } = blendOf(geometry, differences, map);
    const slopes = squaredDistances.map((d) => -d / 2);
    const top = sumOfRings(weighted, slopes);
    const below = sumOfRings(
      weights,
      slopes.map((slope, i) => slope * taps[i]!),
    );
    const each = tf.mul(tf.reshape(dy, change.shape), tf.sub(top, tf.mul(change, below)));
    const shared = [0, 2].filter((axis) => norm.shape[axis]! < each.shape[axis]!);
    const summed = shared.length === 0 ? each : tf.sum(each, shared, true);
    return tf.reshape(tf.div(summed, norm), map.shape) as tf.Tensor4D;
  });
}

/** The radius of the window that these are the rings of: its corner is the farthest ring, d² = 2·radius². */
function radiusOf({ squaredDistances }: Rings): number {
  return Math.sqrt(squaredDistances.at(-1)! / 2);
}

/**
 * ∂/∂D_d = dy · e_d / norm: [N, H·W, C, rings].
 *
 * @param geometry the window's rings
 * @param dy [N, H, W, C]
 * @param map 1/σ², shaped like a σ map
 */
export function differencesGradient(geometry: Rings, dy: tf.Tensor, map: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    const { weights, norm } = blendOf(geometry, tf.scalar(1), map);
    const [n, height, width, channels] = dy.shape as [number, number, number, number];
    const perPixel = tf.div(tf.reshape(dy, [n, height * width, channels]), norm);
    return tf.mul(weights, tf.expandDims(perPixel, 3)) as tf.Tensor4D;
  });
}

/** Σ over the last axis of factor · value, as a product with a vector: twice as fast as a reduction over so few. */
function sumOfRings(
  values: tf.Tensor4D,
  factors: readonly number[] = new Array<number>(values.shape[3]).fill(1),
): tf.Tensor3D {
  const [n, pixels, channels, count] = values.shape;
  const vector = tf.tensor2d([...factors], [count, 1]);
  return tf.reshape(tf.matMul(tf.reshape(values, [-1, count]) as tf.Tensor2D, vector), [n, pixels, channels]);
}

/** For each channel one output a ring: 1 at its taps, −(their number) at the centre. */
function ringFilter(k: number, { squaredDistances, taps }: Rings, channels: number): Float32Array {
  const filter = new Float32Array(k * k * channels * taps.length);
  const radius = (k - 1) / 2;
  for (let u = -radius; u <= radius; u++) {
    for (let v = -radius; v <= radius; v++) {
      const ring = squaredDistances.indexOf(u * u + v * v);
      const tap = taps.map((count, i) => (ring < 0 ? -count : i === ring ? 1 : 0));
      for (let channel = 0; channel < channels; channel++) {
        filter.set(tap, (((u + radius) * k + v + radius) * channels + channel) * taps.length);
      }
    }
  }
  return filter;
}
