/** Updates of an optimiser on noise, as plain arrays: what engines and processes are compared by. */
import * as tf from '@tensorflow/tfjs';
import { optimizerStep, type StepRule } from '../../src/ops/optimizer-step.ts';
import { bits, noise } from './tensors.ts';

export const MOMENTUM: StepRule = { mean: { decay: 0.9, gain: 1 }, pull: 0.3, clipNorm: 0 };

export const SQUARES: StepRule = {
  mean: { decay: 0.9, gain: 0.1 },
  square: { decay: 0.99, gain: 0.01 },
  pull: 0,
  clipNorm: 2,
};

/** What an update begins with: θ and g of each tensor, m and v of all, and the step's numbers. */
export function stateOf(rule: StepRule, sizes: readonly number[], seed: number) {
  const size = sizes.reduce((sum, of) => sum + of, 0);
  const m = noise(seed + 100, size, -1, 1);
  return {
    parameters: sizes.map((of, i) => noise(seed + i, of, -1, 1)),
    gradients: sizes.map((of, i) => noise(seed + 50 + i, of, -1, 1)),
    averages: rule.square === undefined ? [m] : [m, noise(seed + 101, size, 0, 2)],
    numbers: rule.square === undefined ? [0.9, 0.05] : [0.9, 0.05, 1.5, 1e-3],
  };
}

/** The new parameters one after another, the new averages, and the gradients' length. */
export function update(rule: StepRule, sizes: readonly number[], seed: number): readonly Float32Array[] {
  const { parameters, gradients, averages, numbers } = stateOf(rule, sizes, seed);
  return tf.tidy(() => {
    const tensors = (of: readonly Float32Array[]) => of.map((values) => tf.tensor1d(values));
    const next = optimizerStep(
      rule,
      { parameters: tensors(parameters), averages: tensors(averages) },
      tensors(gradients),
      tf.tensor1d(numbers),
    );
    return [...next.parameters, ...next.averages, next.gradientNorm].map((tensor) =>
      tensor.dataSync<'float32'>(),
    );
  });
}

/** Bits of updates of several pieces, that end within vectors, for other processes. */
export function severalUpdates(): readonly (readonly number[])[] {
  const sizes = [3, 9001, 1, 5003];
  return [
    update(MOMENTUM, sizes, 1),
    update(SQUARES, sizes, 2),
    update({ ...SQUARES, clipNorm: 0 }, sizes, 3),
  ]
    .flat()
    .map(bits);
}
