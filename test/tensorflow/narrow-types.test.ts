import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { castTo, precisionOf, scalarLike, type Precision } from '../../src/ops/precision.ts';
import { MixedPrecisionError } from '../../src/tensorflow/narrow-types.ts';
import { onTensorFlow } from '../support/engines.ts';
import { bits, expectNoLeak, noiseTensor } from '../support/tensors.ts';
import { rounded } from '../support/rounding.ts';

const NARROW = ['bfloat16', 'float16'] as const;

onTensorFlow('narrow types', () => {
  const read = (make: () => tf.Tensor): Float32Array => tf.tidy(() => make().dataSync<'float32'>());

  for (const precision of NARROW) {
    describe(precision, () => {
      it('rounds to nearest even, infinities and the smallest numbers among them', () => {
        fc.assert(
          fc.property(
            fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 40 }),
            (values: number[]) => {
              const expected = values.map((value) => rounded(value, precision));
              const actual = read(() => castTo(tf.tensor1d(values), precision));
              expect(bits(actual)).to.deep.equal(bits(expected));
            },
          ),
          { numRuns: 200 },
        );
        const corners = [0, -0, Infinity, -Infinity, 65504, 65520, 2 ** -24, 2 ** -25, 3.4e38];
        expect(bits(read(() => castTo(tf.tensor1d(corners), precision)))).to.deep.equal(
          bits(corners.map((value) => rounded(value, precision))),
        );
        expect([...read(() => castTo(tf.scalar(NaN), precision))]).to.deep.equal([NaN]);
      });

      it('stays what it is through operations, and comes back by a cast alone', () => {
        tf.tidy(() => {
          const x = castTo(noiseTensor(1, [2, 4, 4, 6]), precision);
          const kernel = castTo(noiseTensor(2, [3, 3, 6, 2]), precision);
          const results = {
            relu: tf.relu(x),
            conv: tf.conv2d(x, kernel, 1, 'same'),
            reshaped: tf.reshape(x, [2, -1]),
            cloned: x.clone(),
            pooled: tf.avgPool(x, 2, 2, 'valid'),
            joined: tf.concat([x, x], 3),
            chosen: tf.where(tf.greater(x, scalarLike(x, 0.5)), x, tf.zerosLike(x)),
            cast: tf.cast(x, 'float32'), // TensorFlow.js casts so in passing
            summed: tf.sum(x, [0, 1, 2]),
          };
          for (const [name, y] of Object.entries(results)) {
            expect(precisionOf(y), name).to.equal(precision);
            expect(y.dtype, name).to.equal('float32');
          }
          expect(precisionOf(castTo(x, 'float32'))).to.equal('float32');
          expect(precisionOf(tf.cast(x, 'int32'))).to.equal('float32');
        });
      });

      it('adds up many values in float32', () => {
        for (const channels of [1, 2, 3, 8, 16]) {
          const many = (): tf.Tensor => castTo(tf.ones([16, 16, 16, channels]), precision);
          const each = (value: number): number[] => Array.from({ length: channels }, () => value);
          expect([...read(() => tf.sum(many(), [0, 1, 2]))]).to.deep.equal(each(4096));
          expect([...read(() => tf.mean(many(), [0, 1, 2]))]).to.deep.equal(each(1));
          expectNoLeak(() => read(() => tf.sum(many(), [1, 2])));
        }
      });

      it('refuses an operation with a float32 tensor by its name, and leaves nothing behind', () => {
        const x = castTo(tf.ones([2, 3]), precision);
        const wide = tf.ones([2, 3]);
        const cases: [RegExp, () => tf.Tensor][] = [
          [/^Mul was given/, () => tf.mul(x, 2)],
          [/^Add was given/, () => tf.add(wide, x)],
          [
            /^(Batch)?MatMul(V2)? was given/,
            () => tf.matMul(x as tf.Tensor2D, wide as tf.Tensor2D, false, true),
          ],
          [/^ConcatV2 was given/, () => tf.concat([x, wide])],
          [/^AddN was given/, () => tf.addN([wide, x])],
          [/^Select was given/, () => tf.where(tf.greater(wide, 0), x, wide)],
        ];
        for (const [message, job] of cases) {
          const attempt = (): void => {
            expect(() => tf.tidy(job)).to.throw(MixedPrecisionError, message);
          };
          attempt();
          expectNoLeak(attempt);
        }
        expect(() => tf.tidy(() => tf.mul(x, wide))).to.throw(
          `Mul was given ${precision} [2, 3] and float32 [2, 3]: cast one side`,
        );
        tf.dispose([x, wide]);
      });

      it('is freed, and reading it keeps nothing', () => {
        expectNoLeak(() => {
          const wide = noiseTensor(3, [64]);
          const x = castTo(wide, precision);
          x.dataSync();
          tf.dispose([wide, x]);
        });
      });
    });
  }

  it('refuses the other narrow type too, and an integer that is to have a precision', () => {
    tf.tidy(() => {
      const [b, f] = NARROW.map((precision) => castTo(tf.ones([1]), precision)) as [tf.Tensor, tf.Tensor];
      expect(() => tf.add(b, f)).to.throw(/Add was given bfloat16 \[1\] and float16 \[1\]/);
      expect(() => castTo(tf.scalar(1, 'int32'), 'bfloat16')).to.throw(/of int32 has no bfloat16/);
      const back = castTo(castTo(b, 'float16'), 'float32');
      expect([...back.dataSync()]).to.deep.equal([1]);
    });
  });

  it('is x itself where x has the precision already', () => {
    tf.tidy(() => {
      for (const precision of ['float32', ...NARROW] as Precision[]) {
        const x = castTo(tf.ones([1]), precision);
        expect(castTo(x, precision)).to.equal(x);
      }
    });
  });
});
