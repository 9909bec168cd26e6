import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { checkPerturbed } from '../../src/game/perturbation.ts';
import { blurReleased } from '../../src/generator/blur-released.ts';
import type { Perturbed, Victim } from '../../src/generator/generator.ts';
import { onEachEngine } from '../support/engines.ts';
import { naiveBlur, type Shape4 } from '../support/naive-blur.ts';
import { lastTurn, shippedSettings, victimThatLoses } from '../support/players.ts';
import { bits, centralDifferences, expectClose, noise, noiseTensor } from '../support/tensors.ts';
import { logisticVictim } from '../support/victims.ts';

type Settings = Parameters<typeof blurReleased.create>[0];

const SHAPE: Shape4 = [2, 5, 6, 3];
const SIZE = 2 * 5 * 6 * 3;
/** Such that the start is s = 1, σ = 1. */
const LENGTH = Math.sqrt(SIZE / 2);
const BASE: Settings = { k: 3, length: LENGTH, steps: 1, step_size: 2, goal: 'true-label' };

/** The blur by a map of inverse variances s ≥ 0 with a value for every channel, in float64. */
function naiveByInverseVariance(x: ArrayLike<number>, s: readonly number[], k: number): number[] {
  const y = new Array<number>(SIZE);
  for (const channel of [0, 1, 2]) {
    const one = (values: ArrayLike<number>): number[] =>
      Array.from(values).filter((_, i) => i % 3 === channel);
    const [n, h, w] = SHAPE;
    naiveBlur(
      one(x),
      [n, h, w, 1],
      one(s).map((value) => (value === 0 ? 1e30 : 1 / Math.sqrt(value))),
      k,
    ).forEach((value, i) => (y[i * 3 + channel] = value));
  }
  return y;
}

