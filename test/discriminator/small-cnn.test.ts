import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { highpass, smallCnn } from '../../src/discriminator/small-cnn.ts';
import { onEachEngine, onTensorFlow } from '../support/engines.ts';
import { centralDifferences, expectClose, noise } from '../support/tensors.ts';

onEachEngine('high-pass front end', () => {
  const [h, w] = [4, 5];
  const x = noise(1, h * w);
  const reflect = (i: number, size: number): number => (i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i);
  const reference = (of: ArrayLike<number>): number[] =>
    Array.from(of, (value, i) => {
      let sum = 0;
      for (let u = -1; u <= 1; u++) {
        for (let v = -1; v <= 1; v++) {
          sum += of[reflect(Math.floor(i / w) + u, h) * w + reflect((i % w) + v, w)]!;
        }
      }
      return 4 * (value - sum / 9);
    });

  it('is 4 · (pixel − mean of its 3×3 neighbourhood), borders reflected', () => {
    tf.tidy(() => {
      expectClose(highpass(tf.tensor4d(x, [1, h, w, 1])).dataSync(), reference(x), { absolute: 2e-6 });
    });
  });

  it('is 0 on a constant image, up to the border', () => {
    tf.tidy(() => {
      const values = highpass(tf.fill([1, 6, 6, 3], 0.7)).dataSync();
      expectClose(values, new Float32Array(108), { absolute: 1e-6 });
    });
  });

  it('has the gradient of central differences, up to the border', () => {
    const dy = noise(2, h * w, -1, 1);
    const expected = centralDifferences(
      (values) => reference(values).reduce((sum, y, i) => sum + y * dy[i]!, 0),
      x,
    );
    tf.tidy(() => {
      const gradient = tf.grad((of) => highpass(of as tf.Tensor4D))(
        tf.tensor4d(x, [1, h, w, 1]),
        tf.tensor4d(dy, [1, h, w, 1]),
      );
      expectClose(gradient.dataSync(), expected, { absolute: 2e-6 });
    });
  });
});

onTensorFlow('small-cnn', () => {
  it('wants one stride a convolution', () => {
    expect(() =>
      smallCnn.create(
        { channels: [4, 4], strides: [2], input: 'rgb', bn_momentum: 0.9, bn_epsilon: 1e-3, head: 'binary' },
        { imageSize: 8, seed: 1, auxiliaryBatchNorm: false, recompute: false },
      ),
    ).to.throw('discriminator.strides has 1 entries, discriminator.channels 2');
  });
});
