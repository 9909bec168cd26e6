/** TensorFlow's ops by name, through the binding's backend: the part of its interface that this room uses, typed. */
import * as tf from '@tensorflow/tfjs';

export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** The `tensorflow` backend of the Node binding. */
export interface NodeBackend extends tf.KernelBackend {
  readonly binding: Readonly<Record<string, number>>;
  readonly isUsingGpuDevice: boolean;
  executeSingleInput(op: string, input: tf.Tensor): tf.Tensor;
  executeSingleOutput(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly tf.Tensor[],
  ): tf.Tensor;
  executeMultipleOutputs(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly tf.Tensor[],
    outputs: number,
  ): tf.Tensor[];
}

/** The open TensorFlow backend. Throws if another engine is current. */
export function nodeBackend(): NodeBackend {
  if (tf.getBackend() !== 'tensorflow') {
    throw new Error(
      `TensorFlow is not open (the engine is '${tf.getBackend()}'): call openTensorFlow() first`,
    );
  }
  return tf.backend() as NodeBackend;
}

const constant = (name: string): number => nodeBackend().binding[name]!;

const TYPES: Readonly<Record<string, string>> = {
  float32: 'TF_FLOAT',
  int32: 'TF_INT32',
  bool: 'TF_BOOL',
  string: 'TF_STRING',
};

/** Attributes of an op, by kind. */
export const attr = {
  type: (name: string, dtype: string): OpAttribute => {
    const type = TYPES[dtype];
    if (type === undefined) {
      throw new Error(
        `attribute ${name}: TensorFlow ops here know ${Object.keys(TYPES).join(', ')}, not ${dtype}`,
      );
    }
    return { name, type: constant('TF_ATTR_TYPE'), value: constant(type) };
  },
  float: (name: string, value: number): OpAttribute => ({ name, type: constant('TF_ATTR_FLOAT'), value }),
  int: (name: string, value: number | readonly number[]): OpAttribute => ({
    name,
    type: constant('TF_ATTR_INT'),
    value,
  }),
  bool: (name: string, value: boolean): OpAttribute => ({ name, type: constant('TF_ATTR_BOOL'), value }),
  text: (name: string, value: string): OpAttribute => ({ name, type: constant('TF_ATTR_STRING'), value }),
};
