/** Networks without their initial weights: drawing millions of random numbers takes longer than all that a test does with them. */
import * as tf from '@tensorflow/tfjs';

interface Initializer {
  apply: (shape: number[], dtype?: tf.DataType) => tf.Tensor;
}

/** Does a job with every initializer that scales by the variance giving zeros. */
export function undrawn<T>(job: () => T): T {
  const scaled = Object.getPrototypeOf(
    Object.getPrototypeOf(tf.initializers.heNormal({})) as object,
  ) as Initializer;
  const drawing = scaled.apply;
  scaled.apply = (shape) => tf.zeros(shape);
  try {
    return job();
  } finally {
    scaled.apply = drawing;
  }
}
