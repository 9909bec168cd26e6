import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { gaussianBlur, rings, ringDifferences } from '../../src/ops/gaussian-blur.ts';
import { onEachEngine } from '../support/engines.ts';
import { naiveBlur, type Shape4 } from '../support/naive-blur.ts';
import {
  bits,
  centralDifferences,
  expectClose,
  expectNoLeak,
  noise,
  noiseTensor,
} from '../support/tensors.ts';

interface SciPyCase {
  readonly k: number;
  readonly sigma: number;
  readonly shape: readonly [number, number];
  readonly image: readonly number[];
  readonly blurred: readonly number[];
}

const SCIPY = JSON.parse(
  readFileSync(new URL('../fixtures/ops/blur.json', import.meta.url), 'utf8'),
) as readonly SciPyCase[];

const SHAPE: Shape4 = [2, 6, 7, 3];
const SIZE = 2 * 6 * 7 * 3;
const PIXELS = 2 * 6 * 7;
const tensor = (values: ArrayLike<number>, shape: readonly number[]): tf.Tensor4D =>
  tf.tensor4d(Float32Array.from(values), [...shape] as [number, number, number, number]);

describe('rings of a blur window', () => {
  it('hold every tap but the centre, by distance', () => {
    expect(rings(3)).to.deep.equal({ squaredDistances: [1, 2], taps: [4, 4] });
    expect(rings(5)).to.deep.equal({ squaredDistances: [1, 2, 4, 5, 8], taps: [4, 4, 4, 8, 4] });
    for (const k of [3, 5, 7, 9]) {
      expect(rings(k).taps.reduce((a, b) => a + b)).to.equal(k * k - 1);
    }
  });

  it('refuse an even, small or broken window', () => {
    for (const k of [2, 4, 1, 0, -3, 3.5, NaN]) {
      expect(() => rings(k), String(k)).to.throw(`must be an odd integer of at least 3, not ${k}`);
    }
  });
});

