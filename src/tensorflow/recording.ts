/** What a step did, as data: the operations that TensorFlow ran, and where each of their inputs came from. */
import type * as tf from '@tensorflow/tfjs';
import type { Feed } from '../ops/fed.ts';

/** Where a value comes from: output `output` of node `at`, or the input `at` of the whole step. */
export interface Place {
  readonly from: 'node' | 'input';
  readonly at: number;
  readonly output: number;
}

/** An operation that was run, or a value that the host made for it. */
export type Node = Operation | Constant;

export interface Operation {
  readonly kind: 'operation';
  readonly op: string;
  /** Its attributes, defaults included: entries of the map that TensorFlow's messages keep them in, sorted. */
  readonly attributes: readonly Uint8Array[];
  readonly inputs: readonly Place[];
  /** Of its outputs. */
  readonly shapes: readonly (readonly number[])[];
  /** The line of the program that asked for it. */
  readonly where: () => string;
}

export interface Constant {
  readonly kind: 'constant';
  /** A TensorFlow dtype. */
  readonly dtype: number;
  readonly shape: readonly number[];
  /** Row-major, little-endian. */
  readonly bytes: Uint8Array;
  readonly where: () => string;
}

/** Where something comes from that a step takes in: an argument, a variable as it stands, or the host, who feeds it anew each time. */
export type Source =
  | { readonly kind: 'argument'; readonly index: number }
  | { readonly kind: 'variable'; readonly variable: tf.Variable }
  | { readonly kind: 'fed'; readonly values: Feed['values'] };

export interface Input {
  readonly source: Source;
  /** A TensorFlow dtype. */
  readonly dtype: number;
  readonly shape: readonly number[];
}

export interface Recording {
  readonly nodes: readonly Node[];
  readonly inputs: readonly Input[];
  /** What the step gave back, in its order. */
  readonly results: readonly Place[];
  /** The variables that the step assigned, and to what. */
  readonly assigned: readonly { readonly variable: tf.Variable; readonly place: Place }[];
}

/** Where what a step gives back and what it assigns come from. */
export function outputsOf({ results, assigned }: Recording): Place[] {
  return [...results, ...assigned.map(({ place }) => place)];
}

/** The nodes that the outputs come from, in the recording's order. */
export function neededNodes(recording: Recording): number[] {
  const found = new Set<number>();
  const ends = outputsOf(recording);
  for (let place = ends.pop(); place !== undefined; place = ends.pop()) {
    const { from, at } = place;
    const node = recording.nodes[at];
    if (from === 'input' || node === undefined || found.has(at)) continue;
    found.add(at);
    if (node.kind === 'operation') ends.push(...node.inputs);
  }
  return [...found].sort((a, b) => a - b);
}

/** A step that cannot be played from a recording; the message says where and why. */
export class UnrecordableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnrecordableError';
  }
}

/**
 * Holds two recordings of one step against each other: what the host decided or computed must be the same in both, or a replay would
 * repeat the decision of a day gone by. Throws an UnrecordableError that names the first difference.
 */
export function checkSame(first: Recording, second: Recording): void {
  const count = Math.min(first.nodes.length, second.nodes.length);
  for (let i = 0; i < count; i++) {
    const [a, b] = [first.nodes[i]!, second.nodes[i]!];
    const difference = differenceOf(a, b);
    if (difference !== null) throw new UnrecordableError(`${difference} (${b.where()})`);
  }
  if (first.nodes.length !== second.nodes.length) {
    const { where } = (first.nodes[count] ?? second.nodes[count])!;
    throw new UnrecordableError(
      `it runs ${first.nodes.length} operations one time and ${second.nodes.length} the next (${where()})`,
    );
  }
  const rest = ({ inputs, results, assigned }: Recording): unknown => [
    inputs.map(({ source }) => (source.kind === 'variable' ? source.variable.id : source.kind)),
    results,
    assigned.map(({ variable, place }) => [variable.id, place]),
  ];
  if (JSON.stringify(rest(first)) !== JSON.stringify(rest(second))) {
    throw new UnrecordableError('it takes in, gives back or assigns other things one time than the next');
  }
}

function differenceOf(a: Node, b: Node): string | null {
  if (a.kind === 'constant' && b.kind === 'constant') {
    return sameShape(a, b) && sameBytes(a.bytes, b.bytes)
      ? null
      : 'values that the host computes change from one time to the next; where they must, they are to be given by fed()';
  }
  if (a.kind === 'constant' || b.kind === 'constant' || a.op !== b.op) {
    return `it runs ${nameOf(a)} one time and ${nameOf(b)} the next`;
  }
  if (
    !sameBytes(
      a.attributes.flatMap((entry) => [...entry]),
      b.attributes.flatMap((entry) => [...entry]),
    )
  ) {
    return `attributes of the operation ${a.op} change from one time to the next`;
  }
  return JSON.stringify(a.inputs) === JSON.stringify(b.inputs)
    ? null
    : `the operation ${a.op} takes other inputs one time than the next`;
}

function nameOf(node: Node): string {
  return node.kind === 'constant' ? 'with values of the host' : node.op;
}

function sameShape(a: Constant, b: Constant): boolean {
  return a.dtype === b.dtype && JSON.stringify(a.shape) === JSON.stringify(b.shape);
}

function sameBytes(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}
