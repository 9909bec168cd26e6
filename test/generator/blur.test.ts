import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { blur } from '../../src/generator/blur.ts';
import type { LossOf, Perturbed } from '../../src/generator/generator.ts';
import { createRng } from '../../src/ops/random.ts';
import { onEachEngine } from '../support/engines.ts';
import { naiveBlur, type Shape4 } from '../support/naive-blur.ts';
import { centralDifferences, expectClose, noise, noiseTensor } from '../support/tensors.ts';

type Settings = Parameters<typeof blur.create>[0];

const SHAPE: Shape4 = [2, 5, 6, 3];
const PIXELS = 60;
const BASE: Settings = { k: 5, sigma: 0.8, sigma_max: 2, steps: 1, step_size: 0.5, direction: 'raw' };

onEachEngine('blur attack', () => {
  const attack = (images: tf.Tensor4D, lossOf: LossOf, settings: Partial<Settings>): Perturbed =>
    blur
      .create({ ...BASE, ...settings }, { imageSize: 6, seed: 1 })
      .perturb(
        { images, labels: tf.zeros([images.shape[0]], 'int32') as tf.Tensor1D },
        lossOf,
        createRng(1, 'x'),
      );
  const x = noise(1, PIXELS * 3);
  const dy = noise(2, PIXELS * 3, -1, 1);
  const linear: LossOf = (images) =>
    tf.sum(tf.mul(images, tf.tensor4d(dy, [...SHAPE])), [1, 2, 3]) as tf.Tensor1D;
  const sigmaOf = (settings: Partial<Settings>): Float32Array =>
    tf.tidy(() => attack(tf.tensor4d(x, [...SHAPE]), linear, settings).maps['sigma']!.dataSync<'float32'>());
  /** ∇_σ of the linear loss at the start, from the blur's equation in float64. */
  const gradient = centralDifferences(
    (sigma) => naiveBlur(x, SHAPE, sigma, 5).reduce((sum, y, i) => sum + y * dy[i]!, 0),
    new Array<number>(PIXELS).fill(BASE.sigma),
  );
  const perImage = <T>(of: (values: readonly number[]) => T): T[] => [
    of(gradient.slice(0, PIXELS / 2)),
    of(gradient.slice(PIXELS / 2)),
  ];

  it('raw: σ_adv = σ + step · ∇_σ L, the paper’s step', () => {
    const expected = gradient.map((g) => Math.min(2, Math.max(0, 0.8 + 0.5 * g)));
    expectClose(sigmaOf({}), expected, { absolute: 3e-6 });
  });

  it('rms: the gradient by its root mean square, image by image', () => {
    const roots = perImage((values) => Math.sqrt(values.reduce((s, g) => s + g * g, 0) / values.length));
    const expected = gradient.map((g, i) =>
      Math.min(2, Math.max(0, 0.8 + (0.1 * g) / roots[Math.floor(i / 30)]!)),
    );
    expectClose(sigmaOf({ direction: 'rms', step_size: 0.1 }), expected, { absolute: 3e-6 });
  });

  it('sign: every σ by one step', () => {
    const expected = gradient.map((g) => 0.8 + 0.25 * Math.sign(g));
    expectClose(sigmaOf({ direction: 'sign', step_size: 0.25 }), expected, { absolute: 1e-6 });
  });

  it('keeps σ in [0, sigma_max] and gives the images that its map stands for', () => {
    tf.tidy(() => {
      const { images, maps } = attack(tf.tensor4d(x, [...SHAPE]), linear, {
        direction: 'sign',
        step_size: 0.7,
        steps: 5,
        sigma_max: 1.3,
      });
      const sigma = maps['sigma']!.dataSync();
      expect(sigma.every((s) => s >= 0 && s <= Math.fround(1.3))).to.equal(true);
      expect([...sigma].some((s) => s === 0) && [...sigma].some((s) => s > 1.29)).to.equal(true);
      expectClose(images.dataSync(), naiveBlur(x, SHAPE, sigma, 5), { absolute: 1e-6 });
    });
  });

  it('climbs further with more steps', () => {
    tf.tidy(() => {
      const images = tf.tensor4d(x, [...SHAPE]);
      const reached = [1, 3, 9].map(
        (steps) =>
          tf
            .sum(linear(attack(images, linear, { steps, direction: 'rms', step_size: 0.1 }).images))
            .dataSync()[0]!,
      );
      expect(reached[1]).to.be.above(reached[0]!);
      expect(reached[2]).to.be.above(reached[1]!);
    });
  });

  it('leaves an image whose loss does not depend on σ where it started, without NaN', () => {
    tf.tidy(() => {
      const flat = tf.fill([...SHAPE], 0.5) as tf.Tensor4D;
      for (const direction of ['raw', 'rms', 'sign'] as const) {
        const nothing: LossOf = (images) => tf.mul(tf.sum(images, [1, 2, 3]), 0) as tf.Tensor1D;
        const sigma = attack(flat, nothing, { direction }).maps['sigma']!.dataSync();
        expectClose(sigma, new Float32Array(PIXELS).fill(0.8), { absolute: 1e-7 });
      }
    });
  });

  it('takes a checkerboard from a detector that looks for one', () => {
    tf.tidy(() => {
      const size = 12;
      const board = tf.tensor4d(
        Float32Array.from({ length: size * size * 3 }, (_, i) => {
          const pixel = Math.floor(i / 3);
          return (Math.floor(pixel / size) + pixel) % 2 === 0 ? 1 : -1;
        }),
        [1, size, size, 3],
      );
      const images = tf.clipByValue(
        tf.add(noiseTensor(6, [2, size, size, 3], 0.4, 0.6), tf.mul(board, 0.1)),
        0,
        1,
      ) as tf.Tensor4D;
      const strength = (of: tf.Tensor4D): Float32Array =>
        tf.mean(tf.mul(of, board), [1, 2, 3]).dataSync<'float32'>();
      // it loses where it does not see the board
      const lossOf: LossOf = (of) => tf.neg(tf.mean(tf.mul(of, board), [1, 2, 3])) as tf.Tensor1D;
      const settings = { sigma: 0.3, direction: 'sign', step_size: 0.2, steps: 5 } as const;
      const before = strength(images);
      const after = strength(attack(images, lossOf, settings).images);
      before.forEach((clean, i) => expect(after[i]).to.be.below(clean * 0.1));
    });
  });
});
