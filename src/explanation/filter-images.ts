/**
 * Square images filtered by frequency alone, whatever the direction. An image is continued by its mirror image at every side, so that no border is an edge;
 * the Fourier transform of that is the cosine transform (DCT-II) of the image, by which it is computed. A Fourier coefficient of one mirrored image is real and the
 * filter is of zero phase: nothing moves.
 */
import * as tf from '@tensorflow/tfjs';
import { dctMatrix } from '../ops/cosine-transform.ts';

/** What it multiplies a frequency in cycles a pixel with. */
export type Gain = (frequency: number) => number;

/**
 * [N, S, S, C] → the same shape, linear; values may leave [0, 1].
 *
 * @throws if the images are not square
 */
export function filterImages(images: tf.Tensor4D, gain: Gain): tf.Tensor4D {
  const [, size, width] = images.shape;
  if (size !== width) throw new Error(`only square images can be filtered, not ${width}×${size}`);
  const gains = Float32Array.from({ length: size * size }, (_, at) =>
    gain(Math.hypot(Math.floor(at / size), at % size) / (2 * size)),
  );
  return tf.tidy(() => {
    const basis = tf.tensor2d(dctMatrix(size, size), [size, size]);
    const planes = tf.transpose(images, [0, 3, 1, 2]);
    const coefficients = tf.matMul(tf.matMul(basis, planes), basis, false, true);
    const kept = tf.mul(coefficients, tf.tensor2d(gains, [size, size]));
    const back = tf.matMul(tf.matMul(basis, kept, true), basis);
    return tf.transpose(back, [0, 2, 3, 1]) as tf.Tensor4D;
  });
}

/** A Gaussian blur of standard deviation σ pixels as a gain: exp(−2π²σ²f²), its Fourier transform. */
export function gaussianGain(sigma: number): Gain {
  return (frequency) => Math.exp(-2 * (Math.PI * sigma * frequency) ** 2);
}
