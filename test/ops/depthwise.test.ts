import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { DEPTHWISE, depthwiseConv2d, depthwiseLayer } from '../../src/ops/depthwise.ts';
import { on, onEachEngine, onTensorFlow, type EngineName } from '../support/engines.ts';
import { bits, expectClose, expectNoLeak, noise, noiseTensor } from '../support/tensors.ts';

interface Problem {
  readonly x: readonly [number, number, number, number];
  readonly side: number;
  readonly stride: number;
}

/** Sides that fill tiles, leave some of one over or are smaller than the filter; channels that fill vectors of 8 and 16 or do not. */
const problems: fc.Arbitrary<Problem> = fc.record({
  x: fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 11 }),
    fc.integer({ min: 1, max: 11 }),
    fc.constantFrom(1, 3, 8, 13, 16, 40),
  ),
  side: fc.constantFrom(3, 5),
  stride: fc.constantFrom(1, 2),
});

const half = (size: number, stride: number): number => Math.ceil(size / stride);

/** y, ∂x and ∂filter of noise, in that order. */
function pass({ x: shape, side, stride }: Problem): number[][] {
  const [n, h, w, c] = shape;
  const x = noiseTensor(1, shape, -1, 1);
  const filter = noiseTensor(2, [side, side, c, 1], -1, 1);
  const dy = noiseTensor(3, [n, half(h, stride), half(w, stride), c], -1, 1);
  const gradients = tf.grads((a, b) => depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride));
  const [dx, dfilter] = gradients([x, filter], dy);
  return [depthwiseConv2d(x, filter, stride), dx!, dfilter!].map((t) => Array.from(t.dataSync()));
}

/** The same by the definition, in float64. */
function reference({ x: [n, h, w, c], side, stride }: Problem): number[][] {
  const [oh, ow] = [half(h, stride), half(w, stride)];
  const x = noise(1, n * h * w * c, -1, 1);
  const filter = noise(2, side * side * c, -1, 1);
  const dy = noise(3, n * oh * ow * c, -1, 1);
  const before = (size: number, outputs: number): number =>
    Math.floor(Math.max(0, (outputs - 1) * stride + side - size) / 2);
  const [top, left] = [before(h, oh), before(w, ow)];
  const results = [dy, x, filter].map((like) => new Array<number>(like.length).fill(0));
  for (let i = 0; i < n; i++)
    for (let p = 0; p < oh; p++)
      for (let q = 0; q < ow; q++)
        for (let u = 0; u < side; u++)
          for (let v = 0; v < side; v++) {
            const [row, column] = [p * stride - top + u, q * stride - left + v];
            if (row < 0 || row >= h || column < 0 || column >= w) continue;
            for (let k = 0; k < c; k++) {
              const at = [
                ((i * oh + p) * ow + q) * c + k,
                ((i * h + row) * w + column) * c + k,
                (u * side + v) * c + k,
              ] as const;
              results[0]![at[0]]! += x[at[1]]! * filter[at[2]]!;
              results[1]![at[1]]! += dy[at[0]]! * filter[at[2]]!;
              results[2]![at[2]]! += dy[at[0]]! * x[at[1]]!;
            }
          }
  return results;
}

function expectDefinition(problem: Problem): void {
  const actual = tf.tidy(() => pass(problem));
  reference(problem).forEach((expected, i) => {
    expectClose(actual[i]!, expected, { absolute: 2e-5, relative: 1e-5 });
  });
}

onEachEngine('depthwise convolution', (engine: EngineName) => {
  it('is its definition, values and gradients, for any size, filter and stride', () => {
    fc.assert(fc.property(problems, expectDefinition), { numRuns: engine === 'cpu' ? 30 : 300 });
  });

  it('leaves no tensor behind', () => {
    expectNoLeak(() => {
      tf.tidy(() => pass({ x: [2, 5, 6, 8], side: 5, stride: 2 }));
    });
  });
});

onTensorFlow('the fast depthwise convolution', () => {
  it('sums many rows of large images as the plain engine does', async () => {
    const problem: Problem = { x: [3, 40, 70, 24], side: 3, stride: 1 };
    const fast = tf.tidy(() => pass(problem));
    const plain = await on('cpu', () => tf.tidy(() => pass(problem)));
    plain.forEach((expected, i) => {
      expectClose(fast[i]!, expected, { absolute: i === 2 ? 2e-4 : 1e-5 });
    });
  });

  it('gives the same bits every time', () => {
    const problem: Problem = { x: [4, 33, 30, 16], side: 5, stride: 1 };
    const runs = Array.from({ length: 4 }, () => tf.tidy(() => pass(problem).map(bits)));
    for (const run of runs) expect(run).to.deep.equal(runs[0]);
  });

  it('computes only the gradient that is asked for', async () => {
    const x = noiseTensor(1, [1, 6, 6, 8]);
    const filter = noiseTensor(2, [3, 3, 8, 1]);
    const { kernelNames } = await tf.profile(() =>
      tf.tidy(() => tf.grad((a) => depthwiseConv2d(a as tf.Tensor4D, filter, 1))(x)),
    );
    expect(kernelNames).to.include.members([DEPTHWISE, 'DepthwiseInputGrad']);
    expect(kernelNames).not.to.include('DepthwiseFilterGrad');
    tf.dispose([x, filter]);
  });

  it('leaves other filters and strides to TensorFlow', () => {
    for (const { side, stride } of [
      { side: 7, stride: 1 },
      { side: 3, stride: 3 },
    ]) {
      expectDefinition({ x: [2, 8, 9, 5], side, stride });
    }
  });

  it('refuses a filter for other images', () => {
    expect(() => depthwiseConv2d(tf.zeros([1, 4, 4, 8]), tf.zeros([3, 3, 7, 1]), 1)).to.throw(
      /depthwise convolution takes images/,
    );
  });
});

onTensorFlow('the depthwise layer', () => {
  it('has the stock layer’s weight, initial values, configuration and output', () => {
    const settings = (): Parameters<typeof depthwiseLayer>[0] => ({
      name: 'd',
      kernelSize: 3,
      strides: 2,
      depthwiseInitializer: tf.initializers.heNormal({ seed: 5 }),
    });
    const stock = tf.layers.depthwiseConv2d({ ...settings(), padding: 'same', useBias: false });
    const own = depthwiseLayer(settings());
    tf.tidy(() => {
      const x = noiseTensor(4, [2, 7, 6, 8]);
      const expected = stock.apply(x) as tf.Tensor;
      const actual = own.apply(x) as tf.Tensor;
      expect(own.computeOutputShape([null, 7, 6, 8])).to.deep.equal(
        stock.computeOutputShape([null, 7, 6, 8]),
      );
      expectClose(actual.dataSync(), expected.dataSync(), { absolute: 1e-6 });
    });
    expect(own.weights.map((w) => w.originalName)).to.deep.equal(stock.weights.map((w) => w.originalName));
    expect(bits(own.getWeights()[0]!.dataSync())).to.deep.equal(bits(stock.getWeights()[0]!.dataSync()));
    for (const layer of [stock, own]) layer.dispose();
  });
});
