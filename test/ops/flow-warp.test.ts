import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { flowSmoothness, flowWarp } from '../../src/ops/flow-warp.ts';
import { on, onEachEngine, onTensorFlow } from '../support/engines.ts';
import type { Shape4 } from '../support/naive-blur.ts';
import {
  bits,
  centralDifferences,
  expectClose,
  expectNoLeak,
  noise,
  noiseTensor,
} from '../support/tensors.ts';

interface Moved {
  readonly moved: readonly number[];
  readonly gradientOfImages: readonly number[];
  readonly gradientOfFlow: readonly number[];
}

interface FlowCase {
  readonly shape: Shape4;
  readonly reach: number;
  readonly images: readonly number[];
  readonly flow: readonly number[];
  readonly dy: readonly number[];
  readonly torch: { readonly align_corners: Moved; readonly align_edges: Moved };
  readonly scipy: readonly number[];
}

const CASES = JSON.parse(
  readFileSync(new URL('../fixtures/ops/flow.json', import.meta.url), 'utf8'),
) as readonly FlowCase[];

const tensor = (values: ArrayLike<number>, shape: readonly number[]): tf.Tensor4D =>
  tf.tensor4d(Float32Array.from(values), [...shape] as [number, number, number, number]);
const flowShape = ([n, h, w]: Shape4): Shape4 => [n, h, w, 2];
const size = (shape: Shape4): number => shape.reduce((a, b) => a * b, 1);

const warped = (images: ArrayLike<number>, flow: ArrayLike<number>, shape: Shape4): Float32Array =>
  tf.tidy(() => flowWarp(tensor(images, shape), tensor(flow, flowShape(shape))).dataSync<'float32'>());

/** Gradients of Σ dy · x̃ in the images and in the flow. */
const gradients = (
  images: ArrayLike<number>,
  flow: ArrayLike<number>,
  dy: ArrayLike<number>,
  shape: Shape4,
): [Float32Array, Float32Array] =>
  tf.tidy(() => {
    const [dimages, dflow] = tf.grads((x, f) => flowWarp(x as tf.Tensor4D, f as tf.Tensor4D))(
      [tensor(images, shape), tensor(flow, flowShape(shape))],
      tensor(dy, shape),
    );
    expect(dimages!.shape).to.deep.equal([...shape]);
    expect(dflow!.shape).to.deep.equal([...flowShape(shape)]);
    return [dimages!.dataSync<'float32'>(), dflow!.dataSync<'float32'>()];
  });

/** The equation in float64: coordinates clipped to the image, then bilinear weights. */
function naiveWarp(
  images: ArrayLike<number>,
  flow: ArrayLike<number>,
  [n, h, w, channels]: Shape4,
): number[] {
  const moved: number[] = [];
  for (let image = 0; image < n; image++) {
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < w; j++) {
        const pixel = (image * h + i) * w + j;
        const row = Math.min(h - 1, Math.max(0, i + flow[2 * pixel]!));
        const column = Math.min(w - 1, Math.max(0, j + flow[2 * pixel + 1]!));
        for (let c = 0; c < channels; c++) {
          let sum = 0;
          for (const r of [Math.floor(row), Math.floor(row) + 1]) {
            for (const s of [Math.floor(column), Math.floor(column) + 1]) {
              const weight = (1 - Math.abs(row - r)) * (1 - Math.abs(column - s));
              const at = ((image * h + Math.min(r, h - 1)) * w + Math.min(s, w - 1)) * channels + c;
              sum += weight * images[at]!;
            }
          }
          moved.push(sum);
        }
      }
    }
  }
  return moved;
}

/** The smoothness in float64, neighbour by neighbour. */
function naiveSmoothness(flow: ArrayLike<number>, [n, h, w]: Shape4): number[] {
  return Array.from({ length: n }, (_, image) => {
    let sum = 0;
    const at = (i: number, j: number, c: number): number => flow[((image * h + i) * w + j) * 2 + c]!;
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < w; j++) {
        for (const [p, q] of [
          [i - 1, j],
          [i + 1, j],
          [i, j - 1],
          [i, j + 1],
        ] as const) {
          if (p < 0 || p >= h || q < 0 || q >= w) continue;
          const squares = [0, 1].map((c) => (at(i, j, c) - at(p, q, c)) ** 2);
          sum += Math.sqrt(squares[0]! + squares[1]! + 1e-8);
        }
      }
    }
    return sum;
  });
}

