/**
 * The one loop of every classical attack: gradient, direction, step, project. An attack says what is varied, how it makes images,
 * what a step is, and where the varied thing must stay.
 */
import * as tf from '@tensorflow/tfjs';
import { valueAndGrad } from '../ops/gradients.ts';
import type { Direction } from './directions.ts';
import type { Perturbed } from './perturbed.ts';

/** A problem of ascent: pixels, a σ map or a flow in search of the largest loss. */
export interface Ascent {
  /** Where to start, [N, …] of four axes; called once for each attempt, so that it may draw. */
  readonly start: () => tf.Tensor4D;
  /** The images that a value of the varied thing stands for, differentiable in it, with the maps and bounds to show. */
  readonly perturbedBy: (varied: tf.Tensor4D) => Perturbed;
  /** The nearest allowed value: first the budget, then the valid range. */
  readonly project: (varied: tf.Tensor4D) => tf.Tensor4D;
  readonly direction: Direction;
  readonly stepSize: number;
  /** What a value costs each image, [N]; subtracted from what it gains. */
  readonly penalty?: (varied: tf.Tensor4D) => tf.Tensor1D;
}

/** What a pass of the clean images has told. */
export interface CleanPass {
  /** Cross-entropy of each image to its label, [N]. */
  readonly losses: tf.Tensor1D;
  /** ∂ Σ_n losses_n / ∂ images, [N, H, W, 3]. */
  readonly gradient: tf.Tensor4D;
}

export interface AscentSteps {
  readonly steps: number;
  /** Attempts, each from a start of its own; the best of them is kept for each image. */
  readonly restarts: number;
  /** last: where the steps end; best: the best value that an image met on the way, which costs one more forward pass. */
  readonly keep: 'last' | 'best';
}

/** One attempt from the start, its last point kept. */
export const ONE_ATTEMPT = { restarts: 1, keep: 'last' } as const;

/**
 * v ← project(v + stepSize · direction(∇_v Σ_n value_n)), `steps` times.
 *
 * The values are summed over the batch, so each image's gradient is its own and does not depend on the batch size. Only ∇_v is
 * asked for: a step is one forward and one input-gradient pass of the detector.
 *
 * @param valueOf what is climbed, [N], as a differentiable function of images
 * @param clean what `valueOf` says of the clean images, where every attempt starts at them: its first step then asks for nothing
 */
export function gradientAscent(
  valueOf: (images: tf.Tensor4D) => tf.Tensor1D,
  ascent: Ascent,
  { steps, restarts, keep }: AscentSteps,
  clean?: CleanPass,
): tf.Tensor4D {
  return tf.tidy(() => {
    const attempts = Array.from({ length: restarts }, () =>
      climb(valueOf, ascent, steps, keep === 'best', clean),
    );
    if (restarts === 1 && keep === 'last') {
      return attempts[0]!.at;
    }
    const points = attempts.flatMap(({ at, best }) => [
      ...best,
      { at, value: objective(valueOf, ascent, at) },
    ]);
    return points.reduce(better).at;
  });
}

/** One step of an ascent: the next point and, as a by-product of its gradient, what the point that it left was worth, [N]. */
export function ascentStep(
  valueOf: (images: tf.Tensor4D) => tf.Tensor1D,
  ascent: Ascent,
  from: AscentPoint,
): { readonly at: tf.Tensor4D; readonly memories: readonly tf.Tensor[]; readonly value: tf.Tensor1D } {
  // ones as the values' own gradients: that of their sum
  const { grad, value } = valueAndGrad(
    (varied: tf.Tensor4D) => objective(valueOf, ascent, varied),
    from.at,
    tf.ones([from.at.shape[0]]) as tf.Tensor1D,
  );
  return { ...stepAlong(ascent, grad, from), value };
}

