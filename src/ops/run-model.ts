/**
 * Runs a tf.layers model layer by layer. The library's own way keeps every layer's output until the whole model has run; here an output is
 * freed when the last layer that reads it has run, but for what a gradient saved of it. Same layers, same values, bit for bit.
 */
import * as tf from '@tensorflow/tfjs';
import type { Pass } from './layers.ts';
import { recorder } from './tape.ts';

/** One layer's turn. Values go by the numbers of the symbolic tensors that stand for them. */
export interface Step {
  readonly layer: tf.layers.Layer;
  readonly inputs: readonly number[];
  readonly output: number;
  /** Shape of the output without the batch's axis; a size that is not known counts as 1. */
  readonly shape: readonly number[];
  /** What no later step reads. */
  readonly frees: readonly number[];
}

/** The layers of a model in an order in which they can run. */
export interface Program {
  readonly input: number;
  readonly steps: readonly Step[];
}

/** The program of a model. Throws, naming it, unless the model has one input and one output, and each layer one output. */
export function programOf(model: tf.LayersModel): Program {
  if (model.inputs.length !== 1 || model.outputs.length !== 1) {
    throw new Error(
      `model ${model.name} has ${model.inputs.length} inputs and ${model.outputs.length} outputs: give it one of each`,
    );
  }
  const input = model.inputs[0]!;
  const met = new Set([input.id]);
  const order: tf.SymbolicTensor[] = [];
  const visit = (tensor: tf.SymbolicTensor): void => {
    if (met.has(tensor.id)) return;
    met.add(tensor.id);
    if (tensor.outputTensorIndex !== undefined) {
      throw new Error(`layer ${tensor.sourceLayer.name} has several outputs: make it one layer for each`);
    }
    tensor.inputs.forEach(visit);
    order.push(tensor);
  };
  visit(model.outputs[0]!);
  return { input: input.id, steps: order.map((tensor, i) => stepOf(tensor, order.slice(i + 1))) };
}

function stepOf(tensor: tf.SymbolicTensor, later: readonly tf.SymbolicTensor[]): Step {
  const inputs = tensor.inputs.map(({ id }) => id);
  const needed = new Set(later.flatMap((other) => other.inputs.map(({ id }) => id)));
  return {
    layer: tensor.sourceLayer,
    inputs,
    output: tensor.id,
    shape: tensor.shape.slice(1).map((size) => size ?? 1),
    frees: [...new Set(inputs)].filter((id) => !needed.has(id)),
  };
}

/**
 * Runs steps that follow each other, from the one value that the first of them reads (`input`, of value x) to the last one's output.
 *
 * @param x [N, …], the caller's own
 */
export function runSteps(steps: readonly Step[], input: number, x: tf.Tensor, pass: Pass): tf.Tensor {
  const values = new Map([[input, x]]);
  for (const { layer, inputs, output, frees } of steps) {
    const read = inputs.map((id) => values.get(id)!);
    const begun = recorder().nextTensorId();
    const y = tf.tidy(() => layer.call(read.length === 1 ? read[0]! : read, { ...pass }) as tf.Tensor);
    // a layer may hand on what it was given, or what somebody keeps
    values.set(output, y.id > begun && !y.kept ? y : y.clone());
    for (const id of frees) {
      if (id !== input) values.get(id)!.dispose();
      values.delete(id);
    }
  }
  return values.get(steps.at(-1)!.output)!;
}
