/** Weights by formula under PyTorch's names, as test/fixtures/discriminator/regenerate.py gives them, and how they come into a detector. */
import * as tf from '@tensorflow/tfjs';
import type { Layout, Naming, Place } from '../../src/weights/pretrained.ts';
import { hashed } from '../bench/hashed.ts';

/** Value `at` of the formula for a tensor of this name and shape, in the tensor's own layout. */
export function formulaValue(
  name: string,
  shape: readonly number[],
  at: number,
  fanIn: number,
): Float32Array {
  const h = hashed(at, tf.util.sizeFromShape([...shape]));
  const kind = name.split(/[./]/).at(-1)!;
  if (shape.length > 1) return h.map((v) => (2 * v - 1) * Math.sqrt(6 / fanIn));
  if (kind === 'running_var' || kind === 'moving_variance') return h.map((v) => v + 0.5);
  return kind === 'weight' || kind === 'gamma' ? h.map((v) => v / 2 + 0.75) : h.map((v) => (v - 0.5) / 5);
}

const ORDER: Readonly<Record<'conv' | 'depthwise' | 'linear', readonly number[]>> = {
  conv: [2, 3, 1, 0],
  depthwise: [2, 3, 0, 1],
  linear: [1, 0],
};

/** A tensor of PyTorch's as the variable that it is for. */
export function laidOut(values: Float32Array, shape: readonly number[], layout: Layout): tf.Tensor {
  const tensor = tf.tensor(values, [...shape]);
  if (layout === 'same') return tensor;
  if (layout === 'pointwise' || layout === 'real-unit') throw new Error(`PyTorch has no ${layout}`);
  return tf.transpose(tensor, [...ORDER[layout]]);
}

/** A place, or an error that names what has none. */
export function placed(name: string, place: ReturnType<Naming>): Place {
  if (typeof place !== 'object' || !('variable' in place)) throw new Error(`no variable of ours for ${name}`);
  return place;
}