onEachEngine('blur attack of the released code', () => {
  const attack = (
    images: tf.Tensor4D,
    victim: Victim,
    settings: Partial<Settings> = {},
    labels: tf.Tensor1D = tf.zeros([images.shape[0]], 'int32'),
  ): Perturbed =>
    blurReleased
      .create({ ...BASE, ...settings }, { imageSize: 6, seed: 1 })
      .perturb({ images, labels }, victim, lastTurn());
  const x = noise(1, SIZE);
  const dy = noise(2, SIZE, -1, 1);
  const linear = victimThatLoses((images) => tf.sum(tf.mul(images, tf.tensor4d(dy, [...SHAPE])), [1, 2, 3]));
  const mapOf = (settings: Partial<Settings>): Float32Array =>
    tf.tidy(() =>
      attack(tf.tensor4d(x, [...SHAPE]), linear, settings).maps['inverse_variance']!.dataSync<'float32'>(),
    );
  const gradientAt = (s: readonly number[], k: number): number[] =>
    centralDifferences(
      (values) => naiveByInverseVariance(x, values, k).reduce((sum, y, i) => sum + y * dy[i]!, 0),
      s,
    );
  /** Negative values to 0, then each of the two images to the length. */
  const projected = (s: readonly number[], length = LENGTH): number[] => {
    const kept = s.map((value) => Math.max(0, value));
    const half = SIZE / 2;
    const lengths = [kept.slice(0, half), kept.slice(half)].map((values) => Math.hypot(...values));
    return kept.map((value, i) => (value * length) / lengths[Math.floor(i / half)]!);
  };
  const ones = new Array<number>(SIZE).fill(1);

  for (const k of [3, 5, 7, 9] as const) {
    it(`steps once along each image's own gradient and back to its length, k = ${k}`, () => {
      const ahead = gradientAt(ones, k);
      const expected = projected(ones.map((s, i) => s + 2 * ahead[i]!));
      expectClose(mapOf({ k }), expected, { absolute: 3e-5 });
    });
  }

  it('starts from a constant of the length: 100 in 256×256×3 values is a σ of 2.1 px', () => {
    tf.tidy(() => {
      const perturbed = attack(tf.fill([1, 256, 256, 3], 0.5), victimThatLoses(nothing), {
        length: 100,
        step_size: 0,
      });
      const map = perturbed.maps['inverse_variance']!;
      expect(map.shape).to.deep.equal([1, 256, 256, 3]);
      const [smallest, largest] = [tf.min(map).dataSync()[0]!, tf.max(map).dataSync()[0]!];
      expect(smallest).to.be.closeTo(0.2255, 1e-4);
      expect(largest).to.equal(smallest);
      expect(1 / Math.sqrt(smallest)).to.be.closeTo(2.106, 1e-3);
    });
  });

  it('goes on from step to step', () => {
    let s: readonly number[] = ones;
    for (let step = 0; step < 3; step++) {
      const ahead = gradientAt(s, 3);
      s = projected(s.map((value, i) => value + 4 * ahead[i]!));
    }
    const reached = mapOf({ steps: 3, step_size: 4 });
    expectClose(reached, s, { absolute: 1e-4 });
    const once = mapOf({ steps: 1, step_size: 4 });
    expect(Math.max(...reached.map((value, i) => Math.abs(value - once[i]!)))).to.be.above(0.1);
  });

  it('stops at 0, where the blur is the mean of the window: there is no Gaussian below', () => {
    const reached = mapOf({ step_size: 40 });
    expect(Math.min(...reached)).to.equal(0);
    const ahead = gradientAt(ones, 3);
    expectClose(reached, projected(ones.map((s, i) => s + 40 * ahead[i]!)), { absolute: 2e-4 });
  });

  it('gives the images that its map stands for, within what it promises', () => {
    tf.tidy(() => {
      const clean = tf.tensor4d(x, [...SHAPE]);
      const perturbed = attack(clean, linear, { k: 5, steps: 4, step_size: 5 });
      expect(perturbed.bounds).to.deep.equal({ inverse_variance: { norm: 'l2', limit: LENGTH } });
      checkPerturbed('blur-released', clean, perturbed);
      const map = [...perturbed.maps['inverse_variance']!.dataSync()];
      expectClose(perturbed.images.dataSync(), naiveByInverseVariance(x, map, 5), { absolute: 1e-6 });
    });
  });

  it('leaves the images alone under a map so long that every σ is 0', () => {
    tf.tidy(() => {
      const { images } = attack(tf.tensor4d(x, [...SHAPE]), linear, { length: 1e6 });
      expect(bits(images.dataSync())).to.deep.equal(bits(x));
    });
  });

  it('does to an image what it does to it alone', () => {
    tf.tidy(() => {
      const images = noiseTensor(11, [4, 6, 6, 3]);
      const labels = tf.tensor1d([0, 1, 1, 0], 'int32');
      const victim = logisticVictim(noise(12, 6 * 6 * 3, -1, 1), [6, 6, 3]);
      const together = attack(images, victim, { step_size: 10 }, labels).maps['inverse_variance']!;
      for (const row of [0, 3]) {
        const alone = attack(images.slice([row], [1]), victim, { step_size: 10 }, labels.slice([row], [1]))
          .maps['inverse_variance']!;
        expectClose(alone.dataSync(), together.slice([row], [1]).dataSync(), { absolute: 1e-5 });
      }
    });
  });

  it('blurs as strongly as it can, without NaN, an image whose every s falls to 0', () => {
    tf.tidy(() => {
      // every s is better smaller: a loss that grows as the contrast falls
      const images = noiseTensor(3, [1, 6, 6, 3]);
      const dull = victimThatLoses((of) => tf.mul(tf.sum(tf.square(tf.sub(of, 0.5)), [1, 2, 3]), -1e4));
      const { images: blurred, maps } = attack(images, dull, { step_size: 1e4 });
      expect(maps['inverse_variance']!.dataSync().every((s) => s >= 0)).to.equal(true);
      expect(blurred.dataSync().every((v) => v >= 0 && v <= 1)).to.equal(true);
    });
  });
});

function nothing(images: tf.Tensor4D): tf.Tensor1D {
  return tf.mul(tf.sum(images, [1, 2, 3]), 0);
}

describe('settings of the blur attack of the released code', () => {
  it('as shipped are those of the released code, and accepted', () => {
    const { name, ...settings } = shippedSettings('generator', 'blur-released');
    expect(name).to.equal('blur-released');
    expect(settings).to.deep.equal({ k: 3, length: 100, steps: 1, step_size: 10 / 16, goal: 'true-label' });
    expect(blurReleased.check!(settings as unknown as Settings, { imageSize: 96 })).to.deep.equal([]);
    expect(blurReleased.check!({ ...BASE, k: 9 }, { imageSize: 4 }).map(({ key }) => key)).to.deep.equal([
      'k',
    ]);
  });
});
