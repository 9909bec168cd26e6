/** How a layer of ours is written with the stock layers of tf.layers, so that a model of them loads in plain TensorFlow.js. */
import type * as tf from '@tensorflow/tfjs';

/** A layer that knows its equivalent: the same function at inference, in float32, by the main branch of batch norm. */
export interface HasStandard {
  /** Applies stock layers that hold copies of this layer's weights. */
  standard(x: tf.SymbolicTensor): tf.SymbolicTensor;
}

/** Whether a layer knows its equivalent. */
export function hasStandard(layer: tf.layers.Layer): layer is tf.layers.Layer & HasStandard {
  return typeof (layer as Partial<HasStandard>).standard === 'function';
}

/**
 * A stock layer on x, or on several tensors, and then its weights set, in the layer's order.
 *
 * @throws if the layer takes others, in number or in shape
 */
export function stock(
  layer: tf.layers.Layer,
  x: tf.SymbolicTensor | tf.SymbolicTensor[],
  weights: readonly tf.Tensor[] = [],
): tf.SymbolicTensor {
  const y = layer.apply(x) as tf.SymbolicTensor;
  if (weights.length > 0) layer.setWeights([...weights]);
  return y;
}
