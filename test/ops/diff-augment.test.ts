import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { DRAWS, diffAugment, type DiffAugmentation } from '../../src/ops/diff-augment.ts';
import { createRng } from '../../src/ops/random.ts';

const RECIPE: DiffAugmentation = {
  ...{ colour_probability: 0.7, brightness: 0.25, saturation: 1, contrast: 0.5 },
  ...{ translation_probability: 0.5, translation: 0.125, cutout_probability: 0.5, cutout: 0.5 },
};
/** Nothing happens: every gate is at its last value. */
const STILL = [0.999, 0, 0.5, 0.999, 0, 0, 0.999, 0, 0];

const random = (shape: number[], seed = 1): tf.Tensor4D =>
  createRng(seed, 'test').uniform(shape) as tf.Tensor4D;
/** One image under the draws that are named, the rest still. */
function seen(image: tf.Tensor4D, draws: Readonly<Record<number, number>>, settings = RECIPE): number[] {
  const row = STILL.map((value, i) => draws[i] ?? value);
  return tf.tidy(() => [...diffAugment(image, tf.tensor2d([row]), settings).dataSync()]);
}
const close = (got: readonly number[], wanted: readonly number[]): void => {
  expect(got).to.have.length(wanted.length);
  got.forEach((value, i) => expect(value).to.be.closeTo(wanted[i]!, 1e-6));
};

describe('ops/diff-augment', () => {
  const pixels = [0.2, 0.4, 0.6, 0.1, 0.5, 0.9];
  const two = tf.tensor4d(pixels, [1, 1, 2, 3]);
  after(() => two.dispose());

  it('no gate open: the same images', () => close(seen(two, {}), pixels));

  it('colour: one of brightness, saturation, contrast, by hand', () => {
    // amount 0.9 is 0.8 of the strength upwards
    close(
      seen(two, { 0: 0, 1: 0.1, 2: 0.9 }),
      pixels.map((v) => Math.min(1, v + 0.2)),
    );
    close(seen(two, { 0: 0, 1: 0.4, 2: 0.9 }), [0.04, 0.4, 0.76, 0, 0.5, 1]); // channel means 0.4 and 0.5, factor 1.8
    const mean = 0.45;
    close(
      seen(two, { 0: 0, 1: 0.9, 2: 0.9 }),
      pixels.map((v) => Math.min(1, Math.max(0, mean + 1.4 * (v - mean)))),
    );
    close(seen(two, { 0: 0, 1: 0.4, 2: 0 }), [0.4, 0.4, 0.4, 0.5, 0.5, 0.5]); // saturation to nothing
  });

  it('translation: whole pixels right and down, grey where nothing is', () => {
    const image = tf.tensor4d(
      Array.from({ length: 8 * 8 * 3 }, (_, i) => (i % 97) / 97),
      [1, 8, 8, 3],
    );
    const settings = { ...RECIPE, translation: 0.25 }; // 2 pixels
    const values = image.dataSync();
    // floor(0.99 · 5) − 2 = 2 right, floor(0.3 · 5) − 2 = −1 down
    const got = seen(image, { 3: 0, 4: 0.99, 5: 0.3 }, settings);
    const wanted = Array.from({ length: 8 * 8 * 3 }, (_, i) => {
      const [c, x, y] = [i % 3, Math.floor(i / 3) % 8, Math.floor(i / 24)];
      return x - 2 < 0 || y + 1 > 7 ? 0.5 : values[24 * (y + 1) + 3 * (x - 2) + c]!;
    });
    image.dispose();
    close(got, wanted);
  });

  it('cutout: a square of half the side, cut by the border', () => {
    const image = tf.ones([1, 8, 8, 3]) as tf.Tensor4D;
    // side 4; floor(0 · 9) − 2 = −2 … 1 along x, floor(0.6 · 9) − 2 = 3 … 6 along y
    const got = seen(image, { 6: 0, 7: 0, 8: 0.6 });
    image.dispose();
    const wanted = Array.from({ length: 8 * 8 * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % 8, Math.floor(i / 24)];
      return x < 2 && y >= 3 && y < 7 ? 0.5 : 1;
    });
    close(got, wanted);
  });

  it('each image by its own row, within [0, 1], no tensor left', () => {
    const images = random([6, 8, 8, 3]);
    const draws = createRng(3, 'draws').uniform([6, DRAWS]) as tf.Tensor2D;
    const before = tf.memory().numTensors;
    const all = diffAugment(images, draws, RECIPE);
    expect(tf.memory().numTensors).to.equal(before + 1);
    const values = [...all.dataSync()];
    expect(Math.min(...values)).to.be.at.least(0);
    expect(Math.max(...values)).to.be.at.most(1);
    for (let i = 0; i < 6; i++) {
      const alone = tf.tidy(() => [
        ...diffAugment(tf.slice(images, i, 1), tf.slice(draws, i, 1), RECIPE).dataSync(),
      ]);
      close(alone, values.slice(i * 192, (i + 1) * 192));
    }
    tf.dispose([images, draws, all]);
  });

  it('gradient: as differences say, through colour, shift and cover', () => {
    tf.tidy(() => {
      // away from the ends of the range, where clipping has a corner
      const images = tf.add(tf.mul(random([4, 6, 6, 3], 5), 0.2), 0.4) as tf.Tensor4D;
      const mild = { ...RECIPE, brightness: 0.1, saturation: 0.3, contrast: 0.3, translation: 0.34 };
      const draws = tf.concat(
        [
          tf.tensor2d([STILL.map((v, i) => ({ 0: 0, 1: 0.5, 3: 0, 4: 0.9, 5: 0.1 })[i] ?? v)]),
          tf.tensor2d([STILL.map((v, i) => ({ 0: 0, 1: 0.9, 6: 0, 7: 0.4, 8: 0.4 })[i] ?? v)]),
          createRng(8, 'draws').uniform([2, DRAWS]) as tf.Tensor2D,
        ],
        0,
      ) as tf.Tensor2D;
      const [weights, along] = [random([4, 6, 6, 3], 6), tf.sub(random([4, 6, 6, 3], 7), 0.5)];
      const f = (x: tf.Tensor): tf.Scalar =>
        tf.sum(tf.mul(diffAugment(x as tf.Tensor4D, draws, mild), weights));
      const slope = tf.sum(tf.mul(tf.grad(f)(images), along)).dataSync()[0]!;
      const h = 0.05; // piecewise linear in the images: a large step costs nothing
      const moved = (by: number): number => f(tf.add(images, tf.mul(along, by))).dataSync()[0]!;
      expect((moved(h) - moved(-h)) / (2 * h)).to.be.closeTo(slope, 2e-3 * Math.abs(slope) + 1e-3);
    });
  });
});
