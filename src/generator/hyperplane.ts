/** The nearest point of a hyperplane within valid pixels: what FAB takes its steps by. */
import * as tf from '@tensorflow/tfjs';
import type { Norm } from './norm-ball.ts';

/** Newton's iterations. The function is concave and of straight pieces: they end at the root once its piece is found, in practice below ten. */
const ITERATIONS = 12;

/**
 * The shortest d in the norm with f(x + d) = 0 for the linear f(x + d) = gap + w·d and x + d in [0, 1]; where the box does not reach
 * the plane, the corner that comes nearest.
 *
 * With s the direction that brings f towards 0, a value can move by r_i up to its end of [0, 1], and d_i = s_i · min(λ q_i, r_i) with q = 1
 * for L∞ and |w_i| for L2. What is reached, Σ|w_i| min(λ q_i, r_i), grows with λ, concave, piece by piece linear; Newton's iterations from
 * below find the λ at which it is |gap| (Croce & Hein, "Minimally distorted adversarial examples with a fast adaptive boundary attack",
 * ICML 2020, section 2.2, sort instead).
 *
 * @param x [N, H, W, C] in [0, 1]
 * @param w of the same shape; an image where it is 0 throughout stays
 * @param gap [N], f(x)
 */
export function toHyperplane(x: tf.Tensor4D, w: tf.Tensor4D, gap: tf.Tensor1D, norm: Norm): tf.Tensor4D {
  return tf.tidy(() => {
    const row = (values: tf.Tensor): tf.Tensor => tf.sum(values, [1, 2, 3], true);
    // gradients may be of any size; f is the same plane times any factor
    const largest = tf.max(tf.abs(w), [1, 2, 3], true);
    const weight = tf.divNoNan(tf.abs(w), largest);
    const signed = tf.divNoNan(tf.reshape(gap, [-1, 1, 1, 1]), largest);
    const direction = tf.neg(tf.mul(tf.sign(w), tf.sign(signed)));
    const room = tf.where(tf.greater(direction, 0), tf.sub(1, x), x);
    const rate = norm === 'linf' ? tf.onesLike(weight) : weight;
    const wanted = tf.abs(signed);
    let lambda = tf.divNoNan(wanted, row(tf.mul(weight, rate)));
    for (let i = 0; i < ITERATIONS; i++) {
      const before = lambda;
      lambda = tf.tidy(() => {
        const moved = tf.mul(before, rate);
        const short = tf.sub(wanted, row(tf.mul(weight, tf.minimum(moved, room))));
        const slope = row(tf.mul(tf.mul(weight, rate), tf.cast(tf.less(moved, room), 'float32')));
        // where nothing can move on, the corner is reached
        return tf.add(before, tf.relu(tf.divNoNan(short, slope)));
      });
      before.dispose();
    }
    return tf.mul(direction, tf.minimum(tf.mul(lambda, rate), room)) as tf.Tensor4D;
  });
}
