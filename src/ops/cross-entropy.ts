/** Cross-entropy of logits to class numbers. */
import * as tf from '@tensorflow/tfjs';
import { hasKernel, runKernel } from './fast-kernel.ts';

/** Kernel that a fast engine registers: inputs {logits, labels}, outputs [losses [N], ∂losses/∂logits [N, classes]]; throws on a label that is no class. */
export const SPARSE_CROSS_ENTROPY = 'SparseCrossEntropy';

/**
 * −ln softmax(logits)_label of each row, in nats; differentiable in the logits.
 *
 * @param logits [N, classes] float32
 * @param labels [N] int32, class numbers
 * @returns [N] float32, ≥ 0
 * @throws if a label is no class; on a GPU its loss is NaN instead, for nothing there stops the device
 */
export function sparseCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  if (hasKernel(SPARSE_CROSS_ENTROPY)) {
    return tf.tidy(() => runKernel<tf.Tensor[]>(SPARSE_CROSS_ENTROPY, { logits, labels })[0] as tf.Tensor1D);
  }
  const classes = logits.shape[1];
  const stray = labels.dataSync().findIndex((label) => !(label >= 0 && label < classes));
  if (stray >= 0) {
    throw noClass(classes, `the label of row ${stray} is ${labels.dataSync()[stray]}`);
  }
  return tf.tidy(() => {
    const oneHot = tf.oneHot(labels, classes);
    return tf.neg(tf.sum(tf.mul(oneHot, tf.logSoftmax(logits)), 1)) as tf.Tensor1D;
  });
}

/** What a label outside the classes is told by. */
export function noClass(classes: number, found: string): Error {
  return new Error(`${found}, but the classes of these logits are 0 to ${classes - 1}: label images by them`);
}
