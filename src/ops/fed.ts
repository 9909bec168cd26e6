/**
 * Values that the host gives to a computation anew each time: a learning rate, a bias correction, a random seed. Said apart from
 * constants, so that a computation which has been recorded once can be run again with the values of the day.
 */
import * as tf from '@tensorflow/tfjs';

/**
 * A tensor of the values that `values` gives now.
 *
 * Whoever replays a recorded computation calls `values` again, in the order of the recording, and nothing else of the host's code: what
 * must move with every run, such as a count of updates or of draws, moves inside it, and it reads what may change (a rate) when it is
 * called, not before. It makes no tensor.
 *
 * @param values row-major, as many as the shape holds
 * @returns [...shape], float32 unless told otherwise
 */
export function fed(
  values: () => readonly number[] | Float32Array,
  shape: readonly number[],
  dtype: 'float32' | 'int32' = 'float32',
): tf.Tensor {
  const given = values();
  return tf.tensor(given instanceof Float32Array ? given : [...given], [...shape], dtype);
}
