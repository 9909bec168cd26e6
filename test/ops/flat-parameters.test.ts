import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { assignFlat, flatten, parameterCount } from '../../src/ops/flat-parameters.ts';
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
          const variables = tensors.map((tensor) => tf.variable(tf.zerosLike(tensor)));
          const flat = flatten(tensors);
          expect(flat.shape).to.deep.equal([parameterCount(tensors)]);
          assignFlat(variables, flat);
          variables.forEach((variable, i) => {
            expect(variable.shape).to.deep.equal(list[i]);
            expect(bits(variable.dataSync())).to.deep.equal(bits(tensors[i]!.dataSync()));
          });
          tf.dispose(variables);
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

  it('of another length are refused, and nothing is assigned', () => {
    tf.tidy(() => {
      const variables = [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.scalar(3))];
      for (const length of [2, 4]) {
        expect(() => assignFlat(variables, tf.zeros([length]))).to.throw(
          `flat parameters have ${length} values, the 2 variables take 3`,
        );
      }
      expect(variables.map((variable) => [...variable.dataSync()])).to.deep.equal([[1, 2], [3]]);
      tf.dispose(variables);
    });
  });

  it('leak no tensor', () => {
    const variables = [tf.variable(tf.zeros([2, 3])), tf.variable(tf.zeros([4]))];
    expectNoLeak(() => {
      const flat = flatten(variables);
      assignFlat(variables, flat);
      flat.dispose();
    });
    tf.dispose(variables);
  });
});
