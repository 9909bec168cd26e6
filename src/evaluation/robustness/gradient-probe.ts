/**
 * Whether a detector's gradients can be trusted by an attack, asked of the detector itself: the checks of AutoAttack (Croce & Hein 2020;
 * Croce et al., "RobustBench", 2021, appendix), and a comparison with finite differences.
 */
import * as tf from '@tensorflow/tfjs';
import type { LabelledImages, Victim } from '../../generator/generator.ts';
import { marginOf } from '../../generator/goal.ts';
import { valueAndGrad } from '../../ops/gradients.ts';

/** Passes of the same images that are compared. */
const PASSES = 5;
/** How far outputs, each by its length, may lie apart, and how far from a distribution still is one. */
const SAME = 1e-4;
const DISTRIBUTION = 1e-5;
/** Length of the step of a finite difference, over all values of an image. */
const STEP = 0.02;
/** A slope is another one where it differs by more than this share of the larger of the two. */
const OTHER_SLOPE = 0.5;

export interface GradientProbe {
  /** Largest difference between outputs of two passes of the same images, each output by its length. */
  readonly spread: number;
  readonly randomised: boolean;
  /** Whether all outputs are probabilities. */
  readonly probabilities: boolean;
  /** Shares of images: the margin's gradient is 0 throughout; that of the cross-entropy is, where the margin's is not. */
  readonly zeroGradients: number;
  readonly saturated: number;
  /** Share of the images with a gradient along which the margin does not change as it says; null where outputs are random. */
  readonly wrongGradients: number | null;
}

/** Asks for five forward passes, two gradients and two values more. Frees every tensor. */
export function probeGradients(victim: Victim, batch: LabelledImages): GradientProbe {
  const { spread, probabilities } = compareOutputs(victim, batch.images);
  const randomised = spread > SAME;
  const margin = marginOf(victim, batch.labels);
  const { zero, lossZero, wrong } = compareGradients(victim, margin, batch);
  const share = (flags: readonly boolean[]): number => flags.filter(Boolean).length / flags.length;
  const told = wrong.filter((_, i) => !zero[i]!);
  return {
    spread,
    randomised,
    probabilities,
    zeroGradients: share(zero),
    saturated: share(lossZero.map((flag, i) => flag && !zero[i]!)),
    wrongGradients: randomised || told.length === 0 ? null : share(told),
  };
}

function compareOutputs(
  victim: Victim,
  images: tf.Tensor4D,
): { readonly spread: number; readonly probabilities: boolean } {
  let [spread, probabilities] = [0, true];
  tf.tidy(() => {
    const outputs = Array.from({ length: PASSES }, () => victim.logits(images));
    const unit = outputs.map((output) => tf.divNoNan(output, tf.norm(output, 'euclidean', 1, true)));
    for (const one of unit.slice(1)) {
      spread = Math.max(spread, tf.max(tf.norm(tf.sub(one, unit[0]!), 'euclidean', 1)).dataSync()[0]!);
    }
    const [lowest, highest, sums] = [tf.min(outputs[0]!), tf.max(outputs[0]!), tf.sum(outputs[0]!, 1)];
    const off = tf.max(tf.abs(tf.sub(sums, 1))).dataSync()[0]!;
    probabilities =
      lowest.dataSync()[0]! > -DISTRIBUTION &&
      highest.dataSync()[0]! < 1 + DISTRIBUTION &&
      off < DISTRIBUTION;
  });
  return { spread, probabilities };
}

interface Compared {
  readonly zero: readonly boolean[];
  readonly lossZero: readonly boolean[];
  readonly wrong: readonly boolean[];
}

function compareGradients(
  victim: Victim,
  margin: (images: tf.Tensor4D) => tf.Tensor1D,
  { images, labels }: LabelledImages,
): Compared {
  const compared: { -readonly [K in keyof Compared]: boolean[] } = { zero: [], lossZero: [], wrong: [] };
  tf.tidy(() => {
    const { grad } = valueAndGrad(margin, images);
    const ofLoss = valueAndGrad((x: tf.Tensor4D) => victim.lossOf(x, labels), images).grad;
    const largest = (x: tf.Tensor4D): Float32Array => tf.max(tf.abs(x), [1, 2, 3]).dataSync<'float32'>();
    const [sizes, lossSizes] = [largest(grad), largest(ofLoss)];
    const lengths = tf.sqrt(tf.sum(tf.square(grad), [1, 2, 3], true));
    const ahead = tf.mul(tf.divNoNan(grad, lengths), STEP);
    const [after, before] = [tf.add(images, ahead), tf.sub(images, ahead)] as [tf.Tensor4D, tf.Tensor4D];
    const slopes = tf.div(tf.sub(margin(after), margin(before)), 2 * STEP).dataSync<'float32'>();
    lengths.dataSync<'float32'>().forEach((length, i) => {
      const slope = slopes[i]!;
      compared.zero.push(sizes[i] === 0);
      compared.lossZero.push(lossSizes[i] === 0);
      compared.wrong.push(!(Math.abs(slope - length) <= OTHER_SLOPE * Math.max(Math.abs(slope), length)));
    });
  });
  return compared;
}
