/** TensorFlow's ops by name, through the binding's backend: the part of its interface that this room uses, typed. */
import * as tf from '@tensorflow/tfjs';

export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** A tensor as the binding hands it out: its handle, and what TensorFlow says of it. */
export interface HandleInfo {
  readonly id: number;
  readonly shape: readonly number[];
  /** A TensorFlow dtype. */
  readonly dtype: number;
}

/** What the C++ side does, with tensors by their handles. */
export interface NativeCalls {
  executeOp(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): HandleInfo[];
  createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView | Uint8Array[]): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): ArrayBufferView | Uint8Array[];
}

/** The C++ side, with TensorFlow's constants by name. */
export type NativeBinding = NativeCalls & Readonly<Record<string, number>>;

/** The `tensorflow` backend of the Node binding. */
export interface NodeBackend extends tf.KernelBackend {
  binding: NativeBinding;
  readonly tensorMap: { get(dataId: object): { readonly dtype: number } };
  /** The handles of tensors, made now for those whose values still lie with the host. */
  getInputTensorIds(tensors: readonly tf.Tensor[]): number[];
  /** A tensor of a handle, which it owns from then on. */
  createOutputTensor(info: HandleInfo): tf.Tensor;
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

const constant = (name: string): number => (nodeBackend().binding as Readonly<Record<string, number>>)[name]!;

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
