import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { batchNormInference, batchNormTraining } from '../../src/ops/batch-norm.ts';
import { onEachEngine } from '../support/engines.ts';
import { expectClose, expectNoLeak, noise } from '../support/tensors.ts';

const SHAPE: [number, number, number, number] = [3, 4, 5, 2];
const CHANNELS = 2;
const COUNT = 60;
const EPSILON = 1e-3;
const X = noise(1, COUNT * CHANNELS, -3, 5);
const DY = noise(2, COUNT * CHANNELS, -1, 1);
const SCALE = [1.5, -0.4];
const OFFSET = [0.2, -1];

/** The textbook's forward and backward pass in float64 (Ioffe & Szegedy 2015, section 3). */
function reference() {
  const channel = (values: ArrayLike<number>, c: number): number[] =>
    Array.from(values).filter((_, i) => i % CHANNELS === c);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const y: number[] = [];
  const dx: number[] = [];
  const result = {
    y,
    dx,
    mean: [] as number[],
    variance: [] as number[],
    dscale: [] as number[],
    doffset: [] as number[],
  };
  for (let c = 0; c < CHANNELS; c++) {
    const x = channel(X, c);
    const dy = channel(DY, c);
    const mean = sum(x) / COUNT;
    const squares = sum(x.map((v) => (v - mean) ** 2));
    const root = Math.sqrt(squares / COUNT + EPSILON);
    const normal = x.map((v) => (v - mean) / root);
    result.mean.push(mean);
    result.variance.push(squares / (COUNT - 1));
    const dscale = sum(dy.map((g, i) => g * normal[i]!));
    const doffset = sum(dy);
    result.dscale.push(dscale);
    result.doffset.push(doffset);
    for (let i = 0; i < COUNT; i++) {
      y[i * CHANNELS + c] = normal[i]! * SCALE[c]! + OFFSET[c]!;
      dx[i * CHANNELS + c] = (SCALE[c]! / root) * (dy[i]! - doffset / COUNT - (normal[i]! * dscale) / COUNT);
    }
  }
  return result;
}

onEachEngine('batch norm', () => {
  const expected = reference();
  const parameters = (): [tf.Tensor1D, tf.Tensor1D] => [tf.tensor1d(SCALE), tf.tensor1d(OFFSET)];

  it('normalises by the biased variance and reports the unbiased one', () => {
    tf.tidy(() => {
      const { y, mean, variance } = batchNormTraining(tf.tensor4d(X, SHAPE), ...parameters(), EPSILON);
      expect(y.shape).to.deep.equal(SHAPE);
      expectClose(y.dataSync(), expected.y, { absolute: 3e-6 });
      expectClose(mean.dataSync(), expected.mean, { absolute: 1e-6 });
      expectClose(variance.dataSync(), expected.variance, { relative: 2e-6 });
    });
  });

  it('differentiates through the batch’s statistics', () => {
    tf.tidy(() => {
      const gradients = tf.grads((x, scale, offset) =>
        tf.sum(
          tf.mul(
            batchNormTraining(x as tf.Tensor4D, scale as tf.Tensor1D, offset as tf.Tensor1D, EPSILON).y,
            tf.tensor4d(DY, SHAPE),
          ),
        ),
      );
      const [dx, dscale, doffset] = gradients([tf.tensor4d(X, SHAPE), ...parameters()]);
      expectClose(dx!.dataSync(), expected.dx, { absolute: 2e-6 });
      expectClose(dscale!.dataSync(), expected.dscale, { absolute: 2e-5 });
      expectClose(doffset!.dataSync(), expected.doffset, { absolute: 2e-5 });
    });
  });

  it('gives a single value the variance 0, not NaN', () => {
    tf.tidy(() => {
      const x = tf.tensor4d([2, -1], [1, 1, 1, 2]);
      const { y, mean, variance } = batchNormTraining(x, ...parameters(), EPSILON);
      expectClose(y.dataSync(), OFFSET, { absolute: 1e-7 });
      expect([...mean.dataSync()]).to.deep.equal([2, -1]);
      expect([...variance.dataSync()]).to.deep.equal([0, 0]);
    });
  });

  it('uses given statistics at inference, and its gradient is then one factor a channel', () => {
    const mean = [0.5, -2];
    const variance = [4, 0.25];
    const factor = SCALE.map((scale, c) => scale / Math.sqrt(variance[c]! + EPSILON));
    const infer = (x: tf.Tensor): tf.Tensor4D =>
      batchNormInference(
        x as tf.Tensor4D,
        tf.tensor1d(mean),
        tf.tensor1d(variance),
        ...parameters(),
        EPSILON,
      );
    tf.tidy(() => {
      const x = tf.tensor4d(X, SHAPE);
      const y = [...X].map((v, i) => (v - mean[i % 2]!) * factor[i % 2]! + OFFSET[i % 2]!);
      expectClose(infer(x).dataSync(), y, { absolute: 5e-6 });
      const dy = tf.tensor4d(DY, SHAPE);
      const dx = [...DY].map((v, i) => v * factor[i % 2]!);
      expectClose(tf.grad(infer)(x, dy).dataSync(), dx, { absolute: 1e-6 });
    });
  });

  it('leaks no tensor, forward or backward', () => {
    expectNoLeak(() =>
      tf.tidy(() => {
        const [scale, offset] = parameters();
        tf.grad((x) => tf.sum(tf.square(batchNormTraining(x as tf.Tensor4D, scale, offset, EPSILON).y)))(
          tf.tensor4d(X, SHAPE),
        );
      }),
    );
    const x = tf.tensor4d(X, SHAPE);
    const [scale, offset] = parameters();
    expectNoLeak(() =>
      tf.dispose(Object.values(tf.tidy(() => ({ ...batchNormTraining(x, scale, offset, EPSILON) })))),
    );
    tf.dispose([x, scale, offset]);
  });
});
