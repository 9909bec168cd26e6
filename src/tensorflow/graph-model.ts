/**
 * A recorded inference as a graph of TensorFlow's operations in the form that `tf.loadGraphModel` of plain TensorFlow.js reads: the JSON form of a
 * GraphDef (tensorflow/core/framework/graph.proto), its constants' values apart.
 */
import type * as tf from '@tensorflow/tfjs';
import { attributesOf, DTYPES, typeName, type AttributeValue, type Dtype } from './graph-attributes.ts';
import {
  checkSame,
  neededNodes,
  UnrecordableError,
  type Constant,
  type Place,
  type Recording,
} from './recording.ts';

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, AttributeValue>>;
}

/** Values of a node of the operation Const. */
export interface GraphConstant {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Row-major, little-endian. */
  readonly bytes: Uint8Array;
}

export interface GraphModel {
  readonly nodes: readonly GraphNode[];
  readonly constants: readonly GraphConstant[];
  /** Its one input and its one output: what they are called, and their nodes, shapes and types. The batch's size is −1, which is any. */
  readonly signature: {
    readonly inputs: Readonly<Record<string, Endpoint>>;
    readonly outputs: Readonly<Record<string, Endpoint>>;
  };
}

interface Endpoint {
  readonly name: string;
  readonly dtype: string;
  readonly tensorShape: { readonly dim: readonly { readonly size: string }[] };
}

/** What things of a graph are called, and the shape of what goes out, with −1 for the batch's size. */
export interface GraphNames {
  readonly input: string;
  readonly output: { readonly name: string; readonly shape: readonly number[] };
  readonly variable: (variable: tf.Variable) => string;
}

/**
 * The graph of an inference of one argument [N, …] and one result, for a batch of any size. Variables become constants.
 *
 * @param recordings of the inference on batches of two sizes, both above 1: what differs between them is the batch's size
 * @throws UnrecordableError, with the place, if the inference depends on the batch's size by more than shapes, or has what plain TensorFlow.js lacks
 */
export function graphModel(recordings: readonly [Recording, Recording], names: GraphNames): GraphModel {
  const recording = forAnyBatch(...recordings);
  const { nodes, inputs, results } = recording;
  const nameOf = ({ from, at, output }: Place): string => {
    const base = from === 'node' ? `n${at}` : inputName(at);
    return output === 0 ? base : `${base}:${output}`;
  };
  const inputName = (at: number): string => {
    const { source } = inputs[at]!;
    if (source.kind === 'fed') {
      throw new UnrecordableError('it takes values that the host makes anew each time');
    }
    return source.kind === 'argument' ? names.input : names.variable(source.variable);
  };
  const graph: GraphNode[] = [];
  const constants: GraphConstant[] = [];
  const add = (name: string, constant: Pick<Constant, 'dtype' | 'shape' | 'bytes'>): void => {
    const type = typeName(name, constant.dtype);
    constants.push({ ...constant, name, dtype: DTYPES[type] });
    graph.push({ name, op: 'Const', input: [], attr: { dtype: { type } } });
  };
  let given: readonly number[] = [];
  inputs.forEach(({ source, dtype, shape }, at) => {
    if (source.kind === 'variable') {
      add(inputName(at), { dtype, shape, bytes: bytesOf(source.variable) });
      return;
    }
    given = [-1, ...shape.slice(1)];
    const attr = { dtype: { type: typeName(names.input, dtype) }, shape: { shape: dimensions(given) } };
    graph.push({ name: inputName(at), op: 'Placeholder', input: [], attr });
  });
  for (const at of neededNodes(recording)) {
    const node = nodes[at]!;
    if (node.kind === 'constant') add(`n${at}`, node);
    else {
      const { op, attributes } = node;
      graph.push({ name: `n${at}`, op, input: node.inputs.map(nameOf), attr: attributesOf(attributes) });
    }
  }
  const { name, shape } = names.output;
  graph.push({ name, op: 'Identity', input: [nameOf(results[0]!)], attr: { T: { type: 'DT_FLOAT' } } });
  return {
    nodes: graph,
    constants,
    signature: {
      inputs: { [names.input]: endpoint(names.input, given) },
      outputs: { [name]: endpoint(name, shape) },
    },
  };
}

/** Operations that are told a shape in which −1 may stand once, and by which input. */
const TOLD_SHAPES: ReadonlyMap<string, number> = new Map([
  ['Reshape', 1],
  ['Slice', 2],
]);

/** The first of two recordings, with −1 for a size of a shape that is another in the second. Throws if they differ in anything else. */
function forAnyBatch(first: Recording, second: Recording): Recording {
  const [one, other] = [first, second].map(toldShapes) as [Map<number, Shape>, Map<number, Shape>];
  const open = new Map(
    [...one].flatMap(([at, shape]) => {
      const merged = shape.map((size, i) => (size === other.get(at)?.[i] ? size : -1));
      return merged.filter((size) => size === -1).length === 1 ? [[at, merged] as const] : [];
    }),
  );
  const opened = ({ nodes, ...rest }: Recording): Recording => ({
    ...rest,
    nodes: nodes.map((node, at) => {
      const shape = open.get(at);
      return node.kind === 'constant' && shape !== undefined
        ? { ...node, bytes: new Uint8Array(Int32Array.from(shape).buffer) }
        : node;
    }),
  });
  checkSame(opened(first), opened(second));
  return opened(first);
}

type Shape = readonly number[];

/** Constants that one operation alone reads, as the shape of its output, and that shape. */
function toldShapes({ nodes }: Recording): Map<number, Shape> {
  const told = new Map<number, Shape>();
  const others = new Set<number>();
  for (const node of nodes) {
    if (node.kind === 'constant') continue;
    node.inputs.forEach(({ from, at }, i) => {
      if (from !== 'node') return;
      if (TOLD_SHAPES.get(node.op) === i && !told.has(at)) told.set(at, node.shapes[0]!);
      else others.add(at);
    });
  }
  others.forEach((at) => told.delete(at));
  return told;
}

function bytesOf(variable: tf.Variable): Uint8Array {
  const { buffer, byteOffset, byteLength } = variable.dataSync();
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function endpoint(name: string, shape: readonly number[]): Endpoint {
  return { name: `${name}:0`, dtype: 'DT_FLOAT', tensorShape: dimensions(shape) };
}

/** A TensorShapeProto; 64-bit integers are texts in JSON. */
function dimensions(shape: readonly number[]): { readonly dim: readonly { readonly size: string }[] } {
  return { dim: shape.map((size) => ({ size: String(size) })) };
}
