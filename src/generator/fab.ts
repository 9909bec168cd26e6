/**
 * FAB: the nearest image that the detector takes for the other class (Croce & Hein, "Minimally distorted adversarial examples with a fast
 * adaptive boundary attack", ICML 2020), untargeted. It steps onto the linearised border of the classes, drawn towards the clean image,
 * and back from where it has crossed.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, integer, number } from '../config/settings.ts';
import { valueAndGrad } from '../ops/gradients.ts';
import { epsFactor, epsScheduleSettings } from './eps-schedule.ts';
import { NOT_LEARNED, type GeneratorVariant } from './generator.ts';
import { classToLeave, goalSetting, marginOf } from './goal.ts';
import { toHyperplane } from './hyperplane.ts';
import { ballProblems, NORM_BALLS, type Norm } from './norm-ball.ts';

const settings = {
  norm: choice(['linf', 'l2'], 'The norm that is made small, and what eps bounds.'),
  eps: number({
    min: 0,
    doc: 'Budget on the [0, 1] pixel scale; 2/255 = 0.00784. An image found beyond it is brought back into the ball.',
  }),
  steps: integer({ min: 1, doc: 'Steps of an attempt; 100 in AutoAttack.' }),
  restarts: integer({
    min: 1,
    doc: 'Attempts, the first from the clean image, the others from points around it; each image keeps the nearest that is found.',
  }),
  alpha_max: number({
    above: 0,
    max: 1,
    doc: 'How far a step is drawn to the clean image’s own nearest point, at most.',
  }),
  eta: number({ min: 1, doc: 'Overshoot beyond the linearised border.' }),
  beta: number({
    above: 0,
    max: 1,
    doc: 'Share of the way from the clean image that is kept once the border is crossed.',
  }),
  goal: goalSetting,
  ...epsScheduleSettings,
};

export interface FabSearch {
  readonly norm: Norm;
  readonly steps: number;
  readonly alphaMax: number;
  readonly eta: number;
  readonly beta: number;
}

/** The nearest found point of each image and its distance, [N]; infinite, at the clean image, where none was found. */
export type Nearest = { readonly at: tf.Tensor4D; readonly distance: tf.Tensor1D };

/** An image already on the other side stays; so does one for which no point was found. */
export const fab: GeneratorVariant<typeof settings> = {
  name: 'fab',
  settings,
  check: ballProblems,
  create: (config) => ({
    ...NOT_LEARNED,
    name: 'fab',
    perturb: (batch, victim, { rng, progress }) =>
      tf.tidy(() => {
        const { norm, restarts } = config;
        const { images: clean } = batch;
        const eps = config.eps * epsFactor(config.eps_growth, config.eps_growth_share, progress);
        const margin = marginOf(victim, classToLeave(config.goal, batch, victim));
        const ball = NORM_BALLS[norm];
        const search = { ...config, alphaMax: config.alpha_max };
        const starts = Array.from({ length: restarts }, (_, i) =>
          i === 0 ? clean : ball.draw(rng, clean, eps / 2),
        );
        const { at } = starts.map((start) => nearestAcross(margin, clean, start, search)).reduce(nearer);
        return { images: ball.project(at, clean, eps), maps: {}, bounds: { pixels: { norm, limit: eps } } };
      }),
  }),
};

/**
 * One attempt of FAB.
 *
 * @param margin [N], above 0 on the other side of the border; differentiable in the images
 * @param start where the search begins
 */
export function nearestAcross(
  margin: (images: tf.Tensor4D) => tf.Tensor1D,
  clean: tf.Tensor4D,
  start: tf.Tensor4D,
  search: FabSearch,
): Nearest {
  let [at, found] = tf.tidy((): [tf.Tensor4D, Nearest] => {
    const value = margin(clean);
    const distance = tf.where(tf.greater(value, 0), tf.zerosLike(value), Infinity);
    return [start.clone(), { at: clean.clone(), distance }];
  });
  for (let i = 0; i < search.steps; i++) {
    const [from, before] = [at, found];
    [at, found] = tf.tidy(() => fabStep(margin, clean, from, before, search));
    tf.dispose([from, before]);
  }
  at.dispose();
  return found;
}

function fabStep(
  margin: (images: tf.Tensor4D) => tf.Tensor1D,
  clean: tf.Tensor4D,
  from: tf.Tensor4D,
  found: Nearest,
  { norm, alphaMax, eta, beta }: FabSearch,
): [tf.Tensor4D, Nearest] {
  const { value, grad } = valueAndGrad(margin, from);
  // the plane's value at the clean image, by the gradient here
  const back = tf.sum(tf.mul(grad, tf.sub(clean, from)), [1, 2, 3]);
  const [own, ofClean] = tf.split(
    toHyperplane(
      tf.concat([from, clean]),
      tf.concat([grad, grad]),
      tf.concat([value, tf.add(value, back)]),
      norm,
    ),
    2,
  ) as [tf.Tensor4D, tf.Tensor4D];
  const [near, far] = [own, ofClean].map((d) => tf.maximum(lengthsOf(d, norm), 1e-8));
  const alpha = wide(tf.minimum(tf.div(near!, tf.add(near!, far!)), alphaMax));
  const step = tf.add(
    tf.mul(tf.add(from, tf.mul(own, eta)), tf.sub(1, alpha)),
    tf.mul(tf.add(clean, tf.mul(ofClean, eta)), alpha),
  );
  const at = tf.clipByValue(step, 0, 1) as tf.Tensor4D;
  const across = tf.greater(margin(at), 0);
  const change = tf.sub(at, clean) as tf.Tensor4D;
  const here = { at, distance: tf.where(across, lengthsOf(change, norm), Infinity) };
  const backwards = tf.add(clean, tf.mul(change, beta));
  return [tf.where(wide(across), backwards, at) as tf.Tensor4D, nearer(found, here)];
}

function nearer(first: Nearest, second: Nearest): Nearest {
  const wins = tf.less(second.distance, first.distance);
  return {
    at: tf.where(wide(wins), second.at, first.at),
    distance: tf.where(wins, second.distance, first.distance),
  };
}

function lengthsOf(change: tf.Tensor4D, norm: Norm): tf.Tensor1D {
  return (
    norm === 'linf' ? tf.max(tf.abs(change), [1, 2, 3]) : tf.sqrt(tf.sum(tf.square(change), [1, 2, 3]))
  ) as tf.Tensor1D;
}

function wide(rows: tf.Tensor): tf.Tensor {
  return tf.reshape(rows, [rows.shape[0]!, 1, 1, 1]);
}
