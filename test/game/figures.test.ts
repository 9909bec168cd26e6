import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { read, scalars, tidied, toldAs, together, valuesOf, type Figures } from '../../src/game/figures.ts';
import { onEachEngine } from '../support/engines.ts';
import { expectNoLeak } from '../support/tensors.ts';

onEachEngine('figures of a round', () => {
  it('come back from one reading each under its name, of any shape', () => {
    tf.tidy(() => {
      const values = valuesOf({
        scalar: tf.scalar(7),
        matrix: tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]),
        empty: tf.tensor1d([], 'float32'),
        vector: tf.tensor1d([0.5, -0.25]),
      });
      expect(Object.entries(values).map(([name, found]) => [name, [...found]])).to.deep.equal([
        ['scalar', [7]],
        ['matrix', [1, 2, 3, 4, 5, 6]],
        ['empty', []],
        ['vector', [0.5, -0.25]],
      ]);
      expect(valuesOf({})).to.deep.equal({});
    });
  });

  it('of several steps are told together, the last step’s where two tell the same', () => {
    tf.tidy(() => {
      const step = (loss: number): Figures =>
        toldAs(scalars({ loss: tf.scalar(loss), norm: tf.scalar(2) }), ({ norm, ...told }) => ({
          ...told,
          [`norm_${loss}`]: norm! * loss,
        }));
      expect(read(together([step(3), together([step(4), step(5)])]))).to.deep.equal({
        loss: 5,
        norm_3: 6,
        norm_4: 8,
        norm_5: 10,
      });
      expect(read(together([]))).to.deep.equal({});
    });
  });

  it('throw what the first of them has to say against its values', () => {
    tf.tidy(() => {
      const broken = (word: string): Figures => ({
        tensors: { word: tf.scalar(1) },
        tell: ({ word: value }) => {
          if (value![0] === 1) throw new Error(word);
          return {};
        },
      });
      expect(() =>
        read(together([scalars({ a: tf.scalar(1) }), broken('first'), broken('second')])),
      ).to.throw('first');
    });
  });

  it('outlive what they were computed from, and nothing else does', () => {
    expectNoLeak(() => {
      const figures = tidied(() => scalars({ sum: tf.sum(tf.ones([3])) }));
      expect(read(figures)).to.deep.equal({ sum: 3 });
      tf.dispose(figures.tensors);
    });
  });
});
