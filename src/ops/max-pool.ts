/** The maximum of a sliding window as PyTorch's networks pad it, as a layer. */
import * as tf from '@tensorflow/tfjs';
import { apply } from './layers.ts';
import { stock } from './standard-layer.ts';

type Axis = 1 | 2;

/**
 * The maximum over 3 × 3 pixels at stride 2, what lies outside the image not counting: `MaxPool2d(3, 2, padding=1)` of PyTorch. The lines at the border
 * that windows reach beyond are doubled instead, which changes no maximum.
 *
 * @returns a layer [N, H, W, C] → [N, ⌈H/2⌉, ⌈W/2⌉, C]
 */
export function maxPool3(name: string): tf.layers.Layer {
  const half = (side: number | null): number => Math.ceil(side! / 2);
  return apply(
    name,
    (x) => tf.maxPool(bordered(bordered(x as tf.Tensor4D, 1), 2), 3, 2, 'valid'),
    ([n, height, width, channels]) => [n!, half(height!), half(width!), channels!],
    (x) => {
      const pool = tf.layers.maxPooling2d({ name, poolSize: 3, strides: 2, padding: 'valid' });
      return stock(pool, standardBordered(name, standardBordered(name, x, 1), 2));
    },
  );
}

/** Windows begin a pixel before the image; on an odd side the last one ends a pixel after it. */
const reachesBeyond = (side: number): boolean => side % 2 === 1;

function bordered(x: tf.Tensor4D, axis: Axis): tf.Tensor4D {
  const side = x.shape[axis];
  const line = (at: number): tf.Tensor4D => {
    const begin: [number, number, number, number] = [0, 0, 0, 0];
    begin[axis] = at;
    const size: [number, number, number, number] = [...x.shape];
    size[axis] = 1;
    return tf.slice4d(x, begin, size);
  };
  return tf.concat4d([line(0), x, ...(reachesBeyond(side) ? [line(side - 1)] : [])], axis);
}

function standardBordered(name: string, x: tf.SymbolicTensor, axis: Axis): tf.SymbolicTensor {
  const side = x.shape[axis]!;
  const line = (edge: string, before: number, after: number): tf.SymbolicTensor => {
    const along: [number, number] = [before, after];
    const cropping: [[number, number], [number, number]] = axis === 1 ? [along, [0, 0]] : [[0, 0], along];
    return stock(tf.layers.cropping2D({ name: `${name}_${edge}${axis}`, cropping }), x);
  };
  const last = reachesBeyond(side) ? [line('last', side - 1, 0)] : [];
  const joined = tf.layers.concatenate({ name: `${name}_bordered${axis}`, axis });
  return stock(joined, [line('first', 0, side - 1), x, ...last]);
}
