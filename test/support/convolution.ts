/** The convolution of 3 × 3 taps with SAME padding by its definition, with its gradients, in float64. */
import { noise } from './tensors.ts';

type Shape = [number, number, number, number];

export interface Convolution {
  /** [n, height, width, in]. */
  readonly x: Shape;
  readonly out: number;
  readonly stride: 1 | 2;
}

/** Shapes of x, kernel and dy. */
export function shapesOf({ x, out, stride }: Convolution): readonly [Shape, Shape, Shape] {
  const [n, height, width, channels] = x;
  return [x, [3, 3, channels, out], [n, Math.ceil(height / stride), Math.ceil(width / stride), out]];
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

/** y, ∂x and ∂kernel of such noise, row-major. */
export function byDefinition(convolution: Convolution): readonly number[][] {
  const [n, height, width, channels] = convolution.x;
  const { out, stride } = convolution;
  const [, , [, rows, columns]] = shapesOf(convolution);
  const [x, kernel, dy] = operandsOf(convolution) as [Float32Array, Float32Array, Float32Array];
  const before = (size: number, outputs: number): number =>
    Math.floor(Math.max(0, (outputs - 1) * stride + 3 - size) / 2);
  const [top, left] = [before(height, rows), before(width, columns)];
  const [y, dx, dkernel] = [dy, x, kernel].map((like) => new Array<number>(like.length).fill(0)) as [
    number[],
    number[],
    number[],
  ];
  const each = (count: number, visit: (i: number) => void): void => {
    for (let i = 0; i < count; i++) visit(i);
  };
  each(n * rows * columns * 9, (i) => {
    const tap = i % 9;
    const [image, p, q] = [
      Math.floor(i / 9 / columns / rows),
      Math.floor(i / 9 / columns) % rows,
      Math.floor(i / 9) % columns,
    ];
    const [row, column] = [p * stride - top + Math.floor(tap / 3), q * stride - left + (tap % 3)];
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
