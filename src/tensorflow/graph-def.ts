/** A recording as TensorFlow's GraphDef message (tensorflow/core/framework/graph.proto, node_def.proto, attr_value.proto, tensor.proto). */
import { bytesField, message, varintField } from './protobuf.ts';
import {
  neededNodes,
  outputsOf,
  type Constant,
  type Input,
  type Node,
  type Operation,
  type Place,
  type Recording,
} from './recording.ts';

/** Which version of TensorFlow's operations the graph was made for: one of TensorFlow 2.x. */
const PRODUCER = 1395;

const DT_INT32 = 3;

/** Constants above this many bytes whose values are all the same are filled in at each run instead of kept. */
const FILLED_FROM = 1024;

/**
 * The graph: placeholders in0, in1, … for the inputs, and n0, n1, … for the recording's nodes, without those that nothing needs and of
 * equal constants only the first. Each operation waits for the one before it in the recording: another order would keep more alive at once.
 */
export function graphOf(recording: Recording): Uint8Array {
  const { nodes, inputs } = recording;
  const order = neededNodes(recording);
  const named = firstOfEqual(nodes, order);
  // what the function gives back is looked for under its own name
  outputsOf(recording).forEach(({ from, at }) => {
    if (from === 'node') named.set(at, at);
  });
  const nameOf = ({ from, at, output }: Place): string =>
    from === 'input' ? `in${at}` : `n${named.get(at)}:${output}`;
  const defs: Uint8Array[] = [];
  let before: string[] = [];
  for (const i of order) {
    const node = nodes[i]!;
    if (node.kind === 'operation') {
      defs.push(operationDef(`n${i}`, node, nameOf, before));
      before = [`^n${i}`];
    } else if (named.get(i) === i) {
      defs.push(...constantDefs(`n${i}`, node, before));
    }
  }
  return message(
    ...inputs.map((input, i) => bytesField(1, placeholder(`in${i}`, input))),
    ...defs.map((def) => bytesField(1, def)),
    bytesField(4, varintField(1, PRODUCER)),
  );
}

/** For each of these nodes the first constant equal to it, or itself. A step makes the same shapes and factors over and over. */
function firstOfEqual(nodes: readonly Node[], order: readonly number[]): Map<number, number> {
  const seen = new Map<string, number>();
  return new Map(
    order.map((i) => {
      const node = nodes[i]!;
      if (node.kind === 'operation' || node.bytes.length >= FILLED_FROM) return [i, i];
      const key = `${node.dtype} ${node.shape.join()} ${Buffer.from(node.bytes).toString('latin1')}`;
      if (!seen.has(key)) seen.set(key, i);
      return [i, seen.get(key)!];
    }),
  );
}

function operationDef(
  name: string,
  { op, inputs, attributes }: Operation,
  nameOf: (place: Place) => string,
  before: readonly string[],
): Uint8Array {
  // an entry of the map in NameAttrList has the form of one in NodeDef
  return nodeDef(
    name,
    op,
    [...inputs.map(nameOf), ...before],
    attributes.map((entry) => bytesField(5, entry)),
  );
}

function placeholder(name: string, { dtype, shape }: Input): Uint8Array {
  return nodeDef(
    name,
    'Placeholder',
    [],
    [attribute('dtype', varintField(6, dtype)), attribute('shape', bytesField(7, shapeOf(shape)))],
  );
}

/** @param before what filling in waits for, for it takes memory */
function constantDefs(name: string, constant: Constant, before: readonly string[]): Uint8Array[] {
  const { bytes, shape, dtype } = constant;
  const width = bytes.length / shape.reduce((a, b) => a * b, 1);
  const one = bytes.slice(0, width);
  if (bytes.length < FILLED_FROM || bytes.some((byte, i) => byte !== one[i % width])) {
    return [tensorNode(name, constant)];
  }
  const dims = new Uint8Array(Int32Array.from(shape).buffer);
  return [
    tensorNode(`${name}_dims`, { dtype: DT_INT32, shape: [shape.length], bytes: dims }),
    tensorNode(`${name}_value`, { dtype, shape: [], bytes: one }),
    nodeDef(
      name,
      'Fill',
      [`${name}_dims`, `${name}_value`, ...before],
      [attribute('T', varintField(6, dtype)), attribute('index_type', varintField(6, DT_INT32))],
    ),
  ];
}

function tensorNode(
  name: string,
  { dtype, shape, bytes }: Pick<Constant, 'dtype' | 'shape' | 'bytes'>,
): Uint8Array {
  const tensor = message(varintField(1, dtype), bytesField(2, shapeOf(shape)), bytesField(4, bytes));
  return nodeDef(
    name,
    'Const',
    [],
    [attribute('dtype', varintField(6, dtype)), attribute('value', bytesField(8, tensor))],
  );
}

function nodeDef(
  name: string,
  op: string,
  inputs: readonly string[],
  attributes: readonly Uint8Array[],
): Uint8Array {
  return message(
    bytesField(1, name),
    bytesField(2, op),
    ...inputs.map((input) => bytesField(3, input)),
    ...attributes,
  );
}

/** An entry of NodeDef's map of attributes. */
function attribute(name: string, value: Uint8Array): Uint8Array {
  return bytesField(5, message(bytesField(1, name), bytesField(2, value)));
}

/** A TensorShapeProto. */
function shapeOf(shape: readonly number[]): Uint8Array {
  return message(...shape.map((size) => bytesField(2, varintField(1, size))));
}
