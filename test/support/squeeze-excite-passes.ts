/** Squeeze and excitation, forward and back, as plain arrays: what engines and processes are compared by. */
import * as tf from '@tensorflow/tfjs';
import { squeezeExcite } from '../../src/ops/squeeze-excite.ts';
import { bits, noiseTensor } from './tensors.ts';

/** y and the gradients of Σ dy · y in x, the kernels and the biases. */
export function passes(
  shape: readonly [number, number, number, number],
  squeezed: number,
  seed: number,
): readonly Float32Array[] {
  const channels = shape[3];
  return tf.tidy(() => {
    const inputs = [
      noiseTensor(seed, shape, -2, 3),
      noiseTensor(seed + 1, [1, 1, channels, squeezed], -1, 1),
      noiseTensor(seed + 2, [squeezed], -1, 1),
      noiseTensor(seed + 3, [1, 1, squeezed, channels], -1, 1),
      noiseTensor(seed + 4, [channels], -1, 1),
    ];
    const forward = (...given: tf.Tensor[]): tf.Tensor4D =>
      squeezeExcite(given[0] as tf.Tensor4D, {
        squeeze: given[1] as tf.Tensor4D,
        squeezeBias: given[2] as tf.Tensor1D,
        excite: given[3] as tf.Tensor4D,
        exciteBias: given[4] as tf.Tensor1D,
      });
    const gradients = tf.grads(forward)(inputs, noiseTensor(seed + 5, shape, -1, 1));
    return [forward(...inputs), ...gradients].map((tensor) => tensor.dataSync<'float32'>());
  });
}

/** Bits of cases that end within vectors, for other processes. */
export function severalPasses(): readonly (readonly number[])[] {
  return [passes([3, 20, 21, 40], 10, 1), passes([5, 7, 9, 17], 3, 2)].flat().map(bits);
}
