/** Reflected borders with their true gradient: TensorFlow.js differentiates its own mirrorPad as if the border were not there. */
import * as tf from '@tensorflow/tfjs';

/**
 * Pads height and width by reflection; the edge pixel is not repeated (NumPy's and PyTorch's "reflect", SciPy's "mirror").
 *
 * @param x [N, H, W, C] float32; H and W must exceed `border`
 * @param border pixels on each side, ≥ 1
 * @returns [N, H + 2·border, W + 2·border, C]
 */
export function reflectPad(x: tf.Tensor4D, border: number): tf.Tensor4D {
  const sides: [number, number] = [border, border];
  const padded = tf.customGrad((images) => ({
    value: tf.mirrorPad(images as tf.Tensor4D, [[0, 0], sides, sides, [0, 0]], 'reflect'),
    gradFunc: (dy) => foldBorders(dy as tf.Tensor4D, border),
  }));
  return padded(x) as tf.Tensor4D;
}

/** The way back of `reflectPad`: [N, H + 2·border, W + 2·border, C] → [N, H, W, C], what arrives at the borders added to the pixels they mirror. */
export function foldBorders(dy: tf.Tensor4D, border: number): tf.Tensor4D {
  return tf.tidy(() => foldBorder(foldBorder(dy, 1, border), 2, border));
}

/** What arrives at the border along an axis belongs to the pixels that it mirrors. */
function foldBorder(dy: tf.Tensor4D, axis: 1 | 2, border: number): tf.Tensor4D {
  return tf.tidy(() => {
    const length = dy.shape[axis];
    const part = (from: number, size: number): tf.Tensor4D => {
      const begin: [number, number, number, number] = [0, 0, 0, 0];
      const sizes: [number, number, number, number] = [...dy.shape];
      begin[axis] = from;
      sizes[axis] = size;
      return tf.slice4d(dy, begin, sizes);
    };
    const inner = length - 2 * border;
    // mirrored pixels are 1 … border from the start, and as many before the last one
    const placed = (edge: tf.Tensor4D, before: number): tf.Tensor4D => {
      const around: [[number, number], [number, number], [number, number], [number, number]] = [
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
      ];
      around[axis] = [before, inner - border - before];
      return tf.pad4d(tf.reverse4d(edge, axis), around);
    };
    const first = placed(part(0, border), 1);
    const last = placed(part(length - border, border), inner - border - 1);
    return tf.addN([part(border, inner), first, last]);
  });
}