/** A flow whose points keep clear of whole pixels, where bilinear interpolation has kinks. */
const clearOfKinks = (flow: Float32Array): Float32Array =>
  flow.map((f) => Math.floor(f) + 0.1 + 0.8 * (f - Math.floor(f)));

onEachEngine('flow warp', () => {
  for (const { shape, reach, images, flow, dy, torch, scipy } of CASES) {
    describe(`of [${shape.join(', ')}] by up to ${reach} pixels`, () => {
      it('is PyTorch’s grid_sample with border padding, whichever way its grid is aligned', () => {
        for (const { moved } of [torch.align_corners, torch.align_edges]) {
          expectClose(warped(images, flow, shape), moved, { absolute: 1e-6 });
        }
      });

      it('is SciPy’s map_coordinates of order 1', () => {
        expectClose(warped(images, flow, shape), scipy, { absolute: 1e-6 });
      });

      it('has PyTorch’s gradients in the images and in the flow', () => {
        for (const { gradientOfImages, gradientOfFlow } of [torch.align_corners, torch.align_edges]) {
          const [dimages, dflow] = gradients(images, flow, dy, shape);
          expectClose(dimages, gradientOfImages, { absolute: 2e-6 });
          expectClose(dflow, gradientOfFlow, { absolute: 2e-6 });
        }
      });
    });
  }

  it('gives the images back bit for bit where nothing moves', () => {
    for (const shape of [
      [2, 5, 7, 3],
      [1, 1, 1, 3],
      [1, 1, 6, 1],
      [3, 4, 1, 2],
    ] as const) {
      const x = noise(1, size(shape));
      for (const zero of [0, -0]) {
        const flow = new Float32Array(size(flowShape(shape))).fill(zero);
        expect(bits(warped(x, flow, shape))).to.deep.equal(bits(x));
      }
    }
  });

  it('shifts exactly by whole pixels: down first, then right, the border repeated', () => {
    const shape = [1, 3, 4, 1] as const;
    const x = Array.from({ length: 12 }, (_, i) => i / 16);
    const shifted = (down: number, right: number): number[] =>
      Array.from(
        warped(
          x,
          Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? down : right)),
          shape,
        ),
        (v) => v * 16,
      );
    expect(shifted(1, 0)).to.deep.equal([4, 5, 6, 7, 8, 9, 10, 11, 8, 9, 10, 11]);
    expect(shifted(0, 1)).to.deep.equal([1, 2, 3, 3, 5, 6, 7, 7, 9, 10, 11, 11]);
    expect(shifted(-1, -2)).to.deep.equal([0, 0, 0, 1, 0, 0, 0, 1, 4, 4, 4, 5]);
    expect(shifted(3, 4)).to.deep.equal(new Array<number>(12).fill(11));
    expect(shifted(-1e30, 1e30)).to.deep.equal(new Array<number>(12).fill(3));
  });

  it('moves a ramp by the flow itself, inside the image', () => {
    // x = (2i + 3j)/64 is bilinear, so x̃ = x + (2Δu + 3Δv)/64
    const shape = [2, 9, 8, 1] as const;
    const x = Float32Array.from({ length: 144 }, (_, p) => (2 * (Math.floor(p / 8) % 9) + 3 * (p % 8)) / 64);
    const flow = noise(3, 288, -1.5, 1.5);
    const y = warped(x, flow, shape);
    let checked = 0;
    y.forEach((value, p) => {
      const [i, j] = [Math.floor(p / 8) % 9, p % 8];
      if (i < 2 || i > 6 || j < 2 || j > 5) return;
      checked++;
      expect(value).to.be.closeTo(x[p]! + (2 * flow[2 * p]! + 3 * flow[2 * p + 1]!) / 64, 3e-7);
    });
    expect(checked).to.equal(2 * 5 * 4);
  });

  it('follows the equation for any size and any flow', () => {
    const dimension = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(
        dimension,
        dimension,
        dimension,
        fc.integer({ min: 1, max: 4 }),
        fc.double({ min: 0.1, max: 12, noNaN: true }),
        fc.nat(1e6),
        (n, h, w, c, reach, seed) => {
          const shape = [n, h, w, c] as const;
          const x = noise(seed, size(shape));
          const flow = noise(seed + 1, size(flowShape(shape)), -reach, reach);
          expectClose(warped(x, flow, shape), naiveWarp(x, flow, shape), { absolute: 2e-6 });
        },
      ),
      { numRuns: 40, seed: 5 },
    );
  });

  it('stays in [0, 1] exactly, and leaves a constant image as it is', () => {
    const shape = [2, 6, 7, 3] as const;
    for (let seed = 0; seed < 20; seed++) {
      const x = noise(seed, size(shape)).map((v) => (v < 0.3 ? 0 : v > 0.7 ? 1 : v));
      const flow = noise(seed + 50, size(flowShape(shape)), -4, 4);
      // a hair's breadth off whole pixels
      flow.forEach((f, i) => (flow[i] = i % 5 === 0 ? Math.round(f) - 1e-8 * (i % 3) : f));
      expect(warped(x, flow, shape).every((v) => v >= 0 && v <= 1)).to.equal(true);
      const grey = new Float32Array(size(shape)).fill(0.3);
      expect(bits(warped(grey, flow, shape))).to.deep.equal(bits(grey));
    }
  });

  it('gives NaN where the flow is none, and nowhere else', () => {
    const flow = new Float32Array(18);
    flow.set([NaN, 0], 0);
    flow.set([0, Infinity], 8);
    const y = warped(noise(1, 9), flow, [1, 3, 3, 1]);
    expect([...y].map(Number.isNaN)).to.deep.equal(Array.from({ length: 9 }, (_, i) => i === 0 || i === 4));
  });

  it('refuses a flow of another shape', () => {
    tf.tidy(() => {
      const images = tf.zeros([2, 4, 5, 3]) as tf.Tensor4D;
      for (const shape of [
        [1, 4, 5, 2],
        [2, 5, 4, 2],
        [2, 4, 5, 1],
      ] as const) {
        expect(() => flowWarp(images, tf.zeros([...shape]))).to.throw(
          `a flow for images of [2,4,5,3] must be [2,4,5,2], not [${shape.join(',')}]`,
        );
      }
    });
  });

  describe('gradients against central differences of the equation', () => {
    const shape = [2, 4, 5, 2] as const;
    const x = noise(21, 80);
    const dy = noise(23, 80, -1, 1);
    const loss = (images: ArrayLike<number>, flow: ArrayLike<number>): number =>
      naiveWarp(images, flow, shape).reduce((sum, y, i) => sum + y * dy[i]!, 0);

    for (const reach of [0.9, 6]) {
      // at 6 most points lie outside, where the true gradient of the flow is 0
      const flow = clearOfKinks(noise(22, 80, -reach, reach));
      it(`in the flow of up to ${reach} pixels, at the borders too`, () => {
        const expected = centralDifferences((values) => loss(x, values), flow);
        if (reach === 6) expect(expected.filter((g) => g === 0).length).to.be.above(20);
        expectClose(gradients(x, flow, dy, shape)[1], expected, { absolute: 3e-6, relative: 1e-5 });
      });

      it(`in the images under a flow of up to ${reach} pixels`, () => {
        const expected = centralDifferences((values) => loss(values, flow), x);
        expectClose(gradients(x, flow, dy, shape)[0], expected, { absolute: 3e-6, relative: 1e-5 });
      });
    }

    it('in the flow at whole pixels is the one towards larger coordinates', () => {
      const flow = noise(24, 80, -2, 3).map(Math.floor);
      const step = 1e-6;
      const expected = Array.from(flow, (f, i) => {
        const ahead = Array.from(flow).with(i, f + step);
        return (loss(x, ahead) - loss(x, flow)) / step;
      });
      expectClose(gradients(x, flow, dy, shape)[1], expected, { absolute: 3e-6 });
    });
  });

  it('adds up the gradient of a pixel that many look at', () => {
    // everything looks at the upper left pixel
    const [dimages] = gradients(
      noise(1, 18),
      new Float32Array(36).fill(-9),
      new Float32Array(18).fill(1),
      [2, 3, 3, 1],
    );
    expect([...dimages]).to.deep.equal([9, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('keeps no tensor, forward or backward', () => {
    const x = noiseTensor(1, [2, 5, 6, 3]);
    const flow = noiseTensor(2, [2, 5, 6, 2], -2, 2);
    const warp = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => flowWarp(a as tf.Tensor4D, b as tf.Tensor4D);
    expectNoLeak(() => warp(x, flow).dispose());
    expectNoLeak(() => tf.dispose(tf.grads(warp)([x, flow])));
    expectNoLeak(() => tf.dispose(tf.grad((f) => warp(x, f))(flow)));
    expectNoLeak(() => tf.dispose(tf.grad((a) => warp(a, flow))(x)));
    expectNoLeak(() => tf.dispose(tf.grad((f) => flowSmoothness(f as tf.Tensor4D))(flow)));
    tf.dispose([x, flow]);
  });

  describe('smoothness', () => {
    const smoothness = (flow: ArrayLike<number>, shape: Shape4): Float32Array =>
      tf.tidy(() => flowSmoothness(tensor(flow, flowShape(shape))).dataSync<'float32'>());

    it('of a constant flow is 1e-4 for each neighbour of each pixel', () => {
      // 3·4 + 2·5 pairs, each counted twice
      const flow = Float32Array.from({ length: 80 }, (_, i) => (i < 40 ? 0 : i % 2 === 0 ? 0.7 : -1.3));
      expectClose(smoothness(flow, [2, 4, 5, 1]), [62e-4, 62e-4], { relative: 1e-6 });
    });

    it('of a single moved pixel is twice its length to each of its neighbours', () => {
      const flow = new Float32Array(3 * 3 * 3 * 2);
      flow.set([3, 4], 8); // the middle of the first image
      flow.set([-0.6, 0.8], 18); // a corner of the second
      const unmoved = 2e-4;
      expectClose(
        smoothness(flow, [3, 3, 3, 1]),
        [4 * 10 + 8 * unmoved, 2 * 2 + 10 * unmoved, 12 * unmoved],
        { relative: 1e-6 },
      );
    });

    it('is each image’s own, of any size', () => {
      for (const shape of [
        [3, 4, 5, 1],
        [2, 1, 6, 1],
        [1, 5, 1, 1],
        [2, 1, 1, 1],
      ] as const) {
        const flow = noise(7, size(flowShape(shape)), -2, 2);
        expectClose(smoothness(flow, shape), naiveSmoothness(flow, shape), {
          absolute: 1e-5,
          relative: 1e-6,
        });
      }
    });

    it('has the gradient of its equation', () => {
      const shape = [2, 4, 3, 1] as const;
      const flow = noise(8, 48, -1, 1);
      const expected = centralDifferences(
        (values) => naiveSmoothness(values, shape).reduce((sum, s, i) => sum + s * (i + 1), 0),
        flow,
      );
      const gradient = tf.tidy(() =>
        tf
          .grad((f) => flowSmoothness(f as tf.Tensor4D))(tensor(flow, flowShape(shape)), tf.tensor1d([1, 2]))
          .dataSync<'float32'>(),
      );
      expectClose(gradient, expected, { absolute: 1e-5, relative: 1e-5 });
    });

    it('has a gradient of 0 where neighbours move alike: the 1e-8 stands inside the root', () => {
      for (const value of [0, 1.5]) {
        const gradient = tf.tidy(() =>
          tf
            .grad((f) => flowSmoothness(f as tf.Tensor4D))(tf.fill([2, 3, 4, 2], value))
            .dataSync(),
        );
        expect(gradient.every((g) => g === 0)).to.equal(true);
      }
    });
  });
});

onTensorFlow('flow warp, one engine against the other', () => {
  it('gives the same values and gradients on both', async () => {
    const shape = [2, 7, 9, 3] as const;
    const x = noise(31, size(shape));
    const flow = noise(32, size(flowShape(shape)), -3, 3);
    const dy = noise(33, size(shape), -1, 1);
    const results = (): Float32Array[] => [warped(x, flow, shape), ...gradients(x, flow, dy, shape)];
    const [fast, plain] = [await on('tensorflow', results), await on('cpu', results)];
    fast.forEach((values, i) => expectClose(values, plain[i]!, { absolute: 1e-6 }));
  });

  it('keeps its precision far from the first pixel', () => {
    // i + Δu has 15 bits after the point at row 500, Δu alone has 23
    const shape = [1, 512, 2, 1] as const;
    const x = noise(41, 1024);
    const flow = noise(42, 2048, 0.001, 0.999);
    expectClose(warped(x, flow, shape), naiveWarp(x, flow, shape), { absolute: 1e-7 });
  });
});
