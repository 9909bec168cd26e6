/** Cross-entropy by the one op of TensorFlow that gives losses and their gradient at once. */
import * as tf from '@tensorflow/tfjs';
import { noClass, SPARSE_CROSS_ENTROPY } from '../../ops/cross-entropy.ts';
import { attr } from '../backend.ts';
import { kernel } from './kernel.ts';

/** Registers it, and its gradient from what it has kept. */
export function registerCrossEntropy(): void {
  kernel(SPARSE_CROSS_ENTROPY, ({ logits, labels }, _attrs, backend) => {
    const types = [attr.type('T', logits!.dtype), attr.type('Tlabels', labels!.dtype)];
    try {
      return backend.executeMultipleOutputs(
        'SparseSoftmaxCrossEntropyWithLogits',
        types,
        [logits!, labels!],
        2,
      );
    } catch (error) {
      // TensorFlow names the label and the range that it is outside of
      if (!(error as Error).message.includes('label value')) throw error;
      throw noClass(logits!.shape[1]!, (error as Error).message);
    }
  });
  tf.registerGradient({
    kernelName: SPARSE_CROSS_ENTROPY,
    outputsToSave: [false, true],
    gradFunc: (dy, [gradient]) => ({
      logits: () => tf.mul(tf.expandDims((dy as tf.Tensor[])[0]!, 1), gradient!),
    }),
  });
}
