import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { attr, nodeBackend } from '../../src/tensorflow/backend.ts';
import {
  winogradConv,
  winogradInputGradient,
  winogradKernelGradient,
  type Stride,
} from '../../src/tensorflow/kernels/winograd.ts';
import { byDefinition, expectOfScale, tensorsOf, type Convolution } from '../support/convolution.ts';
import { onTensorFlow } from '../support/engines.ts';
import { bits, noiseTensor } from '../support/tensors.ts';
import { winograd } from '../support/winograd.ts';

/** Sides that fill tiles or not, channels that fill vectors of 8 and 16 and panels of 32 or not, one image and several. */
const convolutions: fc.Arbitrary<Convolution> = fc.record({
  x: fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 19 }),
    fc.integer({ min: 1, max: 19 }),
    fc.constantFrom(1, 3, 7, 8, 16, 20),
  ),
  out: fc.constantFrom(1, 2, 5, 8, 24, 33),
  stride: fc.constantFrom(1 as const, 2 as const),
});

const resultsOf = (convolution: Convolution): number[][] =>
  tf.tidy(() =>
    winograd(convolution.stride, ...tensorsOf(convolution)).map((result) => Array.from(result.dataSync())),
  );

onTensorFlow('convolution by minimal filtering', () => {
  it('is the definition in float64, values and both gradients, at any shape', () => {
    fc.assert(
      fc.property(convolutions, (convolution) => {
        const expected = byDefinition(convolution);
        resultsOf(convolution).forEach((result, i) => {
          expectOfScale(result, expected[i]!, 3e-6);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('errs by less than 1e-5 of the largest value where a detector has many channels', () => {
    const CASES: readonly Convolution[] = [
      { x: [2, 16, 16, 256], out: 256, stride: 1 },
      { x: [2, 32, 32, 128], out: 256, stride: 2 },
    ];
    for (const convolution of CASES) {
      tf.tidy(() => {
        const [x, kernel, dy] = tensorsOf(convolution);
        const results = winograd(convolution.stride, x, kernel, dy);
        direct(convolution, x, kernel, dy).forEach((expected, i) => {
          expectOfScale(results[i]!.dataSync(), expected.dataSync(), 1e-5);
        });
      });
    }
  });

  it('is linear to the bit in powers of two, and makes zeros of a zero kernel', () => {
    fc.assert(
      fc.property(convolutions, fc.integer({ min: -10, max: 10 }), (convolution, exponent) => {
        tf.tidy(() => {
          const { stride } = convolution;
          const [x, kernel] = tensorsOf(convolution);
          const scaled = winogradConv(tf.mul(x, 2 ** exponent), kernel, stride);
          const after = tf.mul(winogradConv(x, kernel, stride), 2 ** exponent);
          expect(bits(scaled.dataSync())).to.deep.equal(bits(after.dataSync()));
          const none = winogradConv(x, tf.zerosLike(kernel), stride).dataSync();
          expect(none.every((value) => value === 0)).to.equal(true);
        });
      }),
      { numRuns: 20 },
    );
  });

  it('gives an image the same bits in any batch', () => {
    tf.tidy(() => {
      for (const stride of [1, 2] as const) {
        const [x, kernel] = tensorsOf({ x: [5, 18, 21, 12], out: 20, stride });
        const together = tf.slice(winogradConv(x, kernel, stride), 3, 1);
        const alone = winogradConv(tf.slice(x, 3, 1), kernel, stride);
        expect(bits(together.dataSync())).to.deep.equal(bits(alone.dataSync()));
      }
    });
  });

  it('takes a batch of no images', () => {
    tf.tidy(() => {
      const kernel = noiseTensor(1, [3, 3, 4, 5]);
      for (const stride of [1, 2] as const) {
        const x = tf.zeros([0, 8, 8, 4]) as tf.Tensor4D;
        const y = winogradConv(x, kernel, stride);
        expect(y.shape).to.deep.equal([0, 8 / stride, 8 / stride, 5]);
        expect(winogradKernelGradient(x, y, stride).dataSync()).to.deep.equal(new Float32Array(180));
      }
    });
  });

  it('refuses shapes that do not match, saying what it wants', () => {
    const x = noiseTensor(1, [1, 8, 8, 4]);
    const kernel = noiseTensor(2, [3, 3, 5, 6]);
    const dy = noiseTensor(3, [1, 8, 8, 6]);
    expect(() => winogradConv(x, kernel, 1)).to.throw('kernel [3, 3, in, out]');
    expect(() => winogradInputGradient(dy, kernel, 1, [9, 8])).to.throw(
      'dy is not of an input of this height',
    );
    expect(() => winogradInputGradient(x, kernel, 1, [8, 8])).to.throw('dy [n, height, width, out]');
    expect(() => winogradKernelGradient(x, dy, 2)).to.throw('x and dy do not match');
    expect(() => winogradConv(x, noiseTensor(4, [3, 3, 4, 4]), 3 as Stride)).to.throw('stride 1 or 2');
    tf.dispose([x, kernel, dy]);
  });
});

/** TensorFlow's own. */
function direct({ stride }: Convolution, x: tf.Tensor4D, kernel: tf.Tensor4D, dy: tf.Tensor4D): tf.Tensor[] {
  const run = (op: string, inputs: tf.Tensor[]): tf.Tensor =>
    nodeBackend().executeSingleOutput(
      op,
      [
        attr.type('T', 'float32'),
        attr.int('strides', [1, stride, stride, 1]),
        attr.text('padding', 'SAME'),
        attr.text('data_format', 'NHWC'),
      ],
      inputs,
    );
  return [
    run('Conv2D', [x, kernel]),
    run('Conv2DBackpropInput', [tf.tensor1d(x.shape, 'int32'), kernel, dy]),
    run('Conv2DBackpropFilter', [x, tf.tensor1d(kernel.shape, 'int32'), dy]),
  ];
}
