import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { createRng } from '../../src/ops/random.ts';
import { spatialMean } from '../../src/ops/spatial-mean.ts';
import { onEachEngine } from '../support/engines.ts';

onEachEngine('mean over height and width', () => {
  it('is the mean of each channel, and spreads its gradient evenly over the pixels', () => {
    const shape: [number, number, number, number] = [2, 3, 5, 4];
    const x = createRng(1, 'x').normal(shape) as tf.Tensor4D;
    const weight = createRng(2, 'w').normal([2, 1, 1, 4]);
    const y = spatialMean(x);
    expect(y.shape).to.deep.equal([2, 1, 1, 4]);
    const values = x.arraySync();
    const means = y.arraySync();
    for (let n = 0; n < 2; n++) {
      for (let c = 0; c < 4; c++) {
        const channel = values[n]!.flat().map((pixel) => pixel[c]!);
        const mean = channel.reduce((sum, value) => sum + value, 0) / channel.length;
        expect(means[n]![0]![0]![c]).to.be.closeTo(mean, 1e-6);
      }
    }
    const gradient = tf.grad((images) => tf.sum(tf.mul(spatialMean(images as tf.Tensor4D), weight)))(x);
    const expected = tf.tile(tf.div(weight, 15), [1, 3, 5, 1]);
    const difference = tf.max(tf.abs(tf.sub(gradient, expected))).dataSync()[0]!;
    expect(difference).to.be.below(1e-7);
  });
});
