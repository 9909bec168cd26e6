import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { silu } from '../../src/ops/activations.ts';
import { batchNormInference, batchNormTraining } from '../../src/ops/batch-norm.ts';
import { conv2d } from '../../src/ops/conv-layer.ts';
import { depthwiseConv2d } from '../../src/ops/depthwise.ts';
import { instanceNormLayer } from '../../src/ops/instance-norm.ts';
import { dropoutLayer } from '../../src/ops/dropout.ts';
import { INFERENCE } from '../../src/ops/layers.ts';
import { createDraws } from '../../src/ops/random.ts';
import { castTo, createCasts, FLOAT32, precisionOf, type Casts } from '../../src/ops/precision.ts';
import { spatialMean } from '../../src/ops/spatial-mean.ts';
import { doubleNearest } from '../../src/ops/upsample.ts';
import { on, onTensorFlow } from '../support/engines.ts';
import { bits, expectClose, expectNoLeak, noiseTensor } from '../support/tensors.ts';
import { rounded } from '../support/rounding.ts';

type Narrow = 'bfloat16' | 'float16';
/** Largest relative error of one rounding. */
const HALF_STEP: Readonly<Record<Narrow, number>> = { bfloat16: 2 ** -8, float16: 2 ** -11 };
const SHAPE = [3, 9, 9, 8] as const;

/** A function of an NHWC tensor and of parameters, in the precision of its casts. */
interface Case {
  readonly parameters: () => tf.Tensor[];
  readonly of: (x: tf.Tensor4D, parameters: tf.Tensor[], casts: Casts) => tf.Tensor;
  /** Roundings that a value or gradient goes through, at most. */
  readonly roundings: number;
}

const vector = (seed: number, low: number, high: number): tf.Tensor1D => noiseTensor(seed, [8], low, high);
const built = (layer: tf.layers.Layer, parameters: tf.Tensor[]): tf.layers.Layer => {
  layer.build([null, 9, 9, 8]);
  layer.setWeights(parameters);
  return layer;
};

const CASES: Readonly<Record<string, Case>> = {
  'depthwise convolution, 3×3': {
    parameters: () => [noiseTensor(2, [3, 3, 8, 1], -1, 1)],
    of: (x, [filter], casts) => depthwiseConv2d(x, casts.beside(filter as tf.Tensor4D), 2),
    roundings: 2,
  },
  'depthwise convolution, 7×7': {
    parameters: () => [noiseTensor(2, [7, 7, 8, 1], -1, 1)],
    of: (x, [filter], casts) => depthwiseConv2d(x, casts.beside(filter as tf.Tensor4D), 1),
    roundings: 2,
  },
  'stochastic depth': {
    parameters: () => [],
    of: (x) => {
      const layer = dropoutLayer({ name: 'drop', rate: 0.3, unit: 'image' });
      return layer.call(x, { ...INFERENCE, draw: createDraws(1, 'dropout').next() }) as tf.Tensor;
    },
    roundings: 1,
  },
  convolution: {
    parameters: () => [noiseTensor(2, [3, 3, 8, 5], -1, 1), noiseTensor(3, [5], -1, 1)],
    of: (x, [kernel, bias], casts) =>
      tf.add(tf.conv2d(x, casts.enter(kernel as tf.Tensor4D), 1, 'same'), casts.enter(bias!)),
    roundings: 3,
  },
  'batch norm by the batch': {
    parameters: () => [vector(2, 0.5, 2), vector(3, -1, 1)],
    of: (x, [scale, offset], casts) =>
      batchNormTraining(x, casts.beside(scale as tf.Tensor1D), casts.beside(offset as tf.Tensor1D), 1e-3).y,
    roundings: 2,
  },
  'batch norm by running statistics': {
    parameters: () => [vector(2, 0.5, 2), vector(3, -1, 1)],
    of: (x, [scale, offset], casts) => {
      const [mean, variance] = [vector(4, 0, 1), vector(5, 0.5, 2)];
      const [γ, β] = [casts.beside(scale as tf.Tensor1D), casts.beside(offset as tf.Tensor1D)];
      return batchNormInference(x, mean, variance, γ, β, 1e-3);
    },
    roundings: 2,
  },
  SiLU: { parameters: () => [], of: (x) => silu(x), roundings: 6 },
  ReLU: { parameters: () => [], of: (x) => tf.relu(x), roundings: 1 },
  'a gate': {
    parameters: () => [],
    of: (x) => tf.mul(x, tf.sigmoid(spatialMean(x))),
    roundings: 6,
  },
  'mean over pixels': { parameters: () => [], of: (x) => spatialMean(x), roundings: 2 },
  doubling: { parameters: () => [], of: (x) => doubleNearest(x), roundings: 2 },
};

