/** Activations whose gradients TensorFlow.js computes by long chains. */
import * as tf from '@tensorflow/tfjs';
import { hasKernel, runKernel } from './fast-kernel.ts';

/** Kernel that a fast engine registers: inputs {dy, y}; ReLU's gradient in one pass. */
export const RELU_GRAD = 'ReluGrad';
/** Kernel that a fast engine registers: inputs {dy, y}; ReLU6's gradient in one pass. */
export const RELU6_GRAD = 'Relu6Grad';
/** Kernel that a fast engine registers: inputs {y, dy}; the sigmoid's gradient in one pass, of any precision. */
export const SIGMOID_GRAD = 'SigmoidGrad';
/** Kernels that a fast engine registers: SiLU with outputs [y, sigmoid(x)], and its gradient from {dy, x, sigmoid}. */
export const SILU = 'Silu';
export const SILU_GRAD = 'SiluGrad';

/** What follows a normalisation, elementwise. */
export type Activation = 'none' | 'relu' | 'relu6' | 'silu';

/** The activation of x, any shape. */
export function activate<T extends tf.Tensor>(x: T, activation: Activation): T {
  switch (activation) {
    case 'none':
      return x;
    case 'relu':
      return tf.relu(x);
    case 'relu6': // min(max(x, 0), 6) (Krizhevsky 2010; EfficientNet-Lite's activation)
      return tf.relu6(x);
    case 'silu':
      return silu(x);
  }
}

/** SiLU, also called swish: x · sigmoid(x), elementwise (Elfwing et al. 2018; EfficientNet's activation). */
export function silu<T extends tf.Tensor>(x: T): T {
  return tf.tidy(() =>
    hasKernel(SILU) ? (runKernel<tf.Tensor[]>(SILU, { x })[0] as T) : tf.mul(x, tf.sigmoid(x)),
  );
}
