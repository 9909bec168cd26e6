/**
 * A free kernel per pixel: every pixel is a weighted sum of its own k×k neighbourhood, with weights of its own
 * (dynamic filter networks: Jia et al., NeurIPS 2016; kernel prediction: Bako et al., SIGGRAPH 2017).
 *
 *   y_ijc = Σ_{u,v} w_ij(u, v) · x_{i+u, j+v, c},   |u|, |v| ≤ (k − 1)/2
 */
import * as tf from '@tensorflow/tfjs';
import { reflectPad } from './reflect-pad.ts';

/**
 * Applies one kernel per pixel to every channel alike, with reflected borders (the edge pixel is not repeated). Differentiable in both.
 *
 * @param images [N, H, W, C] float32; H and W must exceed (k − 1)/2
 * @param weights [N, H, W, k²] float32, row by row from the top left of the window; k is odd and at least 3. Used as they are:
 *   with weights ≥ 0 that sum to 1 the result stays between the smallest and the largest pixel, up to rounding
 * @returns [N, H, W, C]. Throws on any other shape
 */
export function pixelKernel(images: tf.Tensor4D, weights: tf.Tensor4D): tf.Tensor4D {
  const [n, height, width, channels] = images.shape;
  const k = windowOf(weights.shape[3]);
  const radius = (k - 1) / 2;
  if (weights.shape.slice(0, 3).join() !== images.shape.slice(0, 3).join()) {
    throw new Error(
      `a kernel per pixel of images [${images.shape.join()}] needs weights [${[n, height, width].join()},k²], not [${weights.shape.join()}]`,
    );
  }
  if (height <= radius || width <= radius) {
    throw new Error(
      `images of ${height}×${width} are too small for a kernel of ${k}: reflection needs more than ${radius} pixels`,
    );
  }
  return tf.tidy(() => {
    // channels and taps first: a tap's weights then multiply whole planes, and unstacking them has a cheap gradient
    const padded = tf.transpose(reflectPad(images, radius), [3, 0, 1, 2]);
    const planes = tf.unstack(tf.transpose(weights, [3, 0, 1, 2]));
    const terms = planes.map((plane, tap) => {
      const shifted = tf.slice(padded, [0, 0, Math.floor(tap / k), tap % k], [channels, n, height, width]);
      return tf.mul(shifted, plane);
    });
    return tf.transpose(tf.addN(terms), [1, 2, 3, 0]) as tf.Tensor4D;
  });
}

/** Squared distance of each tap of a k×k window from its centre, row by row: u² + v², k² numbers. */
export function squaredDistances(k: number): readonly number[] {
  const radius = (k - 1) / 2;
  return Array.from(
    { length: k * k },
    (_, tap) => (Math.floor(tap / k) - radius) ** 2 + ((tap % k) - radius) ** 2,
  );
}

function windowOf(taps: number): number {
  const k = Math.round(Math.sqrt(taps));
  if (k * k !== taps || k % 2 === 0 || k < 3) {
    throw new Error(`${taps} weights a pixel are no k×k kernel with k odd and at least 3`);
  }
  return k;
}
