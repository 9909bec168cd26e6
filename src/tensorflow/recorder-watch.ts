/** The binding with a watcher in it: every call goes through to TensorFlow, and is written down as a node of a graph. */
import type { NativeBinding, NativeCalls } from './backend.ts';
import type { NativeFunctions } from './native-functions.ts';
import { fieldsOf } from './protobuf.ts';
import type { Constant, Input, Node, Place } from './recording.ts';

export interface Watch {
  /** Takes the binding's place. */
  readonly binding: NativeBinding;
  readonly nodes: readonly Node[];
  readonly inputs: readonly Input[];
  /** What a recording could not repeat, in order. */
  readonly refusals: readonly string[];
  refuse(why: string): void;
  /** From now on this handle is an input, whatever was known of it. */
  take(handle: number, input: Input): void;
  /** Where the value of a handle comes from; `what` it is, for the refusal if that is not known. */
  placeOf(handle: number, what: string): Place;
}

const NOWHERE: Place = { from: 'input', at: -1, output: 0 };

/** TensorFlow's dtypes of what are no values: strings, resources, variants. */
const NO_VALUES = new Set([7, 20, 21]);

/** @param known handles that live before the step; each becomes an input when the step first uses it */
export function watching(
  binding: NativeBinding,
  native: NativeFunctions,
  known: ReadonlyMap<number, Input>,
): Watch {
  const nodes: Node[] = [];
  const inputs: Input[] = [];
  const refusals: string[] = [];
  const places = new Map<number, Place>();
  const constants = new Map<number, Constant>();
  const isStateful = statefulness(native);

  const refuse = (why: string): void => {
    refusals.push(`${why} (${callSite()()})`);
  };
  const placed = (handle: number, place: Place): Place => {
    places.set(handle, place);
    return place;
  };
  const take = (handle: number, input: Input): Place =>
    placed(handle, { from: 'input', at: inputs.push(input) - 1, output: 0 });
  const placeOf = (handle: number, what: string): Place => {
    const place = places.get(handle);
    if (place !== undefined) return place;
    const input = known.get(handle);
    if (input !== undefined) return take(handle, input);
    const constant = constants.get(handle);
    if (constant !== undefined) {
      return placed(handle, { from: 'node', at: nodes.push(constant) - 1, output: 0 });
    }
    refuse(`${what} is a tensor from before the step that is neither an argument of it nor a variable`);
    return NOWHERE;
  };

  const watched: Partial<NativeCalls> = {
    executeOp: (op, attributes, handles, count) => {
      const from = handles.map((handle) => placeOf(handle, `an input of the operation ${op}`));
      const outputs = binding.executeOp(op, attributes, handles, count);
      if (isStateful(op) || outputs.some(({ dtype }) => NO_VALUES.has(dtype))) {
        refuse(`the operation ${op} does more than compute values`);
      }
      const node: Node = {
        kind: 'operation',
        op,
        attributes: entriesOf(native.last()),
        inputs: from,
        shapes: outputs.map(({ shape }) => shape),
        where: callSite(),
      };
      const at = nodes.push(node) - 1;
      outputs.forEach(({ id }, output) => places.set(id, { from: 'node', at, output }));
      return outputs;
    },
    createTensor: (shape, dtype, values) => {
      const handle = binding.createTensor(shape, dtype, values);
      if (ArrayBuffer.isView(values)) {
        const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
        constants.set(handle, { kind: 'constant', dtype, shape: [...shape], bytes, where: callSite() });
      }
      return handle;
    },
    tensorDataSync: (handle) => {
      if (places.has(handle) || known.has(handle)) refuse('it reads a value back while it computes');
      return binding.tensorDataSync(handle);
    },
  };
  return { binding: withCalls(binding, watched), nodes, inputs, refusals, refuse, take, placeOf };
}

/** Everything of the binding, some of its calls replaced. */
function withCalls(binding: NativeBinding, calls: Partial<NativeCalls>): NativeBinding {
  // defined and not assigned, because the binding's own are read-only
  return Object.create(
    binding,
    Object.fromEntries(Object.entries(calls).map(([name, value]) => [name, { value: value as unknown }])),
  ) as NativeBinding;
}

/** The attributes in a NameAttrList message, sorted, since TensorFlow writes a map in any order. */
function entriesOf(nameAttrList: Uint8Array): Uint8Array[] {
  return fieldsOf(nameAttrList)
    .filter(({ number }) => number === 2)
    .map(({ bytes }) => bytes)
    .sort((a, b) => Buffer.compare(a, b));
}

/** Asks TensorFlow whether an operation has state or effects, once for each: field 17 of its OpDef. */
function statefulness(native: NativeFunctions): (op: string) => boolean {
  const known = new Map<string, boolean>();
  return (op) => {
    let stateful = known.get(op);
    if (stateful === undefined) {
      stateful = fieldsOf(native.definition(op)).some(({ number, value }) => number === 17 && value === 1);
      known.set(op, stateful);
    }
    return stateful;
  };
}

/** The innermost line of this program outside the engine room that led here, told when it is asked for. */
function callSite(): () => string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  const trace = new Error();
  Error.stackTraceLimit = limit;
  return () => {
    const lines = (trace.stack ?? '').split('\n').slice(1);
    const ours = lines.filter(
      (line) => /:\d+:\d+/.test(line) && !/node_modules|node:|\/tfjs-|\/src\/(tensorflow|ops)\//.test(line),
    );
    return (ours[0] ?? lines[0] ?? 'at an unknown place').trim();
  };
}
