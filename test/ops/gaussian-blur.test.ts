import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import {
  blurWith,
  blurWithInverseVariance,
  gaussianBlur,
  ringDifferences,
  rings,
} from '../../src/ops/gaussian-blur.ts';
import { reflectPad } from '../../src/ops/reflect-pad.ts';
import { on, onEachEngine, onTensorFlow } from '../support/engines.ts';
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

/** The blur op by op, ring by ring, with nothing but TensorFlow.js's own gradients. */
function differentiatedOpByOp(images: tf.Tensor4D, sigma: tf.Tensor4D, k: number): tf.Tensor4D {
  const { squaredDistances, taps } = rings(k);
  const radius = (k - 1) / 2;
  const exponent = tf.div(-0.5, tf.square(tf.maximum(sigma, 0.05)));
  const padded = reflectPad(images, radius);
  let numerator: tf.Tensor = images;
  let norm: tf.Tensor = tf.onesLike(exponent);
  squaredDistances.forEach((d, i) => {
    const [channels] = images.shape.slice(3);
    const filter = Float32Array.from({ length: k * k * channels! }, (_, at) => {
      const tap = Math.floor(at / channels!);
      return (Math.floor(tap / k) - radius) ** 2 + ((tap % k) - radius) ** 2 === d ? 1 : 0;
    });
    const sum = tf.depthwiseConv2d(padded, tf.tensor4d(filter, [k, k, channels!, 1]), 1, 'valid');
    const weight = tf.exp(tf.mul(exponent, d));
    numerator = tf.add(numerator, tf.mul(sum, weight));
    norm = tf.add(norm, tf.mul(weight, taps[i]!));
  });
  return tf.div(numerator, norm) as tf.Tensor4D;
}

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

