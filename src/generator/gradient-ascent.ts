/**
 * The one loop of every classical attack: gradient, direction, step, project. An attack says what is varied, how it makes images, what
 * a gradient's direction is, and where the varied thing must stay.
 */
import * as tf from '@tensorflow/tfjs';
import type { LossOf } from './generator.ts';

export interface Ascent<V extends tf.Tensor> {
  /** Where to start: pixels, a σ map, a flow. */
  readonly start: V;
  readonly steps: number;
  readonly stepSize: number;
  /** The images that a value of the varied thing stands for; differentiable. */
  readonly imagesOf: (varied: V) => tf.Tensor4D;
  /** What the gradient becomes before the step: its sign, itself, its unit vector. */
  readonly direction: (gradient: V) => V;
  /** The nearest allowed value: first the budget, then the valid range. */
  readonly project: (varied: V) => V;
}

/**
 * v ← project(v + stepSize · direction(∇_v Σ_n loss_n)), `steps` times; returns the last v.
 *
 * The loss is summed over the batch, so each sample's gradient is its own and does not depend on the batch size.
 * Only ∇_v is asked for: no gradient of the detector's parameters is computed.
 */
export function gradientAscent<V extends tf.Tensor>(lossOf: LossOf, ascent: Ascent<V>): V {
  return tf.tidy(() => {
    const gradientOf = tf.grad((varied) => tf.sum(lossOf(ascent.imagesOf(varied as V))));
    let varied = ascent.start;
    for (let step = 0; step < ascent.steps; step++) {
      const previous = varied;
      varied = tf.tidy(() => {
        const direction = ascent.direction(gradientOf(previous) as V);
        return ascent.project(tf.add(previous, tf.mul(direction, ascent.stepSize)));
      });
      if (previous !== ascent.start) {
        previous.dispose();
      }
    }
    return varied === ascent.start ? (ascent.start.clone() as V) : varied;
  });
}
