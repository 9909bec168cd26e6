/**
 * Blur AT as the paper's released code has it, a named ablation beside `blur`: the map is the inverse variance s = 1/σ², one for each colour
 * channel, weights exp(−s·d²/2). It starts as a constant of Euclidean length 100 per image, takes one step of 10 times the gradient of
 * the mean loss of 16 images, which is 0.625 times the image's own, and is brought back to length 100.
 *
 * Larger s is less blur, the opposite of the paper's variable; as length is all that is fixed, an image can only be sharpened in one place by
 * being blurred elsewhere. At 256 px the start is s = 100 / √(256²·3) = 0.23, σ = 2.1 px, on a 3×3 window nearly a plain mean.
 *
 * Two things are not taken over. There s may turn negative, and far taps then weigh more than near ones; here s ≥ 0, where s = 0 is the mean of
 * the window. And further steps there begin from the start again; here they go on from where the last one ended.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, integer, number, type SettingsOf } from '../config/settings.ts';
import { blurWithInverseVariance, ringDifferences } from '../ops/gaussian-blur.ts';
import { windowProblems } from './blur.ts';
import { classicalAttack } from './classical.ts';
import { raw } from './directions.ts';
import { CLASSICAL_PLAYS, type GeneratorVariant } from './generator.ts';
import { goalSetting } from './goal.ts';
import { ONE_ATTEMPT } from './gradient-ascent.ts';

const settings = {
  k: choice([3, 5, 7, 9], 'Side of the blur window in pixels; 3 in the released code.'),
  length: number({
    above: 0,
    doc: 'Euclidean length of an image’s whole map of inverse variances (1/px²), kept after every step; 100 in the released code, for 256×256 pixels. The same blur of fewer pixels wants a shorter one: 37.5 at 96×96.',
  }),
  steps: integer({ min: 1, doc: 'Gradient steps; 1 in the released code.' }),
  step_size: number({
    min: 0,
    doc: 'What an image’s own gradient is multiplied by; 0.625 in the released code, 10 on the mean over 16 images. 0: a fixed blur.',
  }),
  goal: goalSetting,
};

/** Ascends the loss over inverse variances [N, H, W, 3] ≥ 0 of a fixed Euclidean length per image. */
export const blurReleased: GeneratorVariant<typeof settings> = {
  name: 'blur-released',
  settings,
  plays: CLASSICAL_PLAYS,
  check: ({ k }, { imageSize }) => windowProblems(k, imageSize),
  create: (config: SettingsOf<typeof settings>) =>
    classicalAttack({
      name: 'blur-released',
      goal: config.goal,
      startsClean: false,
      steps: config.steps,
      ...ONE_ATTEMPT,
      ascent: ({ images }) => {
        const prepared = ringDifferences(images, config.k);
        return {
          start: () => withLength(tf.onesLike(images), config.length),
          perturbedBy: (inverse) => ({
            images: blurWithInverseVariance(prepared, inverse),
            maps: { inverse_variance: inverse },
            bounds: { inverse_variance: { norm: 'l2', limit: config.length } },
          }),
          project: (inverse) => withLength(tf.relu(inverse), config.length),
          direction: raw,
          stepSize: config.step_size,
        };
      },
    }),
};

/** Each image's map scaled to a Euclidean length; one that is 0 throughout has no direction and stays 0, the strongest blur. */
function withLength(map: tf.Tensor4D, length: number): tf.Tensor4D {
  return tf.tidy(() => {
    const now = tf.sqrt(tf.sum(tf.square(map), [1, 2, 3], true));
    return tf.mul(map, tf.divNoNan(length, now));
  });
}