onEachEngine('pixel-wise Gaussian blur', (engine) => {
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

  it('gives every channel its own σ, if the map has channels', () => {
    const x = noise(8, SIZE);
    const sigma = noise(9, SIZE, 0, 3);
    const y = tf.tidy(() => gaussianBlur(tensor(x, SHAPE), tensor(sigma, SHAPE), 5).dataSync<'float32'>());
    const one = (values: Float32Array, channel: number): Float32Array =>
      values.filter((_, i) => i % 3 === channel);
    for (const channel of [0, 1, 2]) {
      const expected = naiveBlur(one(x, channel), [2, 6, 7, 1], one(sigma, channel), 5);
      expectClose(one(y, channel), expected, { absolute: 5e-7 });
    }
  });

  it('treats all channels alike under a map of one channel', () => {
    const x = noise(8, SIZE);
    const sigma = noise(9, PIXELS, 0, 3);
    const repeated = sigma.reduce<number[]>((all, value) => [...all, value, value, value], []);
    const y = tf.tidy(() => gaussianBlur(tensor(x, SHAPE), tensor(repeated, SHAPE), 5).dataSync<'float32'>());
    expectClose(y, blurred(x, SHAPE, sigma, 5), { absolute: 1e-7 });
    const grey = x.map((_, i) => x[i - (i % 3)]!);
    const still = blurred(grey, SHAPE, sigma, 5);
    expect(bits(still)).to.deep.equal(bits(still.map((_, i) => still[i - (i % 3)]!)));
  });

  it('refuses a map that does not fit its images, with both shapes', () => {
    tf.tidy(() => {
      const images = tf.zeros(SHAPE as [number, number, number, number]) as tf.Tensor4D;
      for (const shape of [
        [2, 6, 7, 2],
        [3, 6, 7, 1],
        [2, 7, 6, 1],
        [2, 1, 1, 1],
      ] as const) {
        expect(() => gaussianBlur(images, tf.ones([...shape]), 3), String(shape)).to.throw(
          `[${shape.join(', ')}] does not fit images of [2, 6, 7, 3]`,
        );
      }
    });
  });

  it('by inverse variance is the blur of that variance; 0 is the mean of the window', () => {
    const x = noise(8, SIZE);
    const by = (inverse: Float32Array): Float32Array =>
      tf.tidy(() =>
        blurWithInverseVariance(
          ringDifferences(tensor(x, SHAPE), 5),
          tensor(inverse, [2, 6, 7, 1]),
        ).dataSync<'float32'>(),
      );
    const sigma = noise(9, PIXELS, 0.2, 3);
    expectClose(by(sigma.map((s) => 1 / s ** 2)), naiveBlur(x, SHAPE, sigma, 5), { absolute: 5e-7 });
    const widest = new Float32Array(PIXELS).fill(1e30);
    expectClose(by(new Float32Array(PIXELS)), naiveBlur(x, SHAPE, widest, 5), { absolute: 5e-7 });
    expect(bits(by(widest))).to.deep.equal(bits(x));
  });

  it('weighs the taps of every pixel to 1 in all', () => {
    // the kernel's taps are the gradient of one output; summed over all outputs they are counted once each
    const dy = noise(31, SIZE, -1, 1);
    const taps = tf.tidy(() =>
      tf
        .grad((x) => gaussianBlur(x as tf.Tensor4D, tensor(noise(32, PIXELS, 0, 4), [2, 6, 7, 1]), 7))(
          tensor(noise(33, SIZE), SHAPE),
          tensor(dy, SHAPE),
        )
        .dataSync<'float32'>(),
    );
    for (const channel of [0, 1, 2]) {
      const sum = (values: Float32Array): number =>
        values.reduce((all, value, i) => all + (i % 3 === channel ? value : 0), 0);
      expect(sum(taps)).to.be.closeTo(sum(dy), 1e-5);
    }
  });

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
      // 0, 1, values between, and the numbers nearest to 1: what rounding would push out
      const x = noise(seed, SIZE).map((v) =>
        v < 0.05 ? v : v < 0.3 ? 0 : v < 0.6 ? 1 - Math.ceil(v * 40) * 2 ** -24 : 1,
      );
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
      expect(ringDifferences(tf.zeros([1, 4, 4, 3]), 7).differences.shape).to.deep.equal([1, 16, 3, 9]);
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

    for (const [name, mapShape] of Object.entries({
      'a map an image': [2, 4, 5, 1],
      'one map for all images': [1, 4, 5, 1],
      'a map a channel': [2, 4, 5, 2],
      'one map a channel for all images': [1, 4, 5, 2],
    })) {
      it(`equal what TensorFlow.js derives op by op: ${name}`, () => {
        tf.tidy(() => {
          const size = mapShape.reduce((a, b) => a * b);
          const inputs = [tensor(x, shape), tensor(noise(24, size, 0, 2.5), mapShape)];
          const of = (blur: typeof gaussianBlur, window: number): Float32Array[] => {
            const { value, grads } = tf.valueAndGrads((images, map) =>
              blur(images as tf.Tensor4D, map as tf.Tensor4D, window),
            )(inputs, tensor(dy, shape));
            return [value, ...grads].map((result) => result.dataSync<'float32'>());
          };
          for (const window of [3, 5, 7]) {
            const [value, dx, dmap] = of(gaussianBlur, window);
            const [plainValue, plainDx, plainDmap] = of(differentiatedOpByOp, window);
            expectClose(value!, plainValue!, { absolute: 3e-7 });
            expectClose(dx!, plainDx!, { absolute: 1e-6 });
            expectClose(dmap!, plainDmap!, { absolute: 3e-6, relative: 1e-5 });
          }
        });
      });
    }

    it('in the inverse variance, down to 0', () => {
      const by = (inverse: Float32Array): Float32Array =>
        tf.tidy(() =>
          tf
            .grad((map) => blurWithInverseVariance(ringDifferences(tensor(x, shape), k), map as tf.Tensor4D))(
              tensor(inverse, [2, 4, 5, 1]),
              tensor(dy, shape),
            )
            .dataSync<'float32'>(),
        );
      const inverse = noise(25, 40, 0.01, 3);
      const expected = centralDifferences(
        (values) =>
          loss(
            x,
            values.map((s) => 1 / Math.sqrt(s)),
          ),
        inverse,
      );
      expectClose(by(inverse), expected, { absolute: 3e-6, relative: 1e-5 });
      expectClose(by(new Float32Array(40)), by(new Float32Array(40).fill(1e-6)), { absolute: 1e-4 });
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

  describe('costs no more than it must', () => {
    const k = 7;
    const inputs = (): readonly [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D] => [
      noiseTensor(1, SHAPE),
      noiseTensor(2, [2, 6, 7, 1], 0.1, 2),
      noiseTensor(3, SHAPE, -1, 1),
    ];
    /** Kernels that ran, by name; `tensors` = those whose result holds a value for every ring, pixel and channel. */
    const kernels = async (
      body: () => void,
    ): Promise<{ names: string[]; tensors: number; bytes: number }> => {
      const { kernels: ran, peakBytes } = await tf.profile(() => {
        tf.tidy(() => {
          body();
        });
        return [];
      });
      const perRing = SIZE * rings(k).taps.length;
      // a view of a tensor is none of its own, and a gradient's wrapper no kernel
      const own = ran.filter(({ name }) => name !== 'Reshape' && name !== 'Identity');
      const sizes = own.map(({ outputShapes }) => (outputShapes[0] ?? []).reduce((a, b) => a * b, 1));
      return {
        names: own.map(({ name }) => name),
        tensors: sizes.filter((size) => size === perRing).length,
        bytes: peakBytes,
      };
    };
    const convolutions = (names: readonly string[]): string[] =>
      names.filter((name) => /conv|ring/i.test(name)).sort();

    // TensorFlow has a kernel of its own in the place of the convolution.
    const preparing = engine === 'tensorflow' ? 'RingDifferences' : 'DepthwiseConv2dNative';

    it('one convolution prepares the images, whatever number of rings there are', async () => {
      const [x] = inputs();
      const { names } = await kernels(() => ringDifferences(x, k));
      expect(convolutions(names)).to.deep.equal([preparing]);
    });

    it('a step of an attack: one product with the rings forward, one for σ’s gradient, and no convolution', async () => {
      const [x, sigma, dy] = inputs();
      const prepared = ringDifferences(x, k);
      const forward = await kernels(() => blurWith(prepared, sigma));
      const step = await kernels(() => tf.grad((map) => blurWith(prepared, map as tf.Tensor4D))(sigma, dy));
      // There it has one each way for the whole of the blur, which makes no tensor a ring at all.
      const own = engine === 'tensorflow';
      expect(convolutions(step.names)).to.deep.equal(own ? ['RingBlur', 'RingBlurMapGradient'] : []);
      expect(forward.tensors).to.equal(own ? 0 : 1);
      expect(step.tensors).to.equal(own ? 0 : 2);
    });

    it('the images’ gradient: one product with the rings and the convolution’s own gradient, not its kernel’s, nor σ’s', async () => {
      const [x, sigma, dy] = inputs();
      const { names } = await kernels(() =>
        tf.grad((images) => gaussianBlur(images as tf.Tensor4D, sigma, k))(x, dy),
      );
      const blurring = engine === 'tensorflow' ? ['RingBlur'] : [];
      expect(convolutions(names)).to.have.members([
        preparing,
        ...blurring,
        'DepthwiseConv2dNativeBackpropInput',
      ]);
      const both = await kernels(() =>
        tf.grads((images, map) => gaussianBlur(images as tf.Tensor4D, map as tf.Tensor4D, k))([x, sigma], dy),
      );
      expect(names.length).to.be.below(both.names.length);
    });

    it('runs a third of the kernels that TensorFlow.js derives for σ’s gradient', async () => {
      const [x, sigma, dy] = inputs();
      const by = (blur: typeof gaussianBlur): ReturnType<typeof kernels> =>
        kernels(() => tf.grad((map) => blur(x, map as tf.Tensor4D, k))(sigma, dy));
      const [own, derived] = [await by(gaussianBlur), await by(differentiatedOpByOp)];
      expect(own.names.length).to.be.below(derived.names.length / 3);
      expect(own.bytes).to.be.below(derived.bytes);
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

onTensorFlow('the fast ring differences', () => {
  const shapes = fc.record({
    k: fc.constantFrom(3, 5, 7),
    shape: fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 4, max: 40 }),
      fc.integer({ min: 4, max: 40 }),
      fc.integer({ min: 1, max: 4 }),
    ),
  });

  it('are the plain ones, for any images and window', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ k, shape }) => {
        const differences = (): Float32Array =>
          tf.tidy(() => ringDifferences(noiseTensor(1, shape), k).differences.dataSync<'float32'>().slice());
        // a ring holds at most eight taps of [0, 1)
        expectClose(differences(), await on('cpu', differences), { absolute: 4e-6 });
      }),
      { numRuns: 60 },
    );
  });

  it('give the same bits every time', () => {
    const x = noiseTensor(1, [3, 37, 50, 3]);
    const runs = Array.from({ length: 3 }, () =>
      tf.tidy(() => bits(ringDifferences(x, 7).differences.dataSync())),
    );
    for (const run of runs) expect(run).to.deep.equal(runs[0]);
    x.dispose();
  });

  /** The blur of noise and its gradients, for a map of these sides, which may be shared by images or channels. */
  const blurAndGradients = (shape: Shape4, mapShape: Shape4, k: number): Float32Array[] =>
    tf.tidy(() => {
      const { value, grads } = tf.valueAndGrads((x, map) =>
        gaussianBlur(x as tf.Tensor4D, map as tf.Tensor4D, k),
      )([noiseTensor(1, shape), noiseTensor(2, mapShape, 0, 2.5)], noiseTensor(3, shape, -1, 1));
      return [value, ...grads].map((result) => result.dataSync<'float32'>().slice());
    });

  it('make the plain blur and its gradients, for any images, window and map', async () => {
    const maps = fc.record({ anImage: fc.boolean(), aChannel: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(shapes, maps, async ({ k, shape }, { anImage, aChannel }) => {
        const [n, height, width, channels] = shape;
        const map: Shape4 = [anImage ? n : 1, height, width, aChannel ? channels : 1];
        const fast = blurAndGradients(shape, map, k);
        const plain = await on('cpu', () => blurAndGradients(shape, map, k));
        expectClose(fast[0]!, plain[0]!, { absolute: 3e-7 });
        expectClose(fast[1]!, plain[1]!, { absolute: 2e-6, relative: 1e-5 });
        expectClose(fast[2]!, plain[2]!, { absolute: 2e-5, relative: 1e-4 });
      }),
      { numRuns: 40 },
    );
  });

  it('make the same blur and gradients, to the bit, every time, of maps that take several threads', () => {
    const run = (): number[][] => blurAndGradients([3, 90, 70, 3], [1, 90, 70, 1], 5).map(bits);
    const first = run();
    for (let i = 0; i < 3; i++) expect(run()).to.deep.equal(first);
  });
});