/** The first step of an ascent from the clean images, by the chain rule from what is known of them: as `ascentStep`, without a pass of the detector. */
function knownStep(
  { losses, gradient }: CleanPass,
  ascent: Ascent,
  from: AscentPoint,
): ReturnType<typeof ascentStep> {
  // the images differ from the clean ones by nothing, so the loss is to first order its gradient times them
  const firstOrder = (images: tf.Tensor4D): tf.Tensor1D => tf.sum(tf.mul(images, gradient), [1, 2, 3]);
  const { grad } = valueAndGrad((varied) => objective(firstOrder, ascent, varied), from.at);
  const value = objective(() => losses, ascent, from.at);
  return { ...stepAlong(ascent, grad, from), value };
}

/** Where an ascent is before a step; `step` is 1 for the first. */
export interface AscentPoint {
  readonly at: tf.Tensor4D;
  readonly memories: readonly tf.Tensor[];
  readonly step: number;
}

/** project(at + stepSize · direction(gradient)), with what the direction remembers from here on. */
export function stepAlong(
  ascent: Ascent,
  gradient: tf.Tensor,
  from: AscentPoint,
): { readonly at: tf.Tensor4D; readonly memories: readonly tf.Tensor[] } {
  const { direction, memories } = ascent.direction.next(gradient, from.memories, from.step);
  return { at: ascent.project(tf.add(from.at, tf.mul(direction, ascent.stepSize))), memories };
}

/** What an ascent's direction remembers before its first step: zeros like what is varied. */
export function firstMemories({ direction }: Ascent, at: tf.Tensor4D): tf.Tensor[] {
  return Array.from({ length: direction.memories }, () => tf.zerosLike(at));
}

/** A point and what it is worth to each image, [N]. An alias, so that it may leave a tidy. */
type Point = { readonly at: tf.Tensor4D; readonly value: tf.Tensor1D };

/** Where an attempt is; `best` has one point, or none where none is wanted or no step was made. */
type Reached = { readonly at: tf.Tensor4D; readonly memories: tf.Tensor[]; readonly best: Point[] };

/** An attempt's steps: where they end, and the best point before that for each image, if it is wanted. */
function climb(
  valueOf: (images: tf.Tensor4D) => tf.Tensor1D,
  ascent: Ascent,
  steps: number,
  keepBest: boolean,
  clean: CleanPass | undefined,
): Reached {
  let reached: Reached = tf.tidy((): Reached => {
    const at = ascent.start().clone();
    return { at, memories: firstMemories(ascent, at), best: [] };
  });
  for (let step = 1; step <= steps; step++) {
    const before: Reached = reached;
    reached = tf.tidy((): Reached => {
      const from = { ...before, step };
      const { at, memories, value } =
        step === 1 && clean !== undefined
          ? knownStep(clean, ascent, from)
          : ascentStep(valueOf, ascent, from);
      const met = keepBest ? [...before.best, { at: before.at, value }].reduce(better) : null;
      // clones, for what the point came from is freed below
      const best = met === null ? [] : [{ at: met.at.clone(), value: met.value.clone() }];
      // a memory that the direction hands back unchanged must outlive what it came from, too
      return { at, memories: memories.map((memory) => memory.clone()), best };
    });
    tf.dispose(before);
  }
  return reached;
}

/** Image by image the better of two points; the first where they are worth the same. */
function better(first: Point, second: Point): Point {
  const wins = tf.greater(second.value, first.value);
  const wide = tf.reshape(wins, [wins.shape[0]!, 1, 1, 1]);
  return { at: tf.where(wide, second.at, first.at), value: tf.where(wins, second.value, first.value) };
}

function objective(
  valueOf: (images: tf.Tensor4D) => tf.Tensor1D,
  { perturbedBy, penalty }: Ascent,
  varied: tf.Tensor4D,
): tf.Tensor1D {
  const gained = valueOf(perturbedBy(varied).images);
  return penalty === undefined ? gained : tf.sub(gained, penalty(varied));
}
