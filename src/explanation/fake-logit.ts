/** What is explained of a detector: how much more it says 'fake' than 'real'. */
import * as tf from '@tensorflow/tfjs';

/** z = logit of fake − logit of real, the log odds of its softmax: [N, 2] → [N]. */
export function fakeLogit(logits: tf.Tensor2D): tf.Tensor1D {
  return tf.sum(tf.mul(logits, tf.tensor1d([-1, 1])), 1);
}
