/**
 * Watches a step while it is played and writes down what TensorFlow is asked to do. It stands between TensorFlow.js's backend and the
 * binding, below kernels, gradients and tidies, so it sees operations and handles and nothing of how they came to be asked for.
 */
import * as tf from '@tensorflow/tfjs';
import { hearingFeeds, type Feed } from '../ops/fed.ts';
import { nodeBackend } from './backend.ts';
import { nativeFunctions } from './native-functions.ts';
import { watching, type Watch } from './recorder-watch.ts';
import { UnrecordableError, type Input, type Recording, type Source } from './recording.ts';

/**
 * Plays a step once and gives back what it did. The step is really played: variables move, and it computes what it would have without.
 *
 * @param step makes tensors of its arguments, of variables, of constants and of fed values; reads nothing back
 * @returns the recording; the step's results are freed
 * @throws UnrecordableError, when the step is over, if it did something that a recording cannot repeat
 */
export function record(args: readonly tf.Tensor[], step: () => readonly tf.Tensor[]): Recording {
  const backend = nodeBackend();
  const { binding } = backend;
  const native = nativeFunctions();
  const variables = Object.values(tf.engine().registeredVariables);
  ownHandles(variables);
  const before = new Map(variables.map((variable) => [variable, variable.dataId]));
  const watch = watching(
    binding,
    native,
    new Map([
      ...variables.map(
        (variable) => [handleOf(variable), inputOf(variable, { kind: 'variable', variable })] as const,
      ),
      ...args.map(
        (tensor, index) => [handleOf(tensor), inputOf(tensor, { kind: 'argument', index })] as const,
      ),
    ]),
  );
  const heard = ({ values, tensor }: Feed): void => {
    watch.take(handleOf(tensor), inputOf(tensor, { kind: 'fed', values }));
  };
  backend.binding = watch.binding;
  native.watch(true);
  try {
    const results = hearingFeeds(heard, step);
    const recording = {
      nodes: watch.nodes,
      inputs: watch.inputs,
      results: results.map((tensor) => watch.placeOf(handleOf(tensor), 'a result')),
      assigned: assignedSince(before, watch),
    };
    tf.dispose([...results]);
    if (watch.refusals.length > 0) throw new UnrecordableError(watch.refusals[0]!);
    return recording;
  } finally {
    native.watch(false);
    backend.binding = binding;
  }
}

/** Which variables the step moved, and to what. */
function assignedSince(before: ReadonlyMap<tf.Variable, object>, watch: Watch): Recording['assigned'] {
  const now = Object.values(tf.engine().registeredVariables);
  for (const { name } of now.filter((variable) => !before.has(variable))) {
    watch.refuse(`it leaves a new variable behind, ${name}`);
  }
  return now
    .filter((variable) => before.has(variable) && before.get(variable) !== variable.dataId)
    .map((variable) => ({
      variable,
      place: watch.placeOf(handleOf(variable), `what ${variable.name} is set to`),
    }));
}

/** The tensor's handle in the binding; uploads its values if they still lie with the host. */
function handleOf(tensor: tf.Tensor): number {
  return nodeBackend().getInputTensorIds([tensor])[0]!;
}

function inputOf(tensor: tf.Tensor, source: Source): Input {
  return { source, dtype: nodeBackend().tensorMap.get(tensor.dataId).dtype, shape: tensor.shape };
}

/** Two variables may share a handle, and an operation that reads it would not tell which of them it means. */
function ownHandles(variables: readonly tf.Variable[]): void {
  const backend = nodeBackend();
  const seen = new Set<number>();
  for (const variable of variables) {
    if (seen.has(handleOf(variable))) {
      const { dtype } = backend.tensorMap.get(variable.dataId);
      const type = { name: 'T', type: backend.binding['TF_ATTR_TYPE']!, value: dtype };
      tf.tidy(() => {
        variable.assign(backend.executeSingleOutput('Identity', [type], [variable]));
      });
    }
    seen.add(handleOf(variable));
  }
}
