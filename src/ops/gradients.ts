/**
 * Reverse-mode gradients over TensorFlow.js's tape that free as they go. The library's own keep every activation and every gradient
 * in between until the whole backward pass is over; here a node's saved tensors and its outputs' gradients are freed as soon as
 * the node has been passed, and what no gradient asks for before the pass begins. Same values, bit for bit.
 */
import * as tf from '@tensorflow/tfjs';
import { phase } from './phase.ts';
import { neededNodes, recorder, type TapeNode } from './tape.ts';

/**
 * f() and its gradients with respect to `variables`, as `tf.variableGrads(f, variables)`.
 *
 * @param f a scalar; tensors that it makes and does not keep are freed
 * @param variables trainable ones
 * @returns gradients by the variables' names; a variable that f does not depend on is left out
 * @throws if f gives no scalar, or depends on none of the variables; nothing is left behind then
 */
export function variableGrads(
  f: () => tf.Scalar,
  variables: readonly tf.Variable[],
): { readonly value: tf.Scalar; readonly grads: tf.NamedTensorMap } {
  const fixed = variables.find((variable) => !variable.trainable);
  if (fixed !== undefined) {
    throw new Error(`variable ${fixed.name} is not trainable: ask for gradients of trainable variables only`);
  }
  return tf.tidy(() => {
    const { value, grads } = gradients(f, variables);
    if (value.rank !== 0) {
      throw new Error(
        `the function to differentiate gave a tensor of shape [${value.shape.join()}]: it must give a scalar`,
      );
    }
    if (grads.every((grad) => grad === undefined)) {
      throw new Error(
        'no gradient: the function to differentiate depends on none of the variables, use them inside the function',
      );
    }
    const named = variables.flatMap((variable, i) =>
      grads[i] === undefined ? [] : [[variable.name, grads[i]]],
    );
    return { value, grads: Object.fromEntries(named) as tf.NamedTensorMap };
  });
}

/**
 * f(x) and dy · ∂f/∂x, as `tf.valueAndGrad(f)(x, dy)`.
 *
 * @param dy of f(x)'s shape; ones if left out
 * @throws if f(x) does not depend on x, or dy has another shape than f(x)
 */
export function valueAndGrad<X extends tf.Tensor, Y extends tf.Tensor>(
  f: (x: X) => Y,
  x: X,
  dy?: Y,
): { readonly value: Y; readonly grad: X } {
  return tf.tidy(() => {
    const { value, grads } = gradients(() => f(x), [x], dy);
    if (grads[0] === undefined) {
      throw new Error(
        'no gradient: the function to differentiate does not depend on its argument, use it inside the function',
      );
    }
    return { value, grad: grads[0] as X };
  });
}

/**
 * f() and dy · ∂f/∂x for each x. Gradients of gradients work as in TensorFlow.js: what is recorded for an outer gradient is kept for it.
 *
 * @param xs tensors that f reads
 * @param dy of f()'s shape; ones if left out
 * @returns a gradient for each x in their order, undefined where f does not depend on x
 */
export function gradients<Y extends tf.Tensor>(
  f: () => Y,
  xs: readonly tf.Tensor[],
  dy?: Y,
): { readonly value: Y; readonly grads: (tf.Tensor | undefined)[] } {
  const engine = recorder();
  engine.startTape();
  // the list itself, for a gradient inside this one's way back begins another
  const tape = engine.state.activeTape!;
  try {
    return tf.tidy(() => {
      const value = untilTapeEnds(f);
      if (dy !== undefined && !tf.util.arraysEqual(dy.shape, value.shape)) {
        throw new Error(
          `dy has shape [${dy.shape.join()}] and the function gave [${value.shape.join()}]: they must be the same`,
        );
      }
      const needed = neededNodes(tape, xs, value);
      // only the outermost gradient owns what was recorded
      const outermost = engine.state.gradientDepth === 0;
      if (outermost) {
        const used = new Set(needed.map((node) => node.saved));
        for (const node of tape) if (!used.has(node.saved)) tf.dispose(node.saved);
      }
      const grads = phase('backward', () =>
        walkBack(needed, xs, value, dy ?? tf.ones(value.shape), outermost),
      );
      return { value, grads };
    });
  } finally {
    if (engine.state.gradientDepth === 0) {
      for (const node of tape) tf.dispose(node.saved);
      engine.state.activeTape = null;
    }
  }
}

