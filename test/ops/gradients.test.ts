import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { efficientNetB0 } from '../../src/discriminator/efficientnet.ts';
import { smallCnn } from '../../src/discriminator/small-cnn.ts';
import { GENERATOR_PASS, generatorNetwork } from '../../src/generator/networks.ts';
import { gradients, valueAndGrad, variableGrads } from '../../src/ops/gradients.ts';
import { modelTrainable } from '../../src/ops/model-state.ts';
import { record } from '../../src/ops/tape.ts';
import { onEachEngine, onTensorFlow } from '../support/engines.ts';
import { bits, expectClose, expectNoLeak, noiseTensor } from '../support/tensors.ts';

const TRAINING = { training: true, trackStatistics: false, branch: 'main' } as const;

/** Our gradients and TensorFlow.js's own: the same names and bits, and the same value. */
function expectSameAsTensorFlowJs(f: () => tf.Scalar, variables: readonly tf.Variable[]): void {
  tf.tidy(() => {
    const ours = variableGrads(f, variables);
    const theirs = tf.variableGrads(f, [...variables]);
    expect(bits(ours.value.dataSync())).to.deep.equal(bits(theirs.value.dataSync()));
    expect(Object.keys(ours.grads).sort()).to.deep.equal(Object.keys(theirs.grads).sort());
    for (const [name, grad] of Object.entries(theirs.grads)) {
      expect(ours.grads[name]!.shape).to.deep.equal(grad.shape);
      const differs = tf.any(tf.notEqual(ours.grads[name]!, grad)).dataSync()[0];
      expect(differs, name).to.equal(0);
    }
  });
}

/** A function of tensors of one shape, as a tree of operations that share subtrees. */
type Program = readonly { readonly op: number; readonly a: number; readonly b: number }[];

const OPS: readonly ((a: tf.Tensor, b: tf.Tensor) => tf.Tensor)[] = [
  tf.add,
  tf.sub,
  tf.mul,
  tf.maximum,
  (a, b) => tf.add(tf.sin(a), tf.relu(b)),
  (a, b) => tf.split(tf.concat([a, b], 0), 2, 0)[0]!,
  (a, b) => tf.mul(tf.mean(a), b),
  (a, b) => tf.addN([tf.reshape(tf.transpose(a), [2, 3]), b, a]),
];

function run(program: Program, inputs: readonly tf.Tensor[]): tf.Tensor {
  const values = [...inputs];
  for (const { op, a, b } of program) {
    values.push(OPS[op % OPS.length]!(values[a % values.length]!, values[b % values.length]!));
  }
  return tf.add(values.at(-1)!, values[0]!);
}

const programs = fc.array(fc.record({ op: fc.nat(99), a: fc.nat(99), b: fc.nat(99) }), {
  minLength: 1,
  maxLength: 12,
});

