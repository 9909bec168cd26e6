/**
 * A recorded step as one TensorFlow operation. TensorFlow checks the graph once, and then runs it without asking the host between
 * operations; each buffer is freed when its last reader is done.
 */
import * as tf from '@tensorflow/tfjs';
import { attr, nodeBackend, type HandleInfo, type OpAttribute } from './backend.ts';
import { graphOf } from './graph-def.ts';
import { nativeFunctions } from './native-functions.ts';
import { bytesField, message, varintField } from './protobuf.ts';
import type { Input, Place, Recording } from './recording.ts';

export interface GraphFunction {
  /**
   * Plays the step again: asks for fed values, computes, moves the variables that the step moves, and gives its results. Nothing of the
   * step's own code runs.
   *
   * @param args of the shapes and dtypes of those it was recorded with
   */
  run(args: readonly tf.Tensor[]): tf.Tensor[];
  /** Operations in the graph. */
  readonly size: number;
  /** Frees the function; it cannot run afterwards. */
  dispose(): void;
}

let made = 0;

/** Makes a function of a recording. Throws what TensorFlow has to say against it. */
export function graphFunction(recording: Recording): GraphFunction {
  const native = nativeFunctions();
  const name = `recorded_step_${made++}`;
  const { inputs, assigned, results } = recording;
  const places = [...results, ...assigned.map(({ place }) => place)];
  native.define(name, graphOf(recording), inputs.length, places.map(addressOf));
  return {
    run: (args) => {
      const { binding } = nodeBackend();
      const fed = inputs.filter(({ source }) => source.kind === 'fed').map(feed);
      const handles = handlesOf(inputs, args, fed);
      let outputs: HandleInfo[];
      try {
        outputs = binding.executeOp(name, attributes(), handles, places.length);
      } finally {
        fed.forEach((handle) => {
          binding.deleteTensor(handle);
        });
      }
      const tensors = outputs.map((output) => nodeBackend().createOutputTensor(output));
      const given = tensors.slice(0, results.length);
      const moved = tensors.slice(results.length);
      assigned.forEach(({ variable }, i) => variable.assign(moved[i]!));
      tf.dispose(moved);
      return given;
    },
    size: recording.nodes.length,
    dispose: () => {
      native.remove(name);
    },
  };
}

function feed({ source, shape, dtype }: Input): number {
  const values = source.kind === 'fed' ? source.values() : [];
  const { binding } = nodeBackend();
  const typed = dtype === binding['TF_INT32'] ? Int32Array.from(values) : Float32Array.from(values);
  return binding.createTensor(shape, dtype, typed);
}

function handlesOf(inputs: readonly Input[], args: readonly tf.Tensor[], fed: readonly number[]): number[] {
  const tensors = inputs.flatMap(({ source }) =>
    source.kind === 'argument' ? [args[source.index]!] : source.kind === 'variable' ? [source.variable] : [],
  );
  const [given, rest] = [nodeBackend().getInputTensorIds(tensors), [...fed]];
  return inputs.map(({ source }) => (source.kind === 'fed' ? rest.shift()! : given.shift()!));
}

/** As the native function wants it: node and output, inputs below zero. */
function addressOf({ from, at, output }: Place): readonly [number, number] {
  return from === 'node' ? [at, output] : [-1 - at, 0];
}

/** How TensorFlow is to run a function. */
function attributes(): OpAttribute[] {
  const backend = nodeBackend();
  const config = attr.text('config_proto', new TextDecoder().decode(AS_RECORDED));
  // On one thread operations run in a fixed order, each spread over all cores as ever. Copies to and from a GPU need the other executor.
  return backend.isUsingGpuDevice
    ? [config]
    : [config, attr.text('executor_type', 'SINGLE_THREADED_EXECUTOR')];
}

/** RewriterConfig's switches for rewriting a graph before it runs, by field number. */
const REWRITES = [
  1 /* layout */, 3 /* constants */, 7 /* arithmetic */, 8 /* dependencies */, 9 /* loops */,
  10 /* functions */, 13 /* shapes */, 14 /* fused kernels */,
];
const OFF = 2;

/**
 * A ConfigProto that switches rewriting off: the operations of the recording run as they are, and give the bits that they gave one by
 * one. All of its bytes are below 128, since the binding hands attributes on as UTF-8.
 */
const AS_RECORDED = bytesField(
  10,
  bytesField(10, message(...REWRITES.map((field) => varintField(field, OFF)))),
);
