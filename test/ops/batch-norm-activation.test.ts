import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  batchNormActivationInference,
  batchNormActivationTraining,
} from '../../src/ops/batch-norm-activation.ts';
import { passes, severalPasses, type Case } from '../support/batch-norm-passes.ts';
import { on, onEachEngine, onTensorFlow } from '../support/engines.ts';
import { inOtherProcess } from '../support/other-process.ts';
import { expectClose, expectNoLeak, noiseTensor } from '../support/tensors.ts';

const SUPPORT = new URL('../support/batch-norm-passes.ts', import.meta.url).href;
const NORM = { epsilon: 1e-3, activation: 'relu' } as const;

const weightsOf = (channels: number) => ({
  scale: tf.ones([channels]) as tf.Tensor1D,
  offset: tf.zeros([channels]) as tf.Tensor1D,
  mean: tf.zeros([channels]) as tf.Tensor1D,
  variance: tf.ones([channels]) as tf.Tensor1D,
});

/** Sums over n values are allowed the rounding of each of them. */
async function expectEqualOnEngines(of: Case): Promise<void> {
  const fast = await on('tensorflow', () => passes(of));
  const plain = await on('cpu', () => passes(of));
  const count = of.shape[0] * of.shape[1] * of.shape[2];
  for (const [name, values] of Object.entries(fast)) {
    const summed = name === 'dscale' || name === 'doffset';
    expectClose(values, plain[name]!, {
      absolute: summed ? 1e-6 * count + 1e-5 : 2e-5,
      relative: 1e-5,
    });
  }
}

describe('batch norm with its activation across engines', () => {
  it('is the plain version in values and gradients, for any number of channels', async () => {
    const side = fc.integer({ min: 1, max: 6 });
    const cases = fc.record<Case>({
      shape: fc.tuple(fc.integer({ min: 1, max: 3 }), side, side, fc.integer({ min: 1, max: 40 })),
      activation: fc.constantFrom('none', 'relu', 'silu'),
      training: fc.boolean(),
      seed: fc.nat(1000),
    });
    // A few values with one mean have a gradient that is a difference of nearly equal numbers: 8 at least
    await fc.assert(
      fc.asyncProperty(
        cases.filter(({ shape: [n, h, w] }) => n * h * w >= 8),
        expectEqualOnEngines,
      ),
    );
  });

  it('is the plain version where the work is cut into many pieces', async () => {
    for (const shape of [
      [2, 70, 70, 3],
      [1, 90, 91, 24],
    ] as const) {
      await expectEqualOnEngines({ shape, activation: 'silu', training: true, seed: 1 });
      await expectEqualOnEngines({ shape, activation: 'relu', training: false, seed: 2 });
    }
  });
});

onEachEngine('batch norm with its activation', () => {
  it('moves running statistics by the rate, towards the unbiased variance', () => {
    tf.tidy(() => {
      const x = tf.tensor4d([1, 2, 3, 6], [1, 2, 2, 1]);
      const { mean, variance } = batchNormActivationTraining(x, weightsOf(1), { ...NORM, rate: 0.25 });
      expectClose(mean.dataSync(), [0.25 * 3], { absolute: 1e-6 });
      expectClose(variance.dataSync(), [0.75 + (0.25 * 14) / 3], { absolute: 1e-6 });
      const still = batchNormActivationTraining(x, weightsOf(1), { ...NORM, rate: 0 });
      expect([...still.mean.dataSync(), ...still.variance.dataSync()]).to.deep.equal([0, 1]);
    });
  });

  it('lets no NaN pass for 0', () => {
    tf.tidy(() => {
      const x = tf.tensor4d([NaN, 1], [1, 1, 2, 1]);
      const [first, second] = batchNormActivationInference(x, weightsOf(1), NORM).dataSync();
      expect(first).to.be.NaN;
      expect(second).to.be.closeTo(1 / Math.sqrt(1.001), 1e-6);
    });
  });

  it('leaks no tensor, forward or backward', () => {
    const x = noiseTensor(1, [2, 3, 3, 4]);
    const weights = weightsOf(4);
    const training = { ...NORM, rate: 0.1 };
    expectNoLeak(() => tf.dispose({ ...batchNormActivationTraining(x, weights, training) }));
    expectNoLeak(() => batchNormActivationInference(x, weights, NORM).dispose());
    expectNoLeak(() =>
      tf
        .grad((at) => {
          const trained = batchNormActivationTraining(at as tf.Tensor4D, weights, training);
          return batchNormActivationInference(trained.y, weights, NORM);
        })(x)
        .dispose(),
    );
    tf.dispose([x, ...Object.values(weights)]);
  });
});

onTensorFlow('the kernels of batch norm with its activation', () => {
  it('take the variance of values far from 0 without cancelling', () => {
    tf.tidy(() => {
      const spread = noiseTensor(1, [1, 100, 100, 5], -0.5, 0.5);
      const x = tf.add<tf.Tensor4D>(spread, 1000);
      const { variance } = batchNormActivationTraining(x, weightsOf(5), { ...NORM, rate: 1 });
      const values = [...x.dataSync()];
      const expected = [0, 1, 2, 3, 4].map((channel) => {
        const own = values.filter((_, i) => i % 5 === channel);
        const mean = own.reduce((sum, v) => sum + v, 0) / own.length;
        return own.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (own.length - 1);
      });
      expectClose(variance.dataSync(), expected, { relative: 1e-5 });
    });
  });

  it('refuse weights of another number of channels, and no values at all', () => {
    const run = (shape: [number, number, number, number]) => () =>
      tf.tidy(() => batchNormActivationInference(tf.zeros(shape), weightsOf(4), NORM));
    expect(run([1, 2, 2, 3])).to.throw('x has 3 channels, and its scale, offset, mean or variance 4 values');
    expect(run([0, 2, 2, 4])).to.throw('x has no values');
  });

  it('give the same bits on one thread and on three, again and again', () => {
    const onThreads = (threads: string): unknown =>
      inOtherProcess(SUPPORT, 'severalPasses', { TF_NUM_INTRAOP_THREADS: threads });
    const here = severalPasses();
    expect(severalPasses()).to.deep.equal(here);
    expect(onThreads('1')).to.deep.equal(here);
    expect(onThreads('3')).to.deep.equal(here);
  });

  it('compute the same with the instructions that every processor has', () => {
    const floats = (of: unknown): Float32Array[] =>
      (of as number[][]).map((values) => new Float32Array(Uint32Array.from(values).buffer));
    const plain = floats(
      inOtherProcess(SUPPORT, 'severalPasses', { DEEPFAKE_GAME_INSTRUCTIONS: 'baseline' }),
    );
    const here = floats(severalPasses());
    here.forEach((values, i) => expectClose(plain[i]!, values, { absolute: 1e-3, relative: 1e-5 }));
  });
});
