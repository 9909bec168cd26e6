import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gaussianBlur } from '../../src/ops/gaussian-blur.ts';
import { pixelKernel, squaredDistances } from '../../src/ops/pixel-kernel.ts';
import { onEachEngine } from '../support/engines.ts';
import {
  bits,
  centralDifferences,
  expectClose,
  expectNoLeak,
  noise,
  noiseTensor,
} from '../support/tensors.ts';

type Shape4 = [number, number, number, number];

const SHAPE: Shape4 = [2, 6, 7, 3];
const PIXELS = 2 * 6 * 7;
const SIZE = PIXELS * 3;

/** The equation in float64, tap by tap. */
function naive(x: ArrayLike<number>, [n, h, w, c]: Shape4, weights: ArrayLike<number>, k: number): number[] {
  const radius = (k - 1) / 2;
  const mirrored = (at: number, length: number): number =>
    at < 0 ? -at : at >= length ? 2 * length - 2 - at : at;
  const y = new Array<number>(n * h * w * c).fill(0);
  for (let image = 0; image < n; image++) {
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < w; j++) {
        const pixel = (image * h + i) * w + j;
        for (let tap = 0; tap < k * k; tap++) {
          const row = mirrored(i + Math.floor(tap / k) - radius, h);
          const column = mirrored(j + (tap % k) - radius, w);
          for (let channel = 0; channel < c; channel++) {
            y[pixel * c + channel]! +=
              weights[pixel * k * k + tap]! * x[((image * h + row) * w + column) * c + channel]!;
          }
        }
      }
    }
  }
  return y;
}

const tensor = (values: ArrayLike<number>, shape: Shape4): tf.Tensor4D =>
  tf.tensor4d(Float32Array.from(values), shape);
const filtered = (x: ArrayLike<number>, shape: Shape4, weights: ArrayLike<number>, k: number): Float32Array =>
  tf.tidy(() => {
    const [n, h, w] = shape;
    return pixelKernel(tensor(x, shape), tensor(weights, [n, h, w, k * k])).dataSync<'float32'>();
  });

describe('taps of a window', () => {
  it('have the squared distances u² + v², row by row', () => {
    expect(squaredDistances(3)).to.deep.equal([2, 1, 2, 1, 0, 1, 2, 1, 2]);
    expect(squaredDistances(5).slice(0, 7)).to.deep.equal([8, 5, 4, 5, 8, 5, 2]);
  });
});

onEachEngine('a kernel per pixel', () => {
  it('is the weighted sum of each pixel’s own window, borders reflected', () => {
    for (const k of [3, 5, 7]) {
      const [x, weights] = [noise(1, SIZE), noise(k, PIXELS * k * k, -1, 1)];
      expectClose(filtered(x, SHAPE, weights, k), naive(x, SHAPE, weights, k), { absolute: 5e-6 });
    }
  });

  it('with one at the centre is the identity, with one elsewhere a shift', () => {
    const x = noise(2, SIZE);
    const only = (tap: number): Float32Array =>
      Float32Array.from({ length: PIXELS * 9 }, (_, i) => (i % 9 === tap ? 1 : 0));
    expect(bits(filtered(x, SHAPE, only(4), 3))).to.deep.equal(bits(x));
    // the tap to the right of the centre fetches the pixel to the right; beyond the edge that is the one to the left
    const [row, shifted] = [
      [1, 2, 3, 4],
      [2, 3, 4, 3],
    ];
    const image = [row, row, row].flat();
    const right = Float32Array.from({ length: 12 * 9 }, (_, i) => (i % 9 === 5 ? 1 : 0));
    expect([...filtered(image, [1, 3, 4, 1], right, 3)]).to.deep.equal([shifted, shifted, shifted].flat());
  });

  it('with Gaussian weights is the Gaussian blur', () => {
    const [k, sigma] = [5, 0.9];
    const weights = squaredDistances(k).map((d) => Math.exp(-d / (2 * sigma * sigma)));
    const sum = weights.reduce((a, b) => a + b);
    const x = noise(3, SIZE);
    const everywhere = Float32Array.from({ length: PIXELS * k * k }, (_, i) => weights[i % (k * k)]! / sum);
    const expected = tf.tidy(() =>
      gaussianBlur(tensor(x, SHAPE), tf.fill([2, 6, 7, 1], sigma), k).dataSync(),
    );
    expectClose(filtered(x, SHAPE, everywhere, k), expected, { absolute: 1e-6 });
  });

  describe('gradients against central differences of the equation', () => {
    const shape: Shape4 = [2, 3, 4, 2];
    const [x, weights, dy] = [noise(4, 48), noise(5, 24 * 9, -1, 1), noise(6, 48, -1, 1)];
    const loss = (xs: ArrayLike<number>, ws: ArrayLike<number>): number =>
      naive(xs, shape, ws, 3).reduce((sum, y, i) => sum + y * dy[i]!, 0);
    const gradients = (): [Float32Array, Float32Array] =>
      tf.tidy(() => {
        const [dx, dw] = tf.grads((a, b) => pixelKernel(a as tf.Tensor4D, b as tf.Tensor4D))(
          [tensor(x, shape), tensor(weights, [2, 3, 4, 9])],
          tensor(dy, shape),
        );
        return [dx!.dataSync<'float32'>(), dw!.dataSync<'float32'>()];
      });

    it('in the weights', () => {
      expectClose(
        gradients()[1],
        centralDifferences((ws) => loss(x, ws), weights),
        { absolute: 1e-6 },
      );
    });

    it('in the image', () => {
      expectClose(
        gradients()[0],
        centralDifferences((xs) => loss(xs, weights), x),
        { absolute: 2e-6 },
      );
    });
  });

  it('refuses what is no kernel, no match, or too large for the image, and says so', () => {
    tf.tidy(() => {
      const images = tf.zeros([1, 3, 8, 3]) as tf.Tensor4D;
      const given = (shape: Shape4) => () => pixelKernel(images, tf.zeros(shape));
      for (const taps of [1, 4, 8, 16]) {
        expect(given([1, 3, 8, taps])).to.throw(`${taps} weights a pixel are no k×k kernel`);
      }
      expect(given([2, 3, 8, 9])).to.throw('needs weights [1,3,8,k²], not [2,3,8,9]');
      expect(given([1, 3, 8, 49])).to.throw(
        'images of 3×8 are too small for a kernel of 7: reflection needs more than 3 pixels',
      );
    });
  });

  it('leaks no tensor, forward or backward', () => {
    const [x, weights] = [noiseTensor(1, SHAPE), noiseTensor(2, [2, 6, 7, 9])];
    expectNoLeak(() => pixelKernel(x, weights).dispose());
    expectNoLeak(() =>
      tf.dispose(tf.grads((a, b) => pixelKernel(a as tf.Tensor4D, b as tf.Tensor4D))([x, weights])),
    );
    tf.dispose([x, weights]);
  });
});
