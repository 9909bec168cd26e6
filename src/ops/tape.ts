/** The tape of TensorFlow.js as ops/ sees it: what an operation leaves behind for its gradient, and which of it a gradient needs. */
import * as tf from '@tensorflow/tfjs';

/** One operation as it was recorded. */
export interface TapeNode {
  readonly id: number;
  readonly kernelName: string;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: readonly tf.Tensor[];
  /** Tensors of its own that its gradient reads. */
  readonly saved: tf.Tensor[];
  readonly gradient?: NodeGradient;
}

/**
 * From the outputs' gradients to a getter for each input's. `asked` are the inputs whose getters will be called, for those that cannot
 * compute them one by one; TensorFlow.js's own gradients do not say, and may call any. Undefined is a gradient of zero for which nothing
 * need be added up, and only for those who say what they ask for.
 */
export type NodeGradient = (
  dys: tf.Tensor[],
  asked?: readonly string[],
) => Readonly<Record<string, () => tf.Tensor | undefined>>;

/** The part of the engine that TensorFlow.js keeps to itself. */
interface Recorder {
  readonly state: {
    /** What was recorded since the outermost gradient began; null between gradients. */
    activeTape: TapeNode[] | null;
    /** How many gradients are being recorded, one inside the other. */
    readonly gradientDepth: number;
    /** Above 0 inside an operation, whose parts are not recorded. */
    kernelDepth: number;
    nextTapeNodeId: number;
  };
  isTapeOn(): boolean;
  startTape(): void;
  endTape(): void;
  /** A number that no tensor has: later tensors have larger ones. */
  nextTensorId(): number;
}

/** The current engine, as far as it records. */
export const recorder = (): Recorder => tf.engine() as unknown as Recorder;

/** An operation of its own on the tape, made of operations that are not recorded. */
export interface RecordedOperation {
  readonly name: string;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly forward: () => tf.Tensor;
  /** What the gradient reads, kept for it until it has been computed. */
  readonly save: readonly tf.Tensor[];
  readonly gradient: (
    dy: tf.Tensor,
    saved: readonly tf.Tensor[],
    asked: readonly string[],
  ) => tf.NamedTensorMap;
}

/**
 * forward(), recorded as one operation whose gradient is `gradient`: like `tf.customGrad`, but the gradient is told which inputs it is
 * wanted for, and gives those by their names, leaving out an input that the output does not depend on. What forward makes and does not return is freed.
 */
export function record({ name, inputs, forward, save, gradient }: RecordedOperation): tf.Tensor {
  const engine = recorder();
  const recording = engine.isTapeOn();
  engine.state.kernelDepth++;
  let output: tf.Tensor;
  try {
    output = tf.tidy(forward);
  } finally {
    engine.state.kernelDepth--;
  }
  if (recording) {
    const saved = save.map((tensor) => tf.keep(tensor.clone()));
    engine.state.activeTape!.push({
      id: engine.state.nextTapeNodeId++,
      kernelName: name,
      inputs,
      outputs: [output],
      saved,
      gradient: ([dy], asked) => {
        const names = asked ?? Object.keys(inputs);
        const grads = gradient(dy!, saved, names);
        const nothing = (name: string) => (asked === undefined ? tf.zerosLike(inputs[name]!) : undefined);
        return Object.fromEntries(names.map((name) => [name, () => grads[name] ?? nothing(name)]));
      },
    });
  }
  return output;
}

/**
 * The nodes on a way from one of the xs to y, in the tape's order, each with those inputs alone that depend on an x.
 * Linear in the length of the tape.
 */
export function neededNodes(tape: readonly TapeNode[], xs: readonly tf.Tensor[], y: tf.Tensor): TapeNode[] {
  const fromX = new Set(xs.map(({ id }) => id));
  const reached: TapeNode[] = [];
  for (const node of tape) {
    const inputs = Object.entries(node.inputs).filter(([, input]) => fromX.has(input.id));
    if (inputs.length === 0) continue;
    for (const { id } of node.outputs) fromX.add(id);
    reached.push({ ...node, inputs: Object.fromEntries(inputs) });
  }
  const toY = new Set([y.id]);
  const needed = reached.reverse().filter(({ outputs, inputs }) => {
    if (!outputs.some(({ id }) => toY.has(id))) return false;
    for (const { id } of Object.values(inputs)) toY.add(id);
    return true;
  });
  return needed.reverse();
}
