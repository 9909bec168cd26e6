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
  const tensor = tf.tensor(given instanceof Float32Array ? given : [...given], [...shape], dtype);
  listener?.({ values, tensor });
  return tensor;
}

/** A tensor as it was fed, and where its next values come from. */
export interface Feed {
  readonly values: () => readonly number[] | Float32Array;
  readonly tensor: tf.Tensor;
}

let listener: ((feed: Feed) => void) | null = null;

/** Runs `job` and tells `heard` of everything that is fed meanwhile, as it is fed. Jobs do not nest. */
export function hearingFeeds<T>(heard: (feed: Feed) => void, job: () => T): T {
  if (listener !== null) throw new Error('a recording is under way already: recordings do not nest');
  listener = heard;
  try {
    return job();
  } finally {
    listener = null;
  }
}
