/** Puts named arrays into a detector's variables: all that fit and everything that is needed, or nothing. */
import * as tf from '@tensorflow/tfjs';
import { startAuxiliaryFromMain } from '../ops/layers.ts';
import type { NamedArray } from '../ops/safetensors.ts';
import type { Layout, Naming } from './pretrained.ts';

/** The variable's shape for a tensor's, null for one that cannot be; and the tensor in that shape. */
interface Laying {
  readonly shape: (of: readonly number[]) => readonly number[] | null;
  readonly lay: (tensor: tf.Tensor) => tf.Tensor;
}

const LAYINGS: Readonly<Record<Layout, Laying>> = {
  same: { shape: (of) => of, lay: (tensor) => tensor },
  conv: axes([2, 3, 1, 0]),
  depthwise: axes([2, 3, 0, 1]),
  linear: axes([1, 0]),
  pointwise: {
    shape: ([height, width, ...rest]) => (height === 1 && width === 1 ? rest : null),
    lay: (tensor) => tf.squeeze(tensor, [0, 1]),
  },
  'real-unit': {
    shape: (of) => (of.at(-1) === 1 ? [...of.slice(0, -1), 2] : null),
    lay: (tensor) => tf.concat([tf.div(tensor, 2), tf.div(tensor, -2)], -1),
  },
};

/** @param order the axes of a tensor in the order in which the variable has them */
function axes(order: readonly number[]): Laying {
  return {
    shape: (of) => (of.length === order.length ? order.map((axis) => of[axis]!) : null),
    lay: (tensor) => tf.transpose(tensor, [...order]),
  };
}

/** What is assigned, and what is left as it is. */
export interface Assignment {
  readonly naming: Naming;
  /** Whether a variable keeps its value. */
  readonly keeps: (variable: string) => boolean;
  /** The file, for messages. */
  readonly source: string;
}

/**
 * Assigns every variable but those that keep their values. Auxiliary batch-norm branches get what the main ones get.
 *
 * @param state every variable of the detector by `layer/weight`
 * @param tensors by the file's own names
 * @throws naming the tensor, with every variable as it was: a name that the architecture lacks or refuses, a constant of another value, two tensors of one variable, a variable
 *   without a tensor, a wrong shape, integers, NaN or infinity, a variance below 0
 */
export function assignWeights(
  state: ReadonlyMap<string, tf.Variable>,
  tensors: ReadonlyMap<string, NamedArray>,
  { naming, keeps, source }: Assignment,
): void {
  const placed = new Map<string, { readonly array: NamedArray; readonly layout: Layout }>();
  for (const [name, array] of tensors) {
    const place = naming(name);
    if (place === 'unused') continue;
    const refuse = (why: string): never => {
      throw new Error(`${source}: tensor ${name} ${why}; the detector's weights are left as they were`);
    };
    if (place !== undefined && 'refused' in place) return refuse(place.refused);
    if (place !== undefined && 'equals' in place) {
      if (!equal(array.values, place.equals)) {
        refuse(`is not [${place.equals.join(', ')}]: the file is ${place.otherwise}`);
      }
      continue;
    }
    const variable = place === undefined ? undefined : state.get(place.variable);
    if (place === undefined || variable === undefined) {
      return refuse('has no place in this detector: the file is of another architecture');
    }
    if (keeps(place.variable)) continue;
    if (placed.has(place.variable)) refuse(`is the second one for ${place.variable}`);
    const why = misfit(array, place.layout, variable, place.variable);
    if (why !== null) refuse(why);
    placed.set(place.variable, { array, layout: place.layout });
  }
  for (const variable of state.keys()) {
    if (!placed.has(variable) && !keeps(variable) && !variable.includes('/auxiliary_')) {
      throw new Error(
        `${source} has no tensor for ${variable}: it is of another architecture, or a part of one; the detector's weights are left as they were`,
      );
    }
  }
  for (const [name, { array, layout }] of placed) {
    tf.tidy(() => state.get(name)!.assign(laidOut(array, layout)));
  }
  startAuxiliaryFromMain(state);
}

/** Why an array cannot be a variable's value; null if it can. */
function misfit(
  { shape, values }: NamedArray,
  layout: Layout,
  variable: tf.Variable,
  name: string,
): string | null {
  const moved = LAYINGS[layout].shape(shape);
  if (moved?.join() !== variable.shape.join()) {
    return `of shape [${shape.join(', ')}] does not fit ${name} of shape [${variable.shape.join(', ')}]`;
  }
  if (!(values instanceof Float32Array)) return 'holds integers, and weights are floats';
  if (!values.every(Number.isFinite)) return 'holds NaN or infinity';
  if (name.endsWith('/moving_variance') && values.some((value) => value < 0))
    return 'holds a variance below 0';
  return null;
}

function laidOut({ shape, values }: NamedArray, layout: Layout): tf.Tensor {
  return LAYINGS[layout].lay(tf.tensor(values, [...shape], 'float32'));
}

function equal(values: NamedArray['values'], expected: readonly number[]): boolean {
  return values.length === expected.length && expected.every((v, i) => Math.abs(values[i]! - v) <= 1e-4);
}
