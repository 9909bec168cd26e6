import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { iterateSpectralNorms, powerIteration, spectralNormalise } from '../../src/ops/spectral-norm.ts';
import { onEachEngine, onTensorFlow } from '../support/engines.ts';
import {
  bits,
  centralDifferences,
  changed,
  expectClose,
  expectNoLeak,
  noise,
  snapshot,
} from '../support/tensors.ts';

interface Case {
  readonly shape: [number, number, number, number];
  readonly kernel: readonly number[];
  /** Singular values of the matrix [k·k·cin, cout] by NumPy, the largest first. */
  readonly singular: readonly number[];
}

const FIXTURE = path.resolve(import.meta.dirname, '../fixtures/generator/networks.json');
const CASES = (JSON.parse(readFileSync(FIXTURE, 'utf8')) as { readonly spectral: readonly Case[] }).spectral;

/** u after a number of power iterations from a start. */
function iterated(kernel: tf.Tensor4D, start: tf.Tensor1D, times: number): tf.Tensor1D {
  let u = start;
  for (let i = 0; i < times; i++) u = powerIteration(kernel, u);
  return u;
}

onEachEngine('spectral norm', () => {
  for (const { shape, kernel, singular } of CASES) {
    const weights = (): tf.Tensor4D => tf.tensor4d([...kernel], shape);
    const start = (): tf.Tensor1D => tf.tensor1d(noise(1, shape[3], -1, 1));

    it(`of a kernel [${shape.join()}] is NumPy’s largest singular value after enough power iterations`, () => {
      tf.tidy(() => {
        const u = iterated(weights(), start(), 100);
        expectClose(tf.norm(u).dataSync(), [1], { absolute: 1e-6 });
        const ratio = tf.div(weights(), spectralNormalise(weights(), u));
        expectClose(
          ratio.dataSync(),
          kernel.map(() => singular[0]!),
          { relative: 1e-5 },
        );
      });
    });

    it(`of a kernel [${shape.join()}] is never estimated above that, and better from step to step`, () => {
      tf.tidy(() => {
        const estimates = [1, 2, 4, 8, 16].map((times) => {
          const normalised = spectralNormalise(weights(), iterated(weights(), start(), times));
          return kernel[0]! / normalised.dataSync()[0]!;
        });
        estimates.forEach((estimate, i) => {
          expect(estimate).to.be.at.most(singular[0]! * (1 + 1e-5));
          if (i > 0) expect(estimate).to.be.at.least(estimates[i - 1]! * (1 - 1e-6));
        });
      });
    });
  }

  it('differentiates through the norm, with u constant', () => {
    const shape: [number, number, number, number] = [1, 2, 2, 3];
    const [kernel, direction] = [noise(3, 12, -1, 1), noise(4, 12, -1, 1)];
    const u = tf.tidy(() => iterated(tf.tensor4d(kernel, shape), tf.tensor1d([1, 0, 0]), 2).dataSync());
    const loss = (values: readonly number[]): number => {
      const rows = [0, 1, 2, 3].map((row) => values.slice(3 * row, 3 * row + 3));
      const sigma = Math.hypot(...rows.map((row) => row.reduce((sum, v, c) => sum + v * u[c]!, 0)));
      return values.reduce((sum, v, i) => sum + (v / sigma) * direction[i]!, 0);
    };
    tf.tidy(() => {
      const gradient = tf.grad((k) => spectralNormalise(k as tf.Tensor4D, tf.tensor1d(u)));
      expectClose(
        gradient(tf.tensor4d(kernel, shape), tf.tensor4d(direction, shape)).dataSync(),
        centralDifferences(loss, kernel),
        { absolute: 1e-5 },
      );
    });
  });

  it('leaves a kernel of zeros, without NaN', () => {
    tf.tidy(() => {
      const zeros = tf.zeros([3, 3, 2, 2]) as tf.Tensor4D;
      const u = tf.tensor1d([1, 0]);
      const dy = tf.grad((k) => spectralNormalise(k as tf.Tensor4D, u))(zeros);
      for (const result of [spectralNormalise(zeros, u), powerIteration(zeros, u), dy]) {
        expect(result.dataSync().every(Number.isFinite)).to.equal(true);
      }
    });
  });

  it('leaks no tensor', () => {
    const { shape, kernel } = CASES[0]!;
    const [weights, u] = [tf.tensor4d([...kernel], shape), tf.tensor1d(noise(1, shape[3]))];
    expectNoLeak(() => spectralNormalise(weights, u).dispose());
    expectNoLeak(() => powerIteration(weights, u).dispose());
    tf.dispose([weights, u]);
  });
});

onTensorFlow('spectral vectors of a model', () => {
  it('move by one power iteration each, and nothing else moves', () => {
    const { shape, kernel } = CASES[0]!;
    const state = new Map<string, tf.Variable>([
      ['a_conv/kernel', tf.variable(tf.tensor4d([...kernel], shape))],
      ['a_conv/bias', tf.variable(tf.zeros([shape[3]]))],
      ['a_conv/spectral_u', tf.variable(tf.tensor1d(noise(1, shape[3])))],
      ['b_conv/kernel', tf.variable(tf.ones([3, 3, 1, 1]))],
    ]);
    const expected = tf.tidy(() =>
      bits(
        powerIteration(
          state.get('a_conv/kernel') as tf.Variable<tf.Rank.R4>,
          state.get('a_conv/spectral_u') as tf.Variable<tf.Rank.R1>,
        ).dataSync(),
      ),
    );
    const before = snapshot(state);
    iterateSpectralNorms(state);
    expect(changed(before, snapshot(state))).to.deep.equal(['a_conv/spectral_u']);
    expect(bits(state.get('a_conv/spectral_u')!.dataSync())).to.deep.equal(expected);
    expectNoLeak(() => iterateSpectralNorms(state));
    state.forEach((variable) => variable.dispose());
  });
});
