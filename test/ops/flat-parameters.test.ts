import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { flatten, parameterCount, unflatten } from '../../src/ops/flat-parameters.ts';
import { onEachEngine } from '../support/engines.ts';
import { bits, expectNoLeak, noiseTensor } from '../support/tensors.ts';

onEachEngine('flat parameters', () => {
  it('round-trip bit for bit, whatever the shapes', () => {
    const shapes = fc.array(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(shapes, (list) => {
        tf.tidy(() => {
          const tensors = list.map((shape, i) => noiseTensor<tf.Tensor>(i, shape, -1, 1));
          const flat = flatten(tensors);
          expect(flat.shape).to.deep.equal([parameterCount(tensors)]);
          unflatten(flat, list).forEach((tensor, i) => {
            expect(tensor.shape).to.deep.equal(list[i]);
            expect(bits(tensor.dataSync())).to.deep.equal(bits(tensors[i]!.dataSync()));
          });
        });
      }),
      { numRuns: 30, seed: 1 },
    );
  });

  it('lie row-major, one tensor after another', () => {
    tf.tidy(() => {
      const flat = flatten([tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.scalar(5), tf.tensor1d([6])]);
      expect([...flat.dataSync()]).to.deep.equal([1, 2, 3, 4, 5, 6]);
    });
  });

  it('of another length are refused', () => {
    tf.tidy(() => {
      for (const length of [2, 4]) {
        expect(() => unflatten(tf.zeros([length]), [[2], []])).to.throw(
          `flat parameters have ${length} values, the 2 tensors take 3`,
        );
      }
    });
  });

  it('leak no tensor', () => {
    const tensors = [tf.zeros([2, 3]), tf.zeros([4])];
    expectNoLeak(() => {
      const flat = flatten(tensors);
      const parts = unflatten(
        flat,
        tensors.map(({ shape }) => shape),
      );
      tf.dispose([flat, ...parts]);
    });
    tf.dispose(tensors);
  });
});
