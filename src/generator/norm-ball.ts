/**
 * Balls around clean images: projection onto them and uniform draws from them, image by image, always followed by the cut to valid
 * pixels. The cut comes last and keeps the ball: it moves every value towards the clean one, which is valid itself.
 */
import * as tf from '@tensorflow/tfjs';
import type { Rng } from '../ops/random.ts';
import type { SettingsProblem } from './generator.ts';

/** linf: the largest |δ| of an image. l2: the Euclidean length of an image's whole δ. */
export type Norm = 'linf' | 'l2';

/** A ball of one norm. `clean` is [N, H, W, C] float32 in [0, 1], `eps` ≥ 0 on that scale. */
export interface NormBall {
  /** The images [N, H, W, C], row i brought into the ball around row i of `clean`, then into [0, 1]. */
  readonly project: (images: tf.Tensor4D, clean: tf.Tensor4D, eps: number) => tf.Tensor4D;
  /** One point for each image, uniform over its ball's volume, then brought into [0, 1]. */
  readonly draw: (rng: Rng, clean: tf.Tensor4D, eps: number) => tf.Tensor4D;
}

/** The balls by the name of their norm. */
export const NORM_BALLS: Readonly<Record<Norm, NormBall>> = {
  linf: { project: projectLinf, draw: drawLinf },
  l2: { project: projectL2, draw: drawL2 },
};

/** What is wrong with a ball that a user asks for: mostly that eps was meant in 255ths. */
export function ballProblems({
  norm,
  eps,
}: {
  readonly norm: Norm;
  readonly eps: number;
}): SettingsProblem[] {
  if (norm !== 'linf' || eps <= 1) return [];
  const meant = `${eps}/255 is ${(eps / 255).toPrecision(3)}`;
  return [
    {
      key: 'eps',
      problem: `is ${eps}, but no pixel can change by more than 1: eps is on the [0, 1] scale, ${meant}`,
    },
  ];
}

/** Cuts each value to [clean − eps, clean + eps], then to [0, 1]. */
export function projectLinf(images: tf.Tensor4D, clean: tf.Tensor4D, eps: number): tf.Tensor4D {
  return tf.tidy(() => {
    const inBall = tf.minimum(tf.maximum(images, tf.sub(clean, eps)), tf.add(clean, eps));
    return tf.clipByValue(inBall, 0, 1) as tf.Tensor4D;
  });
}

/** Shortens δ = images − clean to length eps where it is longer, then cuts to [0, 1]; an image inside stays bit for bit. */
export function projectL2(images: tf.Tensor4D, clean: tf.Tensor4D, eps: number): tf.Tensor4D {
  return tf.tidy(() => {
    const delta = tf.sub(images, clean);
    const lengths = l2Lengths(delta);
    const onSphere = tf.add(clean, tf.mul(delta, tf.divNoNan(eps, lengths)));
    return tf.clipByValue(tf.where(tf.lessEqual(lengths, eps), images, onSphere), 0, 1) as tf.Tensor4D;
  });
}

/** clean + U(−eps, eps), cut to [0, 1] (the start of Madry et al., ICLR 2018). */
function drawLinf(rng: Rng, clean: tf.Tensor4D, eps: number): tf.Tensor4D {
  return tf.tidy(
    () => tf.clipByValue(tf.add(clean, rng.uniform(clean.shape, -eps, eps)), 0, 1) as tf.Tensor4D,
  );
}

/**
 * clean + eps · u^(1/d) · z/‖z‖ with z standard normal and u uniform in [0, 1), cut to [0, 1]. In d dimensions the share of the ball
 * within radius r is (r/eps)^d, so the root is what makes the draw uniform over the volume; u alone would crowd the centre.
 */
function drawL2(rng: Rng, clean: tf.Tensor4D, eps: number): tf.Tensor4D {
  return tf.tidy(() => {
    const [n, height, width, channels] = clean.shape;
    const z = rng.normal(clean.shape);
    const radius = tf.mul(tf.pow(rng.uniform([n, 1, 1, 1]), 1 / (height * width * channels)), eps);
    const delta = tf.mul(z, tf.divNoNan(radius, l2Lengths(z)));
    return tf.clipByValue(tf.add(clean, delta), 0, 1) as tf.Tensor4D;
  });
}

/** The Euclidean length of each image's values, [N, 1, 1, 1]. */
function l2Lengths(images: tf.Tensor): tf.Tensor {
  return tf.sqrt(tf.sum(tf.square(images), [1, 2, 3], true));
}
