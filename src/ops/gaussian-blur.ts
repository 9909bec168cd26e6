/**
 * Pixel-wise Gaussian blur: every pixel has its own standard deviation (Wang, Guo, Zuo 2022, section on blur attacks).
 *
 *   y_ij = Σ_{u,v} G_σij(u, v) · x_{i+u, j+v},   G_σ(u, v) ∝ exp(−(u² + v²) / (2σ²)),   Σ G = 1
 *
 * Taps at the same distance share a weight, so the k² taps collapse into rings d² ∈ {u² + v²}: y = (x + Σ_d e_d·S_d) / (1 + Σ_d n_d·e_d)
 * with e_d = exp(−d²/2σ²), n_d taps in ring d, and S_d the sum of x over ring d. S does not depend on σ: one fixed
 * convolution of x serves every step of an attack.
 */
import * as tf from '@tensorflow/tfjs';
import { reflectPad } from './reflect-pad.ts';

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
export interface RingSums {
  readonly images: tf.Tensor4D;
  /** One [N, H, W, C] tensor a ring. */
  readonly sums: readonly tf.Tensor4D[];
  readonly rings: Rings;
}

/**
 * Sums of the images over each ring of the k×k window, with reflected borders (the edge pixel is not repeated).
 *
 * @param images [N, H, W, C] float32; H and W must exceed (k − 1)/2
 * @param k odd window size, ≥ 3
 */
export function ringSums(images: tf.Tensor4D, k: number): RingSums {
  const geometry = rings(k);
  const [, height, width, channels] = images.shape;
  const radius = (k - 1) / 2;
  if (height <= radius || width <= radius) {
    throw new Error(
      `images of ${height}×${width} are too small for a blur window of ${k}: reflection needs more than ${radius} pixels`,
    );
  }
  const sums = tf.tidy(() => {
    const padded = reflectPad(images, radius);
    return geometry.squaredDistances.map((d) => {
      const filter = tf.tensor4d(ringFilter(k, d, channels), [k, k, channels, 1]);
      return tf.depthwiseConv2d(padded, filter, 1, 'valid');
    });
  });
  return { images, sums, rings: geometry };
}

/**
 * Blurs with one σ per pixel; differentiable in σ and, through the ring sums, in the images.
 *
 * @param prepared of the images, from `ringSums`
 * @param sigma [N, H, W, 1] or [1, H, W, 1] float32, standard deviation in pixels, ≥ 0; σ ≤ 0.05 gives the pixel back exactly
 * @returns [N, H, W, C]; a convex combination of pixels, so in [0, 1] if the images are
 */
export function blurWith(prepared: RingSums, sigma: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    const guarded = tf.maximum(sigma, SIGMA_OF_IDENTITY);
    const exponent = tf.div(-0.5, tf.square(guarded));
    let numerator: tf.Tensor = prepared.images;
    let norm: tf.Tensor = tf.onesLike(exponent);
    prepared.sums.forEach((sum, i) => {
      const weight = tf.exp(tf.mul(exponent, prepared.rings.squaredDistances[i]!));
      numerator = tf.add(numerator, tf.mul(sum, weight));
      norm = tf.add(norm, tf.mul(weight, prepared.rings.taps[i]!));
    });
    return tf.div(numerator, norm) as tf.Tensor4D;
  });
}

/** Pixel-wise Gaussian blur of images with window k: `blurWith(ringSums(images, k), sigma)`. */
export function gaussianBlur(images: tf.Tensor4D, sigma: tf.Tensor4D, k: number): tf.Tensor4D {
  return tf.tidy(() => blurWith(ringSums(images, k), sigma));
}

function ringFilter(k: number, squaredDistance: number, channels: number): Float32Array {
  const filter = new Float32Array(k * k * channels);
  const radius = (k - 1) / 2;
  for (let u = -radius; u <= radius; u++) {
    for (let v = -radius; v <= radius; v++) {
      if (u * u + v * v === squaredDistance) {
        filter.fill(
          1,
          ((u + radius) * k + v + radius) * channels,
          ((u + radius) * k + v + radius + 1) * channels,
        );
      }
    }
  }
  return filter;
}
