/** Batch norm with its activation, forward and back, as plain arrays: what engines, processes and precisions are compared by. */
import * as tf from '@tensorflow/tfjs';
import type { Activation } from '../../src/ops/activations.ts';
import {
  batchNormActivationInference,
  batchNormActivationTraining,
  type BatchNormWeights,
  type TrainingPass,
} from '../../src/ops/batch-norm-activation.ts';
import { bits, noiseTensor } from './tensors.ts';

export interface Case {
  readonly shape: readonly [number, number, number, number];
  readonly activation: Activation;
  readonly training: boolean;
  readonly seed: number;
}

export type Passes = Readonly<Record<string, Float32Array>>;

const EPSILON = 1e-3;
const RATE = 0.25;

/** y, the moved statistics in training, and the gradients of Σ dy · y; dy is 0 where ReLU's slope could go either way. */
export function passes({ shape, activation, training, seed }: Case): Passes {
  const channels = shape[3];
  const names = training ? ['y', 'mean', 'variance'] : ['y'];
  const results = tf.tidy(() => {
    const x = noiseTensor(seed, shape, -3, 5);
    const each = (of: number, low: number, high: number): tf.Tensor1D =>
      noiseTensor(seed + of, [channels], low, high);
    const [mean, variance] = [each(3, -1, 2), each(4, 0.5, 4)];
    const [scale, offset] = [each(1, -2, 2), each(2, -1, 1)];
    const forward = (at: tf.Tensor4D, weights: BatchNormWeights, as: Activation): TrainingPass =>
      training
        ? batchNormActivationTraining(at, weights, { epsilon: EPSILON, activation: as, rate: RATE })
        : {
            y: batchNormActivationInference(at, weights, { epsilon: EPSILON, activation: as }),
            mean,
            variance,
          };
    const z = forward(x, { scale, offset, mean, variance }, 'none').y;
    const decided = tf.cast(tf.greater(tf.abs(z), 1e-4), 'float32');
    const dy = tf.mul(noiseTensor(seed + 5, shape, -1, 1), decided);
    const [dx, dscale, doffset] = tf.grads((at, s, o) => {
      const weights = { scale: s as tf.Tensor1D, offset: o as tf.Tensor1D, mean, variance };
      return tf.sum(tf.mul(forward(at as tf.Tensor4D, weights, activation).y, dy));
    })([x, scale, offset]);
    const { y, ...moved } = forward(x, { scale, offset, mean, variance }, activation);
    const tensors: tf.Tensor[] = [
      y,
      ...(training ? [moved.mean, moved.variance] : []),
      dx!,
      dscale!,
      doffset!,
    ];
    return tensors.map((tensor) => tensor.dataSync<'float32'>());
  });
  return Object.fromEntries([...names, 'dx', 'dscale', 'doffset'].map((name, i) => [name, results[i]!]));
}

/** Bits of cases that end within vectors and within pieces of work, for other processes. */
export function severalPasses(): readonly (readonly number[])[] {
  const shapes = [
    [2, 70, 70, 3],
    [3, 20, 21, 40],
    [1, 9, 9, 17],
  ] as const;
  return shapes.flatMap((shape, i) =>
    (['none', 'relu', 'silu'] as const).flatMap((activation) =>
      [true, false].flatMap((training) =>
        Object.values(passes({ shape, activation, training, seed: 10 * i })).map(bits),
      ),
    ),
  );
}
