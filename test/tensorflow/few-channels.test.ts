import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { fewChannelsConv, fewChannelsKernelGradient } from '../../src/tensorflow/kernels/few-channels.ts';
import { byDefinition, expectOfScale, tensorsOf, type Convolution } from '../support/convolution.ts';
import { onTensorFlow } from '../support/engines.ts';
import { bits, noiseTensor } from '../support/tensors.ts';

/** Outputs a row that fill the held rows or not, outputs that fill panels or not, kernels larger than the image. */
const convolutions: fc.Arbitrary<Convolution> = fc.record({
  x: fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 15 }),
    fc.integer({ min: 1, max: 15 }),
    fc.integer({ min: 1, max: 9 }),
  ),
  out: fc.constantFrom(1, 5, 8, 16, 24, 33),
  stride: fc.constantFrom(1 as const, 2 as const),
  side: fc.integer({ min: 1, max: 7 }),
});

onTensorFlow('convolution of few channels', () => {
  it('is the definition in float64, values and the kernel’s gradient, at any shape', () => {
    fc.assert(
      fc.property(convolutions, (convolution) => {
        const [y, , dkernel] = byDefinition(convolution);
        tf.tidy(() => {
          const [x, kernel, dy] = tensorsOf(convolution);
          const { stride, side = 3 } = convolution;
          expectOfScale(fewChannelsConv(x, kernel, stride).dataSync(), y!, 2e-6);
          expectOfScale(fewChannelsKernelGradient(x, dy, stride, side).dataSync(), dkernel!, 2e-6);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('sums rows in groups that leave the result what it is, and no remainder out', () => {
    // 70 rows of outputs: two groups of 32 and a rest
    const convolution: Convolution = { x: [7, 10, 12, 3], out: 8, stride: 1 };
    tf.tidy(() => {
      const [x, , dy] = tensorsOf(convolution);
      const gradient = fewChannelsKernelGradient(x, dy, 1, 3);
      expectOfScale(gradient.dataSync(), byDefinition(convolution)[2]!, 2e-6);
      expect(bits(fewChannelsKernelGradient(x, dy, 1, 3).dataSync())).to.deep.equal(
        bits(gradient.dataSync()),
      );
    });
  });

  it('copies each pixel by the identity kernel, to the bit', () => {
    tf.tidy(() => {
      const x = noiseTensor(1, [2, 9, 14, 3], -1, 1);
      const identity = tf.pad(tf.reshape(tf.eye(3), [1, 1, 3, 3]), [
        [1, 1],
        [1, 1],
        [0, 0],
        [0, 0],
      ]) as tf.Tensor4D;
      expect(bits(fewChannelsConv(x, identity, 1).dataSync())).to.deep.equal(bits(x.dataSync()));
    });
  });

  it('takes a batch of no images', () => {
    tf.tidy(() => {
      const x = tf.zeros([0, 8, 8, 3]) as tf.Tensor4D;
      const y = fewChannelsConv(x, noiseTensor(1, [3, 3, 3, 5]), 2);
      expect(y.shape).to.deep.equal([0, 4, 4, 5]);
      expect(fewChannelsKernelGradient(x, y, 2, 3).dataSync()).to.deep.equal(new Float32Array(135));
    });
  });

  it('refuses shapes that do not match, saying what it wants', () => {
    tf.tidy(() => {
      const x = noiseTensor(1, [1, 8, 8, 3]);
      expect(() => fewChannelsConv(x, noiseTensor(2, [3, 3, 4, 6]), 1)).to.throw(
        'kernel [side, side, in, out]',
      );
      expect(() => fewChannelsConv(x, noiseTensor(2, [3, 2, 3, 6]), 1)).to.throw(
        'kernel [side, side, in, out]',
      );
      expect(() => fewChannelsConv(x, noiseTensor(2, [3, 3, 3, 6]), 0)).to.throw('a stride of 1 or more');
      expect(() => fewChannelsKernelGradient(x, noiseTensor(3, [1, 7, 8, 6]), 1, 3)).to.throw('do not match');
    });
  });
});
