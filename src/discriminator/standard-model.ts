/** A detector's model of stock layers alone, which plain TensorFlow.js loads and runs. */
import * as tf from '@tensorflow/tfjs';
import { programOf } from '../ops/run-model.ts';
import { hasStandard, stock } from '../ops/standard-layer.ts';

/**
 * The same function of images at inference in float32, by the main branch of batch norm. The caller disposes it; its weights are copies.
 *
 * @param model [N, size, size, 3] → [N, 2], of stock layers and of ours
 * @throws naming the layer, if one of ours has no equivalent of stock layers
 */
export function standardModel(model: tf.LayersModel): tf.LayersModel {
  const { input, steps } = programOf(model);
  const shape = model.inputs[0]!.shape.slice(1);
  const images = tf.input({ shape, name: model.inputs[0]!.name });
  const values = new Map([[input, images]]);
  for (const { layer, inputs, output } of steps) {
    const read = inputs.map((id) => values.get(id)!);
    values.set(output, hasStandard(layer) ? layer.standard(read[0]!) : copied(layer, read));
  }
  return tf.model({ name: model.name, inputs: images, outputs: values.get(steps.at(-1)!.output)! });
}

/** A stock layer again, with its weights. */
function copied(layer: tf.layers.Layer, inputs: tf.SymbolicTensor[]): tf.SymbolicTensor {
  const type = layer.getClassName();
  const known = tf.serialization.SerializationMap.getMap().classNameMap[type];
  if (known === undefined || !(layer instanceof known[0])) {
    throw new Error(
      `layer ${layer.name} (${type}) has no equivalent of stock layers: give it one (src/ops/standard-layer.ts), or export with format=tfjs-graph`,
    );
  }
  const again = known[1](known[0], layer.getConfig()) as tf.layers.Layer;
  const weights = layer.getWeights();
  return stock(again, inputs.length === 1 ? inputs[0]! : inputs, weights);
}
