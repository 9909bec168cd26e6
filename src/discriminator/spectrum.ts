/**
 * The radial power spectrum: upsampling, which generators and face swappers end with, leaves its energy at frequencies where a camera's falls off
 * (Durall, Keuper & Keuper, "Watch your Up-Convolution: CNN Based Generative Deep Neural Networks are Failing to Reproduce Spectral Distributions",
 * CVPR 2020; Durall et al., "Unmasking DeepFakes with simple Features", 2019: the power averaged over each ring, its logarithm resampled, and a classifier).
 */
import * as tf from '@tensorflow/tfjs';
import { integer } from '../config/settings.ts';
import type { DiscriminatorVariant } from './discriminator.ts';
import { grey, statisticsDetector, statisticsSettings, type Statistics } from './statistics.ts';

const settings = {
  points: integer({
    min: 2,
    max: 1024,
    doc: 'Points of the radial profile, evenly spaced from frequency 0 to the highest one, that of a checkerboard; interpolated between rings one frequency wide.',
  }),
  ...statisticsSettings,
};

/** A linear classifier on the logarithm of the azimuthally averaged power spectrum. */
export const spectrum: DiscriminatorVariant<typeof settings> = {
  name: 'spectrum',
  settings,
  create: (config, context) =>
    statisticsDetector('spectrum', radialSpectrum(context.imageSize, config.points), config, context),
};

/** Added to the power: a hundredth of what rounding to 8 bits leaves, 1/12 of a squared grey level a frequency. */
const FLOOR = 1 / (12 * 255 ** 2) / 100;

/**
 * The profile of ln(mean |F|² / size² + floor), F the discrete Fourier transform of the grey image, which here is two products with constant
 * matrices, one an axis. The mean is over each ring of frequencies with round(√(u² + v²)) = r, up to the corner's, and comes before the logarithm:
 * single frequencies have a power near 0 by chance, where the logarithm is steeper than any opponent's step. The logarithms are interpolated
 * linearly at `points` radii.
 */
export function radialSpectrum(size: number, points: number): Statistics {
  const half = Math.floor(size / 2) + 1;
  const [across, down] = [waves(size, half), waves(size, size)];
  const rings = ringMeans(size, half);
  const count = rings.length / (size * half);
  const between = interpolation(count, points);
  return {
    count: points,
    of: (images) =>
      tf.tidy(() => {
        const rows = tf.matMul(grey(images), tf.tensor2d(across, [size, 2 * half]));
        // [N, cos | sin of v, cos | sin of u]
        const both = tf.matMul(tf.tensor2d(down, [size, 2 * size]), rows, true) as tf.Tensor3D;
        const part = (v: 0 | 1, u: 0 | 1): tf.Tensor3D =>
          tf.slice3d(both, [0, v * size, u * half], [-1, size, half]);
        const real = tf.sub(part(0, 0), part(1, 1));
        const imaginary = tf.add(part(0, 1), part(1, 0));
        const power = tf.reshape(tf.add(tf.square(real), tf.square(imaginary)), [-1, size * half]);
        const means = tf.matMul(tf.div(power, size ** 2), tf.tensor2d(rings, [size * half, count]));
        return tf.matMul(tf.log(tf.add(means, FLOOR)), tf.tensor2d(between, [count, points]));
      }),
  };
}

/** cos 2πxf/size and then sin of the same, for frequencies 0 … count − 1: [size, 2·count]. */
function waves(size: number, count: number): Float32Array {
  return Float32Array.from({ length: size * 2 * count }, (_, i) => {
    const [x, at] = [Math.floor(i / (2 * count)), i % (2 * count)];
    // the remainder first, so that large angles lose no digits
    const angle = (2 * Math.PI * ((x * (at % count)) % size)) / size;
    return at < count ? Math.cos(angle) : Math.sin(angle);
  });
}

/** Means over rings, from the half plane of frequencies u ≥ 0: [size (v) · half (u), rings]. */
function ringMeans(size: number, half: number): Float32Array {
  const frequency = (v: number): number => (v <= size / 2 ? v : v - size);
  const places = Array.from({ length: size * half }, (_, at) => {
    const [v, u] = [Math.floor(at / half), at % half];
    // a real image has |F(−u, −v)| = |F(u, v)|: all columns but the outermost stand for two
    return { ring: Math.round(Math.hypot(frequency(v), u)), stands: u === 0 || 2 * u === size ? 1 : 2 };
  });
  const members: number[] = [];
  for (const { ring, stands } of places) members[ring] = (members[ring] ?? 0) + stands;
  const matrix = new Float32Array(places.length * members.length);
  places.forEach(({ ring, stands }, at) => {
    matrix[at * members.length + ring] = stands / members[ring]!;
  });
  return matrix;
}

/** From values at 0 … count − 1 to `points` evenly spaced between the same ends, linearly: [count, points]. */
function interpolation(count: number, points: number): Float32Array {
  const step = (count - 1) / (points - 1);
  return Float32Array.from({ length: count * points }, (_, i) =>
    Math.max(0, 1 - Math.abs((i % points) * step - Math.floor(i / points))),
  );
}
