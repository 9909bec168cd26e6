import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { doubleNearest } from '../../src/ops/upsample.ts';
import { onEachEngine } from '../support/engines.ts';
import { expectClose, expectNoLeak, noise, noiseTensor } from '../support/tensors.ts';

onEachEngine('doubling by repetition', () => {
  it('makes four of every pixel', () => {
    tf.tidy(() => {
      const y = doubleNearest(tf.tensor4d([1, 10, 2, 20, 3, 30, 4, 40], [1, 2, 2, 2]));
      expect(y.shape).to.deep.equal([1, 4, 4, 2]);
      const row = (a: number, b: number): number[] => [a, 10 * a, a, 10 * a, b, 10 * b, b, 10 * b];
      expect([...y.dataSync()]).to.deep.equal([row(1, 2), row(1, 2), row(3, 4), row(3, 4)].flat());
    });
  });

  it('gives the one pixel back what arrives at the four', () => {
    const dy = noise(1, 2 * 6 * 4 * 3, -1, 1);
    const expected = Array.from({ length: 2 * 3 * 2 * 3 }, (_, i) => {
      const [channel, column, row, image] = [
        i % 3,
        Math.floor(i / 3) % 2,
        Math.floor(i / 6) % 3,
        Math.floor(i / 18),
      ];
      const at = (r: number, c: number): number =>
        dy[((image * 6 + 2 * row + r) * 4 + 2 * column + c) * 3 + channel]!;
      return at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1);
    });
    tf.tidy(() => {
      const gradient = tf.grad((x) => doubleNearest(x as tf.Tensor4D));
      const dx = gradient(noiseTensor(2, [2, 3, 2, 3]), tf.tensor4d(dy, [2, 6, 4, 3]));
      expectClose(dx.dataSync(), expected, { absolute: 1e-6 });
    });
  });

  it('leaks no tensor, forward or backward', () => {
    const x = noiseTensor(1, [2, 3, 4, 2]);
    expectNoLeak(() => doubleNearest(x).dispose());
    expectNoLeak(() =>
      tf
        .grad((a) => doubleNearest(a as tf.Tensor4D))(x)
        .dispose(),
    );
    x.dispose();
  });
});
