/**
 * Where a window that slides over an image begins. TensorFlow's SAME and the even padding of PyTorch's networks differ at stride 2 on an even side:
 * SAME puts one zero less before the image than after it.
 */
import * as tf from '@tensorflow/tfjs';

/**
 * With a kernel of odd side k (k′ = dilation · (k − 1) + 1) on a side of n pixels:
 *
 *   same       ⌈n / stride⌉ outputs; what they need beyond n is put half before, half after, an odd one after
 *   symmetric  (k′ − 1) / 2 zeros before and after: `padding=k // 2` of PyTorch
 *   valid      no zeros
 */
export type Padding = 'same' | 'symmetric' | 'valid';

/** Pixels of the output's side. With odd kernels and strides 1 and 2 the first two have one formula. */
export function outputSide(side: number, kernel: number, stride: number, padding: Padding): number {
  return padding === 'valid' ? Math.floor((side - kernel) / stride) + 1 : Math.ceil(side / stride);
}

/**
 * The symmetric padding by means of SAME, which is what fast kernels know. They differ where stride is 2 and a side even; there the image gets a zero
 * before it and one after, SAME then begins where it should, and its last output is one too many.
 *
 * @param x [N, H, W, C] of any precision
 * @param kernel odd side of the window in pixels
 * @param stride 1 or 2
 * @param same the operation with SAME padding: [N, h, w, C] → [N, ⌈h / stride⌉, ⌈w / stride⌉, D]
 * @returns [N, ⌈H / stride⌉, ⌈W / stride⌉, D]
 */
export function symmetrically(
  x: tf.Tensor4D,
  kernel: number,
  stride: number,
  same: (x: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor4D {
  const [, height, width] = x.shape;
  const differs = (side: number): boolean => stride === 2 && kernel > 1 && side % 2 === 0;
  if (!differs(height) && !differs(width)) return same(x);
  return tf.tidy(() => {
    const across = differs(width) ? withZeros(x, 2) : x;
    const y = same(differs(height) ? withZeros(across, 1) : across);
    return tf.slice4d(y, [0, 0, 0, 0], [-1, Math.ceil(height / 2), Math.ceil(width / 2), -1]);
  });
}

/** Zeros of the image's own precision, one line before and one after along an axis. */
function withZeros(x: tf.Tensor4D, axis: 1 | 2): tf.Tensor4D {
  const line = tf.zerosLike(tf.slice4d(x, [0, 0, 0, 0], lineOf(x, axis)));
  return tf.concat4d([line, x, line], axis);
}

function lineOf({ shape }: tf.Tensor4D, axis: 1 | 2): [number, number, number, number] {
  const size: [number, number, number, number] = [...shape];
  size[axis] = 1;
  return size;
}

/** Throws unless symmetric padding is what this file makes of it: an odd kernel and stride 1 or 2. */
export function checkPadding(name: string, kernel: number, stride: number, padding: Padding): void {
  if (padding === 'symmetric' && (kernel % 2 === 0 || stride > 2)) {
    throw new Error(
      `layer ${name}: symmetric padding takes an odd kernel and stride 1 or 2, not kernel ${kernel} and stride ${stride}`,
    );
  }
}
