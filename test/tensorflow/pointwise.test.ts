import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { onTensorFlow } from '../support/engines.ts';
import { bits, expectClose, expectNoLeak, noise, noiseTensor } from '../support/tensors.ts';

interface Problem {
  readonly images: readonly [number, number, number];
  readonly depth: number;
  readonly columns: number;
}

/** Pixels that fill blocks of rows or do not, channels that fill panels of 16 and 32 or do not. */
const problems: fc.Arbitrary<Problem> = fc.record({
  images: fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 20 }),
  ),
  depth: fc.integer({ min: 1, max: 70 }),
  columns: fc.integer({ min: 1, max: 70 }),
});

/** y, ∂x and ∂filter of noise, in that order. */
function pass({ images, depth, columns }: Problem): number[][] {
  const x = noiseTensor(1, [...images, depth], -1, 1);
  const filter = noiseTensor(2, [1, 1, depth, columns], -1, 1);
  const dy = noiseTensor(3, [...images, columns], -1, 1);
  const op = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
    tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same');
  const [dx, dfilter] = tf.grads(op)([x, filter], dy);
  return [op(x, filter), dx!, dfilter!].map((t) => Array.from(t.dataSync()));
}

/** The products of matrices that they are, in float64. */
function reference({ images, depth, columns }: Problem): number[][] {
  const pixels = images[0] * images[1] * images[2];
  const x = noise(1, pixels * depth, -1, 1);
  const filter = noise(2, depth * columns, -1, 1);
  const dy = noise(3, pixels * columns, -1, 1);
  const results = [dy, x, filter].map((like) => new Array<number>(like.length).fill(0));
  for (let p = 0; p < pixels; p++)
    for (let i = 0; i < depth; i++)
      for (let j = 0; j < columns; j++) {
        const [a, b, c] = [p * columns + j, p * depth + i, i * columns + j];
        results[0]![a]! += x[b]! * filter[c]!;
        results[1]![b]! += dy[a]! * filter[c]!;
        results[2]![c]! += x[b]! * dy[a]!;
      }
  return results;
}

function expectProducts(problem: Problem): void {
  const actual = tf.tidy(() => pass(problem));
  reference(problem).forEach((expected, i) => {
    expectClose(actual[i]!, expected, { absolute: 3e-5, relative: 1e-5 });
  });
}

onTensorFlow('convolutions by single pixels', () => {
  it('are products of matrices, forward and back, for any size', () => {
    fc.assert(fc.property(problems, expectProducts), { numRuns: 150 });
  });

  it('sum over more pixels than one block holds', () => {
    expectProducts({ images: [2, 97, 90], depth: 7, columns: 19 });
    expectProducts({ images: [1, 3, 2], depth: 300, columns: 150 });
  });

  it('serve one row of pixels and none', () => {
    expectProducts({ images: [1, 1, 1], depth: 24, columns: 96 });
    tf.tidy(() => {
      const y = tf.conv2d(
        tf.zeros([0, 4, 4, 8]) as tf.Tensor4D,
        tf.ones([1, 1, 8, 3]) as tf.Tensor4D,
        1,
        'same',
      );
      expect(y.shape).to.deep.equal([0, 4, 4, 3]);
    });
  });

  it('give the same bits every time, and an image the same in any batch', () => {
    const problem: Problem = { images: [5, 30, 31], depth: 24, columns: 40 };
    const runs = Array.from({ length: 4 }, () => tf.tidy(() => pass(problem).map(bits)));
    for (const run of runs) expect(run).to.deep.equal(runs[0]);
    const first = tf.tidy(() => pass({ ...problem, images: [1, 30, 31] }).map(bits));
    for (const i of [0, 1]) expect(runs[0]![i]!.slice(0, first[i]!.length)).to.deep.equal(first[i]);
  });

  it('leave other strides to TensorFlow', () => {
    tf.tidy(() => {
      const x = noiseTensor(1, [2, 5, 7, 3]);
      const filter = noiseTensor(2, [1, 1, 3, 4]);
      const every = tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same').arraySync();
      const second = tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, 'same').arraySync();
      second.forEach((image, n) => {
        image.forEach((row, i) => {
          row.forEach((pixel, j) => {
            expectClose(pixel, every[n]![2 * i]![2 * j]!, { absolute: 1e-6 });
          });
        });
      });
    });
  });

  it('leave no tensor behind', () => {
    expectNoLeak(() => {
      tf.tidy(() => pass({ images: [2, 5, 6], depth: 8, columns: 9 }));
    });
  });
});
