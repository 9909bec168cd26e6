import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { createRng, philox4x32, philoxUniform } from '../../src/ops/random.ts';
import { on, onEachEngine } from '../support/engines.ts';
import { bits, expectNoLeak } from '../support/tensors.ts';

describe('philox4x32', () => {
  // The known answers that Random123 publishes beside the paper (kat_vectors, philox4x32 10).
  const vectors: readonly [counter: string, key: string, answer: string][] = [
    ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ];
  const words = (text: string): number[] => text.split(' ').map((word) => Number.parseInt(word, 16));

  for (const [counter, key, answer] of vectors) {
    it(`gives ${answer} for counter ${counter}`, () => {
      const four = philox4x32(
        words(counter) as [number, number, number, number],
        words(key) as [number, number],
      );
      expect(four).to.deep.equal(words(answer));
    });
  }
});

describe('random across engines', () => {
  it('is equal bit for bit, whatever the seed, stream, counter and shape', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.maxSafeInteger(),
        fc.string(),
        fc.nat(2 ** 31 - 1),
        fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 4 }),
        async (seed, stream, counter, shape) => {
          const draw = (): number[] =>
            tf.tidy(() => bits(createRng(seed, stream, counter).uniform(shape).dataSync()));
          expect(await on('cpu', draw)).to.deep.equal(await on('tensorflow', draw));
        },
      ),
      { numRuns: 30, seed: 1 },
    );
  });

  it('is equal over more values than one thread of TensorFlow draws', async () => {
    const draw = (): Float32Array =>
      tf.tidy(() => createRng(5, 'large').uniform([300_001]).dataSync<'float32'>());
    const [plain, fast] = [await on('cpu', draw), await on('tensorflow', draw)];
    expect(Buffer.from(plain.buffer).equals(Buffer.from(fast.buffer))).to.equal(true);
  });

  it('takes negative seeds as TensorFlow does', async () => {
    for (const [seed0, seed1] of [
      [-1, 0],
      [-(2 ** 31), -5],
      [2 ** 31 - 1, -(2 ** 31)],
    ] as const) {
      const fast = await on('tensorflow', () =>
        tf.tidy(() =>
          bits(
            tf
              .engine()
              .runKernel<tf.Tensor>(
                'StatelessRandomUniform',
                { seed: tf.tensor1d([seed0, seed1], 'int32') },
                { shape: [9] },
              )
              .dataSync(),
          ),
        ),
      );
      expect(bits(philoxUniform(seed0, seed1, 9))).to.deep.equal(fast);
    }
  });
});

onEachEngine('random', () => {
  const uniform = (rng = createRng(11, 'a'), shape = [40_000], low?: number, high?: number): Float32Array =>
    tf.tidy(() => rng.uniform(shape, low, high).dataSync<'float32'>());
  const moments = (values: Float32Array): { mean: number; variance: number } => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length };
  };
  const correlation = (a: Float32Array, b: Float32Array): number => {
    const [ma, mb] = [moments(a), moments(b)];
    return (
      a.reduce((sum, v, i) => sum + (v - ma.mean) * (b[i]! - mb.mean), 0) /
      (a.length * Math.sqrt(ma.variance * mb.variance))
    );
  };

  it('is uniform: range, moments and counts of twenty bins', () => {
    const values = uniform();
    expect(values.every((v) => v >= 0 && v < 1)).to.equal(true);
    const { mean, variance } = moments(values);
    // four standard errors: √(1/12n) = 0.0014, √(1/180n) = 0.00037
    expect(mean).to.be.closeTo(0.5, 0.006);
    expect(variance).to.be.closeTo(1 / 12, 0.0015);
    const counts = new Array<number>(20).fill(0);
    values.forEach((v) => counts[Math.floor(v * 20)]!++);
    const chiSquared = counts.reduce((sum, n) => sum + (n - 2000) ** 2 / 2000, 0);
    // 99.9 % point of χ² with 19 degrees of freedom
    expect(chiSquared).to.be.below(43.8);
  });

  it('scales to [low, high)', () => {
    const values = uniform(createRng(3, 'scaled'), [10_000], -2, 3);
    expect(values.every((v) => v >= -2 && v < 3)).to.equal(true);
    expect(moments(values).mean).to.be.closeTo(0.5, 4 * 0.0145);
  });

  it('is normal: moments up to the fourth, no infinity', () => {
    const values = tf.tidy(() => createRng(11, 'n').normal([40_000], 2).dataSync<'float32'>());
    expect(values.every(Number.isFinite)).to.equal(true);
    const { mean, variance } = moments(values);
    expect(mean).to.be.closeTo(0, 0.04);
    expect(variance).to.be.closeTo(4, 4 * 0.0283);
    const kurtosis = values.reduce((a, v) => a + (v - mean) ** 4, 0) / values.length / variance ** 2;
    expect(kurtosis).to.be.closeTo(3, 4 * 0.0245);
  });

  it('repeats by seed and stream, and differs in each and from draw to draw', () => {
    const rng = createRng(1, 's');
    const first = bits(uniform(rng, [8]));
    const second = bits(uniform(rng, [8]));
    expect(bits(uniform(createRng(1, 's'), [8]))).to.deep.equal(first);
    for (const other of [
      second,
      bits(uniform(createRng(2, 's'), [8])),
      bits(uniform(createRng(1, 't'), [8])),
    ]) {
      expect(other).to.not.deep.equal(first);
    }
  });

  it('has uncorrelated streams, seeds and draws', () => {
    const base = createRng(1, 'a');
    const draws = [uniform(base), uniform(base), uniform(createRng(2, 'a')), uniform(createRng(1, 'b'))];
    draws.forEach((a, i) =>
      draws
        .slice(0, i)
        .forEach((b) => expect(Math.abs(correlation(a, b))).to.be.below(4 / Math.sqrt(40_000))),
    );
  });

  it('continues from a saved counter as if it had never stopped', () => {
    const rng = createRng(9, 'resume');
    tf.tidy(() => {
      rng.uniform([3]);
      rng.normal([5]);
    });
    const { counter } = rng;
    expect(counter).to.equal(3);
    const after = [bits(uniform(rng, [6])), bits(uniform(rng, [6]))];
    const resumed = createRng(9, 'resume', counter);
    expect([bits(uniform(resumed, [6])), bits(uniform(resumed, [6]))]).to.deep.equal(after);
    resumed.seek(counter);
    expect(bits(uniform(resumed, [6]))).to.deep.equal(after[0]);
  });

  it('gives the shape that was asked for, a scalar and nothing included', () => {
    tf.tidy(() => {
      for (const shape of [[], [0], [2, 0, 3], [2, 3, 4]]) {
        expect(createRng(1, 'shape').uniform(shape).shape).to.deep.equal(shape);
      }
    });
  });

  it('leaks no tensor', () => {
    const rng = createRng(1, 'leak');
    expectNoLeak(() => tf.dispose([rng.uniform([4]), rng.normal([4])]));
  });
});