onEachEngine('pixel-wise Gaussian blur', () => {
  const blurred = (x: ArrayLike<number>, shape: Shape4, sigma: ArrayLike<number>, k: number): Float32Array =>
    tf.tidy(() =>
      gaussianBlur(
        tensor(x, shape),
        tensor(sigma, [sigma.length === shape[1] * shape[2] ? 1 : shape[0], shape[1], shape[2], 1]),
        k,
      ).dataSync<'float32'>(),
    );

  for (const { k, sigma, shape, image, blurred: expected } of SCIPY) {
    it(`is SciPy’s Gaussian filter where σ is ${sigma} everywhere, k = ${k}`, () => {
      const [h, w] = shape;
      const map = new Float32Array(h * w).fill(sigma);
      expectClose(blurred(image, [1, h, w, 1], map, k), expected, { absolute: 3e-7 });
    });
  }

  for (const k of [3, 5, 7, 9]) {
    it(`gives every pixel its own σ, k = ${k}`, () => {
      const x = noise(k, SIZE);
      const sigma = noise(k + 1, PIXELS, 0.06, 3);
      expectClose(blurred(x, SHAPE, sigma, k), naiveBlur(x, SHAPE, sigma, k), { absolute: 5e-7 });
    });
  }

  it('takes one map for the whole batch', () => {
    const x = noise(1, SIZE);
    const sigma = noise(2, PIXELS / 2, 0.1, 2);
    expectClose(blurred(x, SHAPE, sigma, 5), naiveBlur(x, SHAPE, sigma, 5), { absolute: 5e-7 });
  });

  it('gives the image back bit for bit for σ from 0 to 0.05, and without NaN for the smallest', () => {
    const x = noise(4, SIZE);
    for (const sigma of [0, 1e-38, 1e-20, 1e-4, 0.01, 0.05]) {
      expect(bits(blurred(x, SHAPE, new Float32Array(PIXELS).fill(sigma), 7))).to.deep.equal(bits(x));
    }
  });

  it('leaves a constant image as it is', () => {
    for (const value of [0, 1]) {
      const x = new Float32Array(SIZE).fill(value);
      expect(bits(blurred(x, SHAPE, noise(5, PIXELS, 0, 4), 7))).to.deep.equal(bits(x));
    }
    const grey = new Float32Array(SIZE).fill(0.3);
    expectClose(blurred(grey, SHAPE, noise(5, PIXELS, 0, 4), 7), grey, { absolute: 2e-7 });
  });

  it('stays in [0, 1] exactly on images of extremes', () => {
    for (let seed = 0; seed < 20; seed++) {
      const x = noise(seed, SIZE).map((v) => (v < 0.05 ? v : v < 0.3 ? 0 : 1));
      const y = blurred(x, SHAPE, noise(seed + 50, PIXELS, 0, 5), 9 - 2 * (seed % 4) || 3);
      expect(y.every((v) => v >= 0 && v <= 1)).to.equal(true);
    }
  });

  it('spreads a single bright pixel into the kernel itself, whatever its channel', () => {
    const [k, size, sigma] = [5, 9, 1.1];
    const x = new Float32Array(size * size * 2);
    x[(4 * size + 4) * 2 + 1] = 1;
    const y = blurred(x, [1, size, size, 2], new Float32Array(size * size).fill(sigma), k);
    const weight = (u: number, v: number): number =>
      Math.max(Math.abs(u), Math.abs(v)) > 2 ? 0 : Math.exp(-(u * u + v * v) / (2 * sigma * sigma));
    let norm = 0;
    for (let u = -2; u <= 2; u++) for (let v = -2; v <= 2; v++) norm += weight(u, v);
    const expected = Float32Array.from(x, (_, i) => {
      const pixel = Math.floor(i / 2);
      return i % 2 === 0 ? 0 : weight(Math.floor(pixel / size) - 4, (pixel % size) - 4) / norm;
    });
    expectClose(y, expected, { absolute: 1e-7 });
  });

  it('reflects at the border without repeating the edge', () => {
    // one row of light at the very edge: its neighbour inside is seen twice
    const y = blurred([0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0], [1, 3, 4, 1], new Float32Array(12).fill(1e6), 3);
    expectClose(
      y,
      [2, 1, 1, 0, 2, 1, 1, 0, 2, 1, 1, 0].map((n) => n / 3),
      { absolute: 1e-6 },
    );
  });

  it('needs images larger than the window’s radius, and says so', () => {
    tf.tidy(() => {
      expect(() => ringDifferences(tf.zeros([1, 3, 8, 3]), 7)).to.throw(
        'images of 3×8 are too small for a blur window of 7: reflection needs more than 3 pixels',
      );
      expect(ringDifferences(tf.zeros([1, 4, 4, 3]), 7).differences.shape).to.deep.equal([3, 1, 16, 9]);
    });
  });

  describe('gradients against central differences of the equation', () => {
    const shape: Shape4 = [2, 4, 5, 2];
    const x = noise(21, 80);
    const sigma = noise(22, 40, 0.3, 2.5);
    const dy = noise(23, 80, -1, 1);
    const k = 5;
    const loss = (xs: ArrayLike<number>, sigmas: ArrayLike<number>): number =>
      naiveBlur(xs, shape, sigmas, k).reduce((sum, y, i) => sum + y * dy[i]!, 0);
    const gradients = (): [Float32Array, Float32Array] =>
      tf.tidy(() => {
        const [dx, dsigma] = tf.grads((images, map) =>
          gaussianBlur(images as tf.Tensor4D, map as tf.Tensor4D, k),
        )([tensor(x, shape), tensor(sigma, [2, 4, 5, 1])], tensor(dy, shape));
        expect(dsigma!.shape).to.deep.equal([2, 4, 5, 1]);
        return [dx!.dataSync<'float32'>(), dsigma!.dataSync<'float32'>()];
      });

    it('in σ', () => {
      const expected = centralDifferences((values) => loss(x, values), sigma);
      expectClose(gradients()[1], expected, { absolute: 2e-6, relative: 1e-5 });
    });

    it('in the image', () => {
      const expected = centralDifferences((values) => loss(values, sigma), x);
      expectClose(gradients()[0], expected, { absolute: 1e-6, relative: 1e-5 });
    });

    it('in σ is finite and 0 where the blur is the identity', () => {
      tf.tidy(() => {
        const gradient = tf.grad((map) =>
          tf.sum(tf.square(gaussianBlur(tensor(x, shape), map as tf.Tensor4D, k))),
        );
        for (const value of [0, 1e-30, 0.01, 0.05]) {
          const values = gradient(tf.fill([2, 4, 5, 1], value)).dataSync();
          expect(
            values.every((v) => v === 0),
            String(value),
          ).to.equal(true);
        }
      });
    });
  });

  it('leaks no tensor, forward or backward', () => {
    const x = noiseTensor(1, SHAPE);
    const sigma = noiseTensor(2, [2, 6, 7, 1], 0.1, 2);
    expectNoLeak(() => gaussianBlur(x, sigma, 5).dispose());
    expectNoLeak(() => {
      ringDifferences(x, 5).differences.dispose();
    });
    expectNoLeak(() =>
      tf.dispose(tf.grads((a, b) => gaussianBlur(a as tf.Tensor4D, b as tf.Tensor4D, 5))([x, sigma])),
    );
    tf.dispose([x, sigma]);
  });
});
