/** The variables of a tf.layers model by name: what checkpoints hold and optimisers move. */
import type * as tf from '@tensorflow/tfjs';

/**
 * Every variable of a model by `layer/weight`, statistics included, in the model's order: names that are the same in every
 * process, as a checkpoint needs. A weight `part.weight` belongs to a part of its layer and is called `layer_part/weight`.
 * Throws if two layers' variables would share a name.
 */
export function modelState(model: tf.LayersModel): ReadonlyMap<string, tf.Variable> {
  const state = new Map<string, tf.Variable>();
  for (const layer of model.layers) {
    for (const weight of layer.weights) {
      const [own, part] = weight.originalName.split('/').pop()!.split('.').reverse();
      const key = part === undefined ? `${layer.name}/${own!}` : `${layer.name}_${part}/${own!}`;
      if (state.has(key)) {
        throw new Error(`model ${model.name} has two variables named ${key}: give its layers distinct names`);
      }
      state.set(key, weight.read() as tf.Variable);
    }
  }
  return state;
}

/** The variables of a model that training moves, in the model's order. */
export function modelTrainable(model: tf.LayersModel): readonly tf.Variable[] {
  return model.trainableWeights.map((weight) => weight.read() as tf.Variable);
}
