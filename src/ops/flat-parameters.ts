/** A model's parameters as one vector, so that an optimiser is a handful of operations whatever the number of layers. */
import * as tf from '@tensorflow/tfjs';

/** Number of scalars in a list of tensors. */
export function parameterCount(tensors: readonly tf.Tensor[]): number {
  return tensors.reduce((sum, tensor) => sum + tensor.size, 0);
}

/** All tensors one after another, row-major, as one vector [Σ size]. */
export function flatten(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  return tf.tidy(() => tf.concat1d(tensors.map((tensor) => tensor.flatten())));
}

/**
 * Writes a vector made by `flatten` back into variables of the same order and shapes.
 * Throws if the vector's length is not the variables' total size.
 */
export function assignFlat(variables: readonly tf.Variable[], flat: tf.Tensor1D): void {
  const expected = parameterCount(variables);
  if (flat.size !== expected) {
    throw new Error(
      `flat parameters have ${flat.size} values, the ${variables.length} variables take ${expected}`,
    );
  }
  tf.tidy(() => {
    const parts = tf.split(
      flat,
      variables.map((variable) => variable.size),
    );
    variables.forEach((variable, i) => variable.assign(parts[i]!.reshape(variable.shape)));
  });
}