onTensorFlow('networks in narrow precision', () => {
  for (const precision of ['bfloat16', 'float16'] as const) {
    describe(precision, () => {
      const casts = createCasts(precision);

      for (const [name, { parameters, of, roundings }] of Object.entries(CASES)) {
        it(`${name}: value and gradients are those of float32, rounded`, () => {
          const pass = (by: Casts): Float32Array[] =>
            tf.tidy(() => {
              // operands that the precision has exactly: only the arithmetic differs
              const exact = (tensor: tf.Tensor): tf.Tensor => castTo(castTo(tensor, precision), 'float32');
              const x = exact(noiseTensor(1, SHAPE, -1, 1));
              const own = parameters().map(exact);
              const network = (input: tf.Tensor, ...rest: tf.Tensor[]): tf.Tensor =>
                by.leave(of(by.enter(input as tf.Tensor4D), rest, by));
              const y = network(x, ...own);
              const weight = exact(noiseTensor(9, y.shape, -1, 1));
              const gradients = tf.grads(network)([x, ...own], weight);
              for (const gradient of gradients) expect(precisionOf(gradient)).to.equal('float32');
              return [y, ...gradients].map((tensor) => tensor.dataSync<'float32'>());
            });
          const expected = pass(FLOAT32);
          pass(casts).forEach((actual, i) => {
            // rounding errors of terms that cancel are as large as the terms, not as their sum
            const scale = Math.max(...expected[i]!.map(Math.abs));
            const tolerance = roundings * HALF_STEP[precision];
            expectClose(actual, expected[i]!, { absolute: tolerance * scale, relative: tolerance });
          });
          expectNoLeak(() => pass(casts));
        });
      }

      it('layers take float32 and give narrow; instance norm computes in float32 between', () => {
        tf.tidy(() => {
          const x = noiseTensor(1, SHAPE);
          const kernelInitializer = tf.initializers.heNormal({ seed: 1 });
          const config = {
            name: 'c',
            filters: 4,
            kernelSize: 3,
            strides: 1,
            useBias: true,
            kernelInitializer,
          };
          const weights = [noiseTensor(2, [3, 3, 8, 4], -1, 1), tf.zeros([4])];
          const conv = built(conv2d({ ...config, casts }), weights);
          expect(precisionOf(conv.apply(x) as tf.Tensor)).to.equal(precision);
          const norm = (by: Casts): tf.Tensor => {
            const layer = instanceNormLayer({ name: 'n', epsilon: 1e-5, casts: by });
            return built(layer, [tf.ones([8]), tf.zeros([8])]).apply(castTo(x, by.precision)) as tf.Tensor;
          };
          const [narrow, wide] = [norm(casts), norm(FLOAT32)];
          expect(precisionOf(narrow)).to.equal(precision);
          expectClose(narrow.dataSync(), wide.dataSync(), { absolute: 8 * HALF_STEP[precision] });
        });
      });

      it('gradients of many terms add up in float32: a thousand times the same is a thousand times', () => {
        tf.tidy(() => {
          const ones = (shape: [number, number, number, number]): tf.Tensor4D => tf.ones(shape);
          const x = casts.enter(ones([8, 32, 32, 4]));
          const filter = tf.grad((k) => casts.leave(tf.conv2d(x, casts.enter(k as tf.Tensor4D), 1, 'same')));
          expect(new Set(filter(ones([1, 1, 4, 4])).dataSync())).to.deep.equal(new Set([8192]));
          const inputs = tf.grad((images) =>
            casts.leave(
              tf.conv2d(casts.enter(images as tf.Tensor4D), casts.enter(ones([1, 1, 4, 4096])), 1, 'same'),
            ),
          );
          expect(new Set(inputs(ones([1, 8, 8, 4])).dataSync())).to.deep.equal(new Set([4096]));
          const bias = tf.grad((b) => casts.leave(tf.add(x, casts.enter(b))));
          expect([...bias(tf.zeros([4])).dataSync()]).to.deep.equal([8192, 8192, 8192, 8192]);
          for (const side of [3, 7]) {
            const depthwise = tf.grad((k) =>
              casts.leave(depthwiseConv2d(x, casts.beside(k as tf.Tensor4D), 1)),
            );
            const middle = (side * side - 1) / 2;
            const gradient = depthwise(ones([side, side, 4, 1])).dataSync();
            expect(gradient[middle * 4]).to.equal(8192);
          }
          const offset = tf.grad((b) =>
            casts.leave(
              batchNormTraining(x, casts.beside(tf.ones([4])), casts.beside(b as tf.Tensor1D), 1).y,
            ),
          );
          expect([...offset(tf.zeros([4])).dataSync()]).to.deep.equal([8192, 8192, 8192, 8192]);
        });
      });

      it('weights’ gradients of depthwise convolutions are never rounded', () => {
        tf.tidy(() => {
          const x = castTo(noiseTensor(1, SHAPE), precision);
          const filter = noiseTensor(2, [3, 3, 8, 1]);
          const weight = castTo(castTo(noiseTensor(3, [3, 9, 9, 8]), precision), 'float32');
          const gradient = (by: Casts): Float32Array =>
            tf
              .grad((k) =>
                by.leave(depthwiseConv2d(castTo(x, by.precision), by.beside(k as tf.Tensor4D), 1)),
              )(filter, weight)
              .dataSync<'float32'>();
          expectClose(gradient(casts), gradient(FLOAT32), { relative: 1e-5 });
        });
      });

      it('gives the same bits again', () => {
        const pass = (): number[] =>
          tf.tidy(() => {
            const kernel = casts.enter(noiseTensor(2, [3, 3, 8, 5], -1, 1));
            const network = (x: tf.Tensor): tf.Tensor =>
              casts.leave(tf.relu(tf.conv2d(casts.enter(x as tf.Tensor4D), kernel, 1, 'same')));
            return bits(tf.grad(network)(noiseTensor(1, SHAPE)).dataSync());
          });
        expect(pass()).to.deep.equal(pass());
      });
    });
  }

  describe('loss scaling', () => {
    it('keeps gradients that float16 would lose, and leaves no trace outside', () => {
      const scale = tf.variable(tf.scalar(1), false);
      const overflowed = tf.variable(tf.scalar(0), false);
      const casts = createCasts('float16', { scale, overflowed });
      const gradients = (): number[][] =>
        tf.tidy(() => {
          const network = (x: tf.Tensor, w: tf.Tensor, γ: tf.Tensor): tf.Tensor => {
            const y = tf.mul(casts.enter(x as tf.Tensor4D), casts.enter(w));
            const β = casts.beside(tf.zeros([1]) as tf.Tensor1D);
            return casts.leave(
              batchNormInference(
                y as tf.Tensor4D,
                tf.zeros([1]),
                tf.ones([1]),
                casts.beside(γ as tf.Tensor1D),
                β,
                1e-9,
              ),
            );
          };
          const tiny = tf.fill([1, 1, 1, 1], 2 ** -26); // half of float16's smallest number
          const operands = [tf.fill([1, 1, 1, 1], 3), tf.fill([1], 0.5), tf.fill([1], 2)];
          return tf
            .grads(network)(operands, tiny)
            .map((gradient) => [...gradient.dataSync()]);
        });
      expect(gradients()).to.deep.equal([[0], [0], [0]]);
      scale.assign(tf.scalar(2 ** 12));
      gradients().forEach(([value], i) => expect(value).to.be.closeTo([1, 6, 1.5][i]! * 2 ** -26, 2 ** -36));
      // and what is too large for float16 within comes out as what no step should follow
      scale.assign(tf.scalar(2 ** 60));
      for (const [value] of gradients()) expect(Number.isFinite(value)).to.equal(false);
      expect(overflowed.dataSync()[0]).to.equal(0);
      const image = tf.tidy(() => {
        const network = (x: tf.Tensor): tf.Tensor =>
          casts.leave(tf.mul(casts.images(x), casts.enter(tf.scalar(3))));
        return [
          ...tf
            .grad(network)(tf.ones([2]), tf.tensor1d([2 ** -59, 1]))
            .dataSync(),
        ];
      });
      expect(image).to.deep.equal([3 * 2 ** -59, 0]);
      expect(overflowed.dataSync()[0]).to.equal(1);
      tf.dispose([scale, overflowed]);
    });

    it('is by 1 in bfloat16, and in float32 there is nothing to do', () => {
      expect(createCasts('float32')).to.equal(FLOAT32);
      tf.tidy(() => {
        const x = noiseTensor(1, [4]) as unknown as tf.Tensor1D;
        for (const cast of [
          FLOAT32.enter,
          FLOAT32.images,
          FLOAT32.leave,
          FLOAT32.beside,
          createCasts('bfloat16').beside,
        ]) {
          expect(cast(x)).to.equal(x);
        }
        const { enter, leave } = createCasts('bfloat16');
        const expected = [...x.dataSync()].map((value) => rounded(value, 'bfloat16'));
        expect(bits(leave(enter(x)).dataSync())).to.deep.equal(bits(expected));
        expect(enter(enter(x)).dataSync()).to.deep.equal(enter(x).dataSync());
      });
    });
  });

  it('is refused where the engine has float32 alone', async () => {
    await on('cpu', () => {
      const x = tf.scalar(1);
      expect(precisionOf(x)).to.equal('float32');
      expect(() => createCasts('bfloat16').enter(x)).to.throw(
        "the engine 'cpu' computes in float32 alone, not in bfloat16: use runtime.precision=float32",
      );
      x.dispose();
    });
  });
});
