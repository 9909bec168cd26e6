import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { efficientNetB0 } from '../../src/discriminator/efficientnet.ts';
import { smallCnn } from '../../src/discriminator/small-cnn.ts';
import type { Discriminator } from '../../src/discriminator/discriminator.ts';
import { valueAndGrad, variableGrads } from '../../src/ops/gradients.ts';
import { modelFunction, segmentsOf } from '../../src/ops/recompute.ts';
import { programOf } from '../../src/ops/run-model.ts';
import { onEachEngine, onTensorFlow } from '../support/engines.ts';
import { bits, expectNoLeak, noiseTensor, snapshot } from '../support/tensors.ts';

const BATCH_NORM = {
  bn_momentum: 0.9,
  bn_epsilon: 1e-3,
  normalisation: 'centred',
  head: 'binary',
  weights: null,
} as const;
const WHOLE = { ...BATCH_NORM, dropout: 0, stochastic_depth: 0 };

function twins(imageSize: number, make: (recompute: boolean) => Discriminator): void {
  const images = noiseTensor(1, [3, imageSize, imageSize, 3]);
  for (const auxiliaryPass of [false, true]) {
    for (const training of [true, false]) {
      const pass = {
        training,
        trackStatistics: training,
        branch: auxiliaryPass ? 'auxiliary' : 'main',
      } as const;
      const results = [false, true].map((recompute) => {
        const detector = make(recompute);
        const loss = (of: tf.Tensor4D): tf.Scalar => tf.mean(tf.square(detector.logits(of, pass)));
        const { value, grads } = variableGrads(() => loss(images), detector.trainable);
        const { grad } = valueAndGrad(loss, images);
        const result = {
          value: bits(value.dataSync()),
          names: detector.trainable.map((variable) => variable.name in grads),
          gradients: detector.trainable.map((variable) =>
            variable.name in grads ? Buffer.from(grads[variable.name]!.dataSync().slice().buffer) : null,
          ),
          image: Buffer.from(grad.dataSync().slice().buffer),
          state: [...snapshot(detector.state).values()],
        };
        tf.dispose([value, grad, grads]);
        detector.dispose();
        return result;
      });
      expect(results[1]).to.deep.equal(results[0]);
    }
  }
  images.dispose();
}

const small = (recompute: boolean): Discriminator =>
  smallCnn.create(
    { channels: [4, 5, 6, 7], strides: [1, 2, 1, 2], input: 'rgb-highpass', ...BATCH_NORM },
    { imageSize: 8, seed: 1, auxiliaryBatchNorm: true, recompute },
  );

onEachEngine('recomputed activations', () => {
  it('change no bit of values, gradients and statistics, in any pass', () => {
    twins(8, small);
  });

  it('leave nothing behind', () => {
    const detector = small(true);
    const images = noiseTensor(1, [2, 8, 8, 3]);
    const pass = { training: true, trackStatistics: true, branch: 'main' } as const;
    expectNoLeak(() =>
      tf.dispose(variableGrads(() => tf.mean(tf.square(detector.logits(images, pass))), detector.trainable)),
    );
    expectNoLeak(() => tf.dispose(detector.logits(images, pass)));
    images.dispose();
    detector.dispose();
  });

  it('need less memory', () => {
    const images = noiseTensor(1, [2, 8, 8, 3]);
    const pass = { training: true, trackStatistics: true, branch: 'main' } as const;
    const most = [false, true].map((recompute) => {
      const detector = small(recompute);
      const before = tf.memory().numBytes;
      let kept = 0;
      tf.dispose(
        variableGrads(() => {
          const logits = detector.logits(images, pass);
          kept = tf.memory().numBytes - before;
          return tf.mean(tf.square(logits));
        }, detector.trainable),
      );
      detector.dispose();
      return kept;
    });
    images.dispose();
    expect(most[1]! / most[0]!).to.be.below(0.6);
  });

  it('refuse a detector that was changed before its gradient was taken', () => {
    const detector = small(true);
    const images = noiseTensor(1, [2, 8, 8, 3]);
    const pass = { training: true, trackStatistics: false, branch: 'main' } as const;
    const loss = (): tf.Scalar => {
      const value = tf.mean(tf.square(detector.logits(images, pass))) as tf.Scalar;
      for (const variable of detector.trainable) variable.assign(tf.mul(variable, 2));
      return value;
    };
    expectNoLeak(() =>
      expect(() => variableGrads(loss, detector.trainable)).to.throw(
        'changed between its pass and the gradient',
      ),
    );
    images.dispose();
    detector.dispose();
  });
});

onTensorFlow('recomputed activations', () => {
  it('of EfficientNet-B0 change no bit', () => {
    twins(32, (recompute) =>
      efficientNetB0.create(WHOLE, { imageSize: 32, seed: 1, auxiliaryBatchNorm: true, recompute }),
    );
  });

  it('and kept ones refuse layers that draw random numbers of their own', () => {
    const model = tf.sequential({
      layers: [tf.layers.dropout({ rate: 0.5, inputShape: [4], name: 'drop' })],
    });
    for (const recompute of [true, false]) {
      expect(() => modelFunction(model, recompute)).to.throw(/layer drop .* take dropoutLayer/);
    }
    model.dispose();
  });
});

describe('segments of a program', () => {
  /** A chain of layers whose outputs have the given sizes. */
  const chain = (sizes: readonly number[]) => ({
    input: 0,
    steps: sizes.map((size, i) => ({
      layer: null as unknown as tf.layers.Layer,
      inputs: [i],
      output: i + 1,
      shape: [size],
      frees: [i],
    })),
  });
  /** The most at once: what is kept before a segment and all within it. */
  const most = (sizes: readonly number[], ends: readonly number[]): number => {
    let [kept, start, worst] = [0, 0, 0];
    for (const end of ends) {
      worst = Math.max(worst, kept + sizes.slice(start, end).reduce((a, b) => a + b, 0));
      kept += sizes[end - 1]!;
      start = end;
    }
    return worst;
  };

  it('follow each other, and no other cuts need less at once', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 9 }), (sizes) => {
        const segments = segmentsOf(chain(sizes));
        let end = 0;
        const ends = segments.map(({ input, steps }) => {
          expect(input).to.equal(end);
          return (end += steps.length);
        });
        expect(end).to.equal(sizes.length);
        const all = Array.from({ length: 2 ** (sizes.length - 1) }, (_, subset) => [
          ...sizes.slice(1).flatMap((_size, i) => ((subset >> i) & 1 ? [i + 1] : [])),
          sizes.length,
        ]);
        expect(most(sizes, ends)).to.equal(Math.min(...all.map((cuts) => most(sizes, cuts))));
      }),
      { seed: 1 },
    );
  });

  it('do not cut where two values are alive', () => {
    const input = tf.input({ shape: [4] });
    const wide = tf.layers.dense({ units: 4 }).apply(input) as tf.SymbolicTensor;
    const deep = tf.layers.dense({ units: 4 }).apply(wide) as tf.SymbolicTensor;
    const sum = tf.layers.add().apply([wide, deep]) as tf.SymbolicTensor;
    const output = tf.layers.dense({ units: 2 }).apply(sum) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: output });
    const program = programOf(model);
    const starts = segmentsOf(program).map((segment) => segment.input);
    expect(starts).not.to.include(deep.id);
    expect(program.steps.map(({ output: id }) => id)).to.deep.equal([wide.id, deep.id, sum.id, output.id]);
    model.dispose();
  });
});