onEachEngine('gradients', () => {
  it('are TensorFlow.js’s, bit for bit, whatever is computed from whatever', () => {
    fc.assert(
      fc.property(programs, fc.nat(1000), (program, seed) => {
        tf.tidy(() => {
          const xs = [0, 1, 2].map((i) => noiseTensor<tf.Tensor2D>(seed + i, [2, 3], -1, 1));
          const dy = noiseTensor<tf.Tensor>(seed + 3, [2, 3], -1, 1);
          const ours = gradients(() => run(program, xs), xs, dy);
          // alone, TensorFlow.js refuses inputs that nothing depends on
          xs.forEach((x, i) => {
            if (ours.grads[i] === undefined) return;
            const others = xs.map((other) => (other === x ? null : other));
            const theirs = tf.grad((moved: tf.Tensor) =>
              run(
                program,
                others.map((other) => other ?? moved),
              ),
            )(x, dy);
            expect(bits(ours.grads[i].dataSync())).to.deep.equal(bits(theirs.dataSync()));
          });
        });
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it('have gradients: (x³)″ = 6x, inside TensorFlow.js’s own too', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([-1, 0.5, 2]);
      const cube = (of: tf.Tensor): tf.Tensor => tf.mul(of, tf.square(of));
      const slope = (of: tf.Tensor): tf.Tensor => valueAndGrad(cube, of).grad;
      expectClose(valueAndGrad(slope, x).grad.dataSync(), [-6, 3, 12], { absolute: 1e-5 });
      expectClose(tf.grad(slope)(x).dataSync(), [-6, 3, 12], { absolute: 1e-5 });
      expectClose(valueAndGrad(tf.grad(cube), x).grad.dataSync(), [-6, 3, 12], { absolute: 1e-5 });
    });
  });

  it('leave nothing behind, nested or not', () => {
    const x = tf.tensor1d([1, 2]);
    const slope = (of: tf.Tensor): tf.Tensor => valueAndGrad((v) => tf.sin(tf.square(v)), of).grad;
    expectNoLeak(() => tf.dispose(valueAndGrad((of: tf.Tensor) => tf.sin(tf.exp(of)), x)));
    expectNoLeak(() => tf.dispose(valueAndGrad(slope, x)));
    x.dispose();
  });

  it('free what has been passed: the pass back through a chain needs no more memory than its beginning', () => {
    const size = 1000;
    const alive: number[] = [];
    const step = tf.customGrad((x, save) => {
      const y = tf.mul(x as tf.Tensor, 1.5);
      (save as tf.GradSaveFunc)([y]);
      return {
        value: y,
        gradFunc: (dy, [saved]) => {
          alive.push(tf.memory().numBytes);
          return tf.mul(dy, tf.add(saved!, 1));
        },
      };
    });
    const x = tf.zeros([size]);
    tf.dispose(
      valueAndGrad((of: tf.Tensor) => Array.from({ length: 10 }).reduce((y: tf.Tensor) => step(y), of), x),
    );
    x.dispose();
    expect(alive).to.have.length(10);
    // one saved tensor less at each step back
    for (let i = 1; i < alive.length; i++) expect(alive[i - 1]! - alive[i]!).to.equal(4 * size);
  });

  it('take gradient functions that hand back dy, one tensor twice, or one that somebody keeps', () => {
    const constant = tf.keep(tf.tensor1d([3, 4]));
    const through = tf.customGrad((x) => ({ value: tf.mul(x as tf.Tensor, 2), gradFunc: (dy) => dy }));
    const twice = tf.customGrad((a, b) => ({
      value: tf.add(a as tf.Tensor, b as tf.Tensor),
      gradFunc: (dy) => {
        const both = tf.mul(dy, 5);
        return [both, both];
      },
    }));
    const kept = tf.customGrad((x) => ({ value: tf.mul(x as tf.Tensor, 2), gradFunc: () => constant }));
    const x = tf.tensor1d([1, 2]);
    const check = (): void => {
      const { grad, value } = valueAndGrad((of: tf.Tensor) => twice(through(of), kept(of)), x);
      // 5 through `through`, and what `kept` says
      expect([...grad.dataSync()]).to.deep.equal([8, 9]);
      expect([...value.dataSync()]).to.deep.equal([4, 8]);
      tf.dispose([grad, value]);
    };
    check();
    expectNoLeak(check);
    expect([...constant.dataSync()]).to.deep.equal([3, 4]);
    tf.dispose([x, constant]);
  });

  it('are zero for outputs that nothing depends on', () => {
    tf.tidy(() => {
      const { grad } = valueAndGrad(
        (of: tf.Tensor) => tf.square(tf.split(of, 3, 0)[1]!),
        tf.tensor1d([1, 2, 3]),
      );
      expect([...grad.dataSync()]).to.deep.equal([0, 4, 0]);
    });
  });

  it('ask a recorded operation only for what is wanted', () => {
    const asked: (readonly string[])[] = [];
    const product = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
      record({
        name: 'Product',
        inputs: { a, b },
        forward: () => tf.mul(a, b),
        save: [a, b],
        gradient: (dy, [left, right], names) => {
          asked.push(names);
          return { a: tf.mul(dy, right!), b: tf.mul(dy, left!) };
        },
      });
    tf.tidy(() => {
      const [a, b] = [tf.scalar(3), tf.scalar(5)];
      expect(valueAndGrad((of: tf.Tensor) => product(of, b), a).grad.dataSync()[0]).to.equal(5);
      expect(gradients(() => product(a, b), [b, a]).grads.map((grad) => grad!.dataSync()[0])).to.deep.equal([
        3, 5,
      ]);
      expect(
        tf
          .grad((of) => product(a, of))(b)
          .dataSync()[0],
      ).to.equal(3);
    });
    expect(asked).to.deep.equal([['a'], ['a', 'b'], ['a', 'b']]);
  });

  it('that fail leave nothing behind, and the next are right', () => {
    const x = tf.tensor1d([1, 2]);
    const bad = tf.customGrad((of) => ({
      value: tf.square(of as tf.Tensor),
      gradFunc: () => {
        throw new Error('no gradient today');
      },
    }));
    const failing: readonly [() => unknown, string][] = [
      [() => valueAndGrad((of: tf.Tensor) => tf.sin(bad(tf.exp(of))), x), 'no gradient today'],
      [() => valueAndGrad((of: tf.Tensor) => tf.matMul(tf.exp(of) as tf.Tensor2D, of as tf.Tensor2D), x), ''],
      [() => valueAndGrad(() => tf.exp(tf.scalar(1)), x), 'does not depend on its argument'],
      [() => valueAndGrad((of: tf.Tensor) => tf.exp(of), x, tf.zeros([3])), 'dy has shape [3]'],
      [() => valueAndGrad((of: tf.Tensor) => valueAndGrad(bad, tf.exp(of)).grad, x), 'no gradient today'],
    ];
    for (const [fails, message] of failing) {
      expectNoLeak(() => expect(() => tf.tidy(() => void fails())).to.throw(message));
      tf.tidy(() => {
        expect([...valueAndGrad((of: tf.Tensor) => tf.square(of), x).grad.dataSync()]).to.deep.equal([2, 4]);
      });
    }
    x.dispose();
  });

  it('of variables name the variables, and leave out what the loss does not reach', () => {
    const [a, b] = [tf.variable(tf.scalar(2), true, 'reached'), tf.variable(tf.scalar(3), true, 'alone')];
    const fixed = tf.variable(tf.scalar(1), false, 'fixed');
    tf.tidy(() => {
      const { value, grads } = variableGrads(() => tf.square(a as unknown as tf.Scalar), [a, b]);
      expect(value.dataSync()[0]).to.equal(4);
      expect(Object.keys(grads)).to.deep.equal(['reached']);
      expect(grads['reached']!.dataSync()[0]).to.equal(4);
      expect(() => variableGrads(() => tf.scalar(1), [a])).to.throw('depends on none of the variables');
      expect(() => variableGrads(() => tf.mul(a, tf.ones([2])), [a])).to.throw('shape [2]');
      expect(() => variableGrads(() => tf.square(a as unknown as tf.Scalar), [fixed])).to.throw('fixed');
    });
    tf.dispose([a, b, fixed]);
  });

  it('of a detector are TensorFlow.js’s, bit for bit', () => {
    const detector = smallCnn.create(
      {
        channels: [4, 6],
        strides: [2, 1],
        input: 'rgb-highpass',
        bn_momentum: 0.9,
        bn_epsilon: 1e-3,
        head: 'binary',
      },
      { imageSize: 8, seed: 1, auxiliaryBatchNorm: false, recompute: false },
    );
    const images = noiseTensor(1, [3, 8, 8, 3]);
    for (const training of [true, false]) {
      expectSameAsTensorFlowJs(
        () => tf.mean(tf.square(detector.logits(images, { ...TRAINING, training }))),
        detector.trainable,
      );
    }
    images.dispose();
    detector.dispose();
  });
});

onTensorFlow('gradients', () => {
  it('of EfficientNet-B0 are TensorFlow.js’s, bit for bit, and leave nothing behind', () => {
    const detector = efficientNetB0.create(
      {
        ...{ weights: null, bn_momentum: 0.9, bn_epsilon: 1e-3, normalisation: 'centred' },
        ...{ dropout: 0, stochastic_depth: 0, head: 'binary' },
      },
      { imageSize: 32, seed: 1, auxiliaryBatchNorm: false, recompute: false },
    );
    const images = noiseTensor(1, [2, 32, 32, 3]);
    const loss = (): tf.Scalar => tf.mean(tf.square(detector.logits(images, TRAINING)));
    expectSameAsTensorFlowJs(loss, detector.trainable);
    expectNoLeak(() => tf.dispose(variableGrads(loss, detector.trainable)));
    images.dispose();
    detector.dispose();
  });

  for (const body of ['resnet', 'unet'] as const) {
    it(`of the opponent’s ${body} are TensorFlow.js’s, bit for bit`, () => {
      const network = generatorNetwork(body, 16, {
        body,
        width: 3,
        depth: 2,
        blocks: 1,
        outerKernel: 5,
        outputChannels: 2,
        norm: 'instance',
        spectralNorm: false,
        seed: 7,
      });
      const images = noiseTensor(1, [2, 16, 16, 3]);
      expectSameAsTensorFlowJs(
        () => tf.mean(tf.square(network.apply(images, { ...GENERATOR_PASS }) as tf.Tensor)),
        modelTrainable(network),
      );
      images.dispose();
      network.dispose();
    });
  }
});
