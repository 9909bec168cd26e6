/** The convolution with a square kernel and SAME padding by its definition, with its gradients, in float64. */
import * as tf from '@tensorflow/tfjs';
import { expectClose, noise } from './tensors.ts';

type Shape = [number, number, number, number];

export interface Convolution {
  /** [n, height, width, in]. */
  readonly x: Shape;
  readonly out: number;
  readonly stride: 1 | 2;
  /** Of the kernel; 3 if left out. */
  readonly side?: number;
}

/** Shapes of x, kernel and dy. */
export function shapesOf({ x, out, stride, side = 3 }: Convolution): readonly [Shape, Shape, Shape] {
  const [n, height, width, channels] = x;
  return [x, [side, side, channels, out], [n, Math.ceil(height / stride), Math.ceil(width / stride), out]];
}

/** Noise in [−1, 1) for x, kernel and dy, each of its own seed. */
export function operandsOf(convolution: Convolution): readonly Float32Array[] {
  return shapesOf(convolution).map((shape, i) =>
    noise(
      i + 1,
      shape.reduce((a, b) => a * b),
      -1,
      1,
    ),
  );
}

/** The same as tensors. */
export function tensorsOf(convolution: Convolution): [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D] {
  const [x, kernel, dy] = operandsOf(convolution).map((values, i) =>
    tf.tensor(values, shapesOf(convolution)[i]!, 'float32'),
  );
  return [x, kernel, dy] as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
}

/** Fails unless every value is within `relative` of the largest one expected. */
export function expectOfScale(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  relative: number,
): void {
  const scale = Array.from(expected).reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-3);
  expectClose(actual, expected, { absolute: relative * scale });
}

/** y, ∂x and ∂kernel of such noise, row-major. */
export function byDefinition(convolution: Convolution): readonly number[][] {
  const [n, height, width, channels] = convolution.x;
  const { out, stride, side = 3 } = convolution;
  const [, , [, rows, columns]] = shapesOf(convolution);
  const [x, kernel, dy] = operandsOf(convolution) as [Float32Array, Float32Array, Float32Array];
  const before = (size: number, outputs: number): number =>
    Math.floor(Math.max(0, (outputs - 1) * stride + side - size) / 2);
  const [top, left] = [before(height, rows), before(width, columns)];
  const [y, dx, dkernel] = [dy, x, kernel].map((like) => new Array<number>(like.length).fill(0)) as [
    number[],
    number[],
    number[],
  ];
  const each = (count: number, visit: (i: number) => void): void => {
    for (let i = 0; i < count; i++) visit(i);
  };
  each(n * rows * columns * side ** 2, (i) => {
    const tap = i % side ** 2;
    const [image, p, q] = [
      Math.floor(i / side ** 2 / columns / rows),
      Math.floor(i / side ** 2 / columns) % rows,
      Math.floor(i / side ** 2) % columns,
    ];
    const [row, column] = [p * stride - top + Math.floor(tap / side), q * stride - left + (tap % side)];
    if (row < 0 || row >= height || column < 0 || column >= width) return;
    const pixel = ((image * height + row) * width + column) * channels;
    const result = ((image * rows + p) * columns + q) * out;
    each(channels, (c) => {
      const weights = (tap * channels + c) * out;
      each(out, (o) => {
        y[result + o]! += x[pixel + c]! * kernel[weights + o]!;
        dx[pixel + c]! += dy[result + o]! * kernel[weights + o]!;
        dkernel[weights + o]! += dy[result + o]! * x[pixel + c]!;
      });
    });
  });
  return [y, dx, dkernel];
}