function untilTapeEnds<Y extends tf.Tensor>(f: () => Y): Y {
  try {
    return tf.tidy(f);
  } finally {
    recorder().endTape();
  }
}

/** Gradients by tensor number on their way back; what arrives is this map's own, to be freed when it has been passed on. */
type Arrived = Map<number, tf.Tensor>;

function walkBack(
  nodes: readonly TapeNode[],
  xs: readonly tf.Tensor[],
  y: tf.Tensor,
  dy: tf.Tensor,
  freeSaved: boolean,
): (tf.Tensor | undefined)[] {
  const wanted = new Set(xs.map(({ id }) => id));
  const arrived: Arrived = new Map([[y.id, dy.clone()]]);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    const dys = node.outputs.map(({ id }) => arrived.get(id));
    const passed = tf.tidy(() => inputGradients(node, dys));
    for (const { id } of node.outputs) {
      if (wanted.has(id)) continue;
      arrived.get(id)?.dispose();
      arrived.delete(id);
    }
    for (const [id, dx] of passed) add(arrived, id, dx);
    if (freeSaved) tf.dispose(node.saved);
  }
  return xs.map(({ id }) => arrived.get(id));
}

function add(arrived: Arrived, id: number, dx: tf.Tensor): void {
  const before = arrived.get(id);
  if (before === undefined) {
    arrived.set(id, dx);
    return;
  }
  arrived.set(id, tf.add(before, dx));
  tf.dispose([before, dx]);
}

/** One node's gradients for those of its inputs that lead to an x: pairs of the input's number and a tensor that nobody else holds. */
function inputGradients(node: TapeNode, dys: readonly (tf.Tensor | undefined)[]): [number, tf.Tensor][] {
  if (node.gradient === undefined) {
    throw new Error(
      `the operation ${node.kernelName} has no gradient: register one, or keep it out of what is differentiated`,
    );
  }
  const begun = recorder().nextTensorId();
  const taken = new Set<tf.Tensor>();
  const getters = node.gradient(withLazyZeros(dys, node.outputs), Object.keys(node.inputs));
  return Object.entries(node.inputs).flatMap(([name, x]): [number, tf.Tensor][] => {
    const dx = tf.tidy(() => gradientOf(node, name, x, getters[name]));
    if (dx === undefined) return [];
    // a gradient function may hand back its dy, one tensor twice, or one that somebody keeps
    const own = dx.id > begun && !dx.kept && !taken.has(dx) ? dx : dx.clone();
    taken.add(own);
    return [[x.id, own]];
  });
}

function gradientOf(
  node: TapeNode,
  name: string,
  x: tf.Tensor,
  getter: (() => tf.Tensor | undefined) | undefined,
): tf.Tensor | undefined {
  const where = `the gradient of ${node.kernelName} with respect to its input ${name}`;
  if (getter === undefined)
    throw new Error(`${where} is missing: its gradient function does not name that input`);
  const dx = getter();
  if (dx === undefined) return undefined;
  if (dx.dtype !== 'float32') throw new Error(`${where} has dtype ${dx.dtype}: it must be float32`);
  if (!tf.util.arraysEqual(dx.shape, x.shape)) {
    throw new Error(
      `${where} has shape [${dx.shape.join()}] and the input [${x.shape.join()}]: they must be the same`,
    );
  }
  return dx;
}

/**
 * Gradients of an operation's outputs, zeros for an output that nothing depends on: made when they are read, which most gradient
 * functions never do, for TensorFlow.js fills them in JavaScript. Its wrapper around the gradient function calls `map` to fill the gaps.
 */
function withLazyZeros(dys: readonly (tf.Tensor | undefined)[], outputs: readonly tf.Tensor[]): tf.Tensor[] {
  const filled: tf.Tensor[] = [];
  outputs.forEach(({ shape, dtype }, i) => {
    let dy = dys[i];
    const get = (): tf.Tensor => (dy ??= tf.zeros(shape, dtype));
    Object.defineProperty(filled, i, { get, enumerable: true });
  });
  return Object.create(filled, { map: { value: () => filled } }) as tf.Tensor[];
}
