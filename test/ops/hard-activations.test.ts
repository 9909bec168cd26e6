import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { hardSigmoid, hardSwish, leakyRelu } from '../../src/ops/hard-activations.ts';
import { on, onEachEngine } from '../support/engines.ts';
import { centralDifferences, expectClose, expectNoLeak, noise } from '../support/tensors.ts';

type Op = (x: tf.Tensor) => tf.Tensor;

const X = noise(3, 200, -5, 5);
const DY = noise(4, 200, -1, 1);
const sigmoidOf = (v: number): number => (v <= -3 ? 0 : v >= 3 ? 1 : v / 6 + 0.5);

const CASES: readonly (readonly [title: string, op: Op, of: (v: number) => number])[] = [
  ['hard sigmoid', (x) => hardSigmoid(x), sigmoidOf],
  ['hard swish', (x) => hardSwish(x), (v) => v * sigmoidOf(v)],
  ['leaky ReLU', (x) => leakyRelu(x, 0.2), (v) => (v > 0 ? v : 0.2 * v)],
];

const gradient = (op: Op): Float32Array =>
  tf.tidy(() => tf.grad(op)(tf.tensor1d(X), tf.tensor1d(DY)).dataSync<'float32'>());

/** ∂y/∂x at a few places. */
const slopes = (op: Op, places: number[]): number[] =>
  tf.tidy(() => [
    ...tf
      .grad((x) => tf.sum(op(x)))(tf.tensor1d(places))
      .dataSync(),
  ]);

onEachEngine('activations of straight pieces', () => {
  for (const [title, op, of] of CASES) {
    it(`${title}: values, and the gradient of central differences`, () => {
      expectClose(
        tf.tidy(() => op(tf.tensor1d(X)).dataSync()),
        [...X].map(of),
        { absolute: 1e-6 },
      );
      const weighted = (x: readonly number[]): number => x.reduce((sum, v, i) => sum + DY[i]! * of(v), 0);
      expectClose(gradient(op), centralDifferences(weighted, X), { absolute: 1e-6 });
    });

    it(`${title}: of any shape, of none, and no tensor leaks`, () => {
      for (const shape of [[], [0], [1, 1, 1, 1], [2, 1, 3]]) {
        expect(tf.tidy(() => op(tf.zeros(shape)).shape)).to.deep.equal(shape);
      }
      const x = tf.tensor1d(X);
      expectNoLeak(() => op(x).dispose());
      expectNoLeak(() => tf.grad(op)(x).dispose());
      x.dispose();
    });
  }

  it('are what they are where the pieces meet, and beyond any bound', () => {
    const at = (op: Op, places: number[]): number[] => tf.tidy(() => [...op(tf.tensor1d(places)).dataSync()]);
    expect(at(hardSigmoid, [-1e30, -3, 0, 3, 1e30])).to.deep.equal([0, 0, 0.5, 1, 1]);
    expect(at(hardSwish, [-1e30, -3, 0, 3]).map(Math.abs)).to.deep.equal([0, 0, 0, 3]);
    expect(slopes(hardSigmoid, [-1e30, -3, 3, 1e30])).to.deep.equal([0, 0, 0, 0]);
    expectClose(slopes(hardSwish, [-3, 0, 3]), [0, 0.5, 1], { absolute: 1e-7 });
    expectClose(
      slopes((x) => leakyRelu(x, 0.25), [-1e30, 1e30]),
      [0.25, 1],
      { absolute: 1e-7 },
    );
  });
});

describe('activations of straight pieces', () => {
  it('have the gradients of the plain engine', async () => {
    for (const [title, op] of CASES) {
      const plain = await on('cpu', () => gradient(op));
      expectClose(await on('tensorflow', () => gradient(op)), plain, { absolute: 1e-6 });
      expect(
        plain.some((v) => v !== 0),
        title,
      ).to.equal(true);
    }
  });
});
