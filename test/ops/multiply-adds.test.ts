import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { conv2d } from '../../src/ops/conv-layer.ts';
import { depthwiseConv2d } from '../../src/ops/depthwise.ts';
import { multiplyAdds } from '../../src/ops/multiply-adds.ts';
import { squeezeExcite } from '../../src/ops/squeeze-excite.ts';
import { onEachEngine } from '../support/engines.ts';
import { noiseTensor } from '../support/tensors.ts';

onEachEngine('multiply-adds', () => {
  const cost = (job: () => tf.Tensor): number => multiplyAdds(() => tf.dispose(tf.tidy(job)));
  const ones = (...shape: number[]): tf.Tensor => tf.ones(shape);

  it('of a network of two layers are out pixels × filter, and in × out', () => {
    const input = tf.input({ shape: [9, 9, 3] });
    const kernelInitializer = tf.initializers.heNormal({ seed: 1 });
    const conv = conv2d({
      name: 'a',
      filters: 5,
      kernelSize: 3,
      strides: 2,
      useBias: false,
      kernelInitializer,
    });
    const flat = tf.layers.flatten().apply(tf.layers.reLU().apply(conv.apply(input)));
    const model = tf.model({
      inputs: input,
      outputs: tf.layers.dense({ units: 2 }).apply(flat) as tf.SymbolicTensor,
    });
    const images = noiseTensor(1, [4, 9, 9, 3]);
    // stride 2 leaves 5 × 5 pixels
    const expected = 25 * (3 * 3 * 3 * 5) + 25 * 5 * 2;
    expect(cost(() => model.predict(images) as tf.Tensor)).to.equal(4 * expected);
    images.dispose();
    model.dispose();
  });

  it('of a matrix product are m·k·n, however its matrices lie', () => {
    expect(cost(() => tf.matMul(ones(3, 7), ones(7, 5)))).to.equal(105);
    expect(cost(() => tf.matMul(ones(7, 3), ones(7, 5), true))).to.equal(105);
    expect(cost(() => tf.matMul(ones(3, 7), ones(5, 7), false, true))).to.equal(105);
    expect(cost(() => tf.matMul(ones(2, 4, 7, 3), ones(2, 4, 5, 7), true, true))).to.equal(8 * 105);
    expect(cost(() => tf.matMul(ones(3, 7), ones(2, 4, 7, 5)))).to.equal(8 * 105);
  });

  it('of depthwise convolutions are a filter a number; of squeeze and excitation two layers an image', () => {
    expect(
      cost(() => depthwiseConv2d(ones(2, 6, 6, 4) as tf.Tensor4D, ones(3, 3, 4, 1) as tf.Tensor4D, 2)),
    ).to.equal(2 * 9 * 4 * 9);
    const weights = {
      squeeze: ones(1, 1, 8, 3) as tf.Tensor4D,
      squeezeBias: ones(3) as tf.Tensor1D,
      excite: ones(1, 1, 3, 8) as tf.Tensor4D,
      exciteBias: ones(8) as tf.Tensor1D,
    };
    expect(multiplyAdds(() => squeezeExcite(ones(5, 4, 4, 8) as tf.Tensor4D, weights).dispose())).to.equal(
      5 * 2 * 24,
    );
    tf.dispose(weights);
  });

  it('of work number by number are none; of a kernel that may have some and is not known an error', () => {
    expect(cost(() => tf.mul(tf.avgPool(ones(1, 4, 4, 2) as tf.Tensor4D, 2, 2, 'same'), 3))).to.equal(0);
    expect(() =>
      cost(() =>
        tf.conv2dTranspose(
          ones(1, 4, 4, 2) as tf.Tensor4D,
          ones(3, 3, 2, 2) as tf.Tensor4D,
          [1, 8, 8, 2],
          2,
          'same',
        ),
      ),
    ).to.throw('multiply-adds of the kernel Conv2DBackpropInput are not known');
    expect(cost(() => tf.matMul(ones(2, 2), ones(2, 2)))).to.equal(8);
  });
});
