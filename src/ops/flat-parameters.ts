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
 * A vector made by `flatten` as tensors of these shapes again.
 * Throws if the vector's length is not the shapes' total size.
 */
export function unflatten(flat: tf.Tensor1D, shapes: readonly (readonly number[])[]): tf.Tensor[] {
  const sizes = shapes.map((shape) => tf.util.sizeFromShape([...shape]));
  const expected = sizes.reduce((sum, size) => sum + size, 0);
  if (flat.size !== expected) {
    throw new Error(
      `flat parameters have ${flat.size} values, the ${shapes.length} tensors take ${expected}`,
    );
  }
  return tf.tidy(() => tf.split(flat, sizes).map((part, i) => part.reshape([...shapes[i]!])));
}
