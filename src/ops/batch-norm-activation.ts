/**
 * Batch normalisation and the activation after it as one operation: at a detector's sizes both are as fast as memory is, so what
 * counts is how often they read it. Where the engine has no such kernel they run one after the other.
 */
import * as tf from '@tensorflow/tfjs';
import { activate, type Activation } from './activations.ts';
import { batchNormInference, batchNormTraining } from './batch-norm.ts';
import { runKernel } from './fast-kernel.ts';
import { hasKernelFor } from './precision.ts';

/**
 * Kernels that a fast engine registers: inputs {x, scale, offset, mean, variance}, attrs {epsilon, activation}. In training also
 * {rate}, and outputs [y, moved mean, moved variance, …reserved]; at inference y.
 */
export const BATCH_NORM_ACTIVATION_TRAINING = 'BatchNormActivationTraining';
export const BATCH_NORM_ACTIVATION_INFERENCE = 'BatchNormActivationInference';

/** The activations that these kernels know; another runs after the kernel's normalisation. */
const IN_KERNEL: readonly Activation[] = ['none', 'relu', 'silu'];

/** What a batch norm holds for each channel: [C] float32 each. */
export interface BatchNormWeights {
  readonly scale: tf.Tensor1D;
  readonly offset: tf.Tensor1D;
  /** Running statistics, the variance unbiased. */
  readonly mean: tf.Tensor1D;
  readonly variance: tf.Tensor1D;
}

export interface BatchNormActivation {
  /** Added to the variance, > 0. */
  readonly epsilon: number;
  readonly activation: Activation;
}

export interface TrainingPass {
  /** Shape of x. */
  readonly y: tf.Tensor4D;
  /** [C]: the running statistics moved towards the batch's, the given ones where `rate` is 0. Not for differentiating. */
  readonly mean: tf.Tensor1D;
  readonly variance: tf.Tensor1D;
}

/**
 * y = activation((x − m) / √(v + epsilon) · scale + offset), m and v the mean and the biased variance of the batch over N, H, W.
 * Differentiable in x, scale and offset; the gradient keeps x, and computes the rest again.
 *
 * @param x [N, H, W, C] of any precision, and y of the same
 * @param rate in [0, 1]: share of the difference that the running statistics move towards the batch's mean and unbiased variance
 */
export function batchNormActivationTraining(
  x: tf.Tensor4D,
  { scale, offset, mean, variance }: BatchNormWeights,
  { epsilon, activation, rate }: BatchNormActivation & { readonly rate: number },
): TrainingPass {
  return tf.tidy(() => {
    const [inside, after] = parted(activation);
    if (hasKernelFor(BATCH_NORM_ACTIVATION_TRAINING, x)) {
      const [y, newMean, newVariance] = runKernel<tf.Tensor[]>(
        BATCH_NORM_ACTIVATION_TRAINING,
        { x, scale, offset, mean, variance },
        { epsilon, activation: inside, rate },
      ) as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
      return { y: activate(y, after), mean: newMean, variance: newVariance };
    }
    const batch = batchNormTraining(x, scale, offset, epsilon);
    const moved = (from: tf.Tensor1D, towards: tf.Tensor1D): tf.Tensor1D =>
      rate === 0 ? from : tf.add(from, tf.mul(tf.sub(towards, from), rate));
    return {
      y: activate(batch.y, activation),
      mean: moved(mean, batch.mean),
      variance: moved(variance, batch.variance),
    };
  });
}

/** The same by the running statistics: a function of each pixel alone. Shapes as above; the statistics are constants to the fast kernel. */
export function batchNormActivationInference(
  x: tf.Tensor4D,
  { scale, offset, mean, variance }: BatchNormWeights,
  { epsilon, activation }: BatchNormActivation,
): tf.Tensor4D {
  return tf.tidy(() => {
    if (!hasKernelFor(BATCH_NORM_ACTIVATION_INFERENCE, x)) {
      return activate(batchNormInference(x, mean, variance, scale, offset, epsilon), activation);
    }
    const [inside, after] = parted(activation);
    const y = runKernel<tf.Tensor4D>(
      BATCH_NORM_ACTIVATION_INFERENCE,
      { x, scale, offset, mean, variance },
      { epsilon, activation: inside },
    );
    return activate(y, after);
  });
}

/** What the kernel does of an activation, and what is left to do after it. */
function parted(activation: Activation): readonly [inside: Activation, after: Activation] {
  return IN_KERNEL.includes(activation) ? [activation, 'none'] : ['none', activation];
}
