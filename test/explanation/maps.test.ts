/** Grad-CAM and integrated gradients against captum, closed forms and their axioms. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { INFERENCE, type Discriminator } from '../../src/discriminator/discriminator.ts';
import { DISCRIMINATORS } from '../../src/discriminator/index.ts';
import { discriminatorOf } from '../../src/discriminator/model.ts';
import { baselineOf } from '../../src/explanation/baseline.ts';
import { fakeLogit } from '../../src/explanation/fake-logit.ts';
import { gradCam, noGradCam } from '../../src/explanation/grad-cam.ts';
import { integratedGradients } from '../../src/explanation/integrated-gradients.ts';
import { hashed } from '../bench/hashed.ts';
import { onTensorFlow } from '../support/engines.ts';
import { shippedSettings } from '../support/players.ts';
import { expectClose, expectNoLeak, noiseTensor } from '../support/tensors.ts';

const SIDE = 8;
const STEPS = 16;
const captum = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../fixtures/explanation/captum.json'), 'utf8'),
) as Readonly<Record<'z' | 'difference' | 'grad_cam' | 'integrated_gradients', readonly number[]>>;

/** A tensor of the formula, spread evenly around 0 over `scale`. */
function centred(tensor: number, scale: number, shape: readonly number[]): tf.Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    hashed(tensor, count).map((value) => (value - 0.5) * scale),
    [...shape],
  );
}

/** The network of regenerate.py as a detector. */
function network(): Discriminator {
  const conv = (filters: number) =>
    tf.layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu' });
  const input = tf.input({ shape: [SIDE, SIDE, 3] });
  const layers = [
    conv(4),
    tf.layers.averagePooling2d({ poolSize: 2 }),
    conv(6),
    tf.layers.globalAveragePooling2d({}),
    tf.layers.dense({ units: 2 }),
  ];
  const outputs = layers.reduce<tf.SymbolicTensor>((x, layer) => layer.apply(x) as tf.SymbolicTensor, input);
  const model = tf.model({ inputs: input, outputs });
  const weights = [
    centred(1, 2, [3, 3, 3, 4]),
    centred(2, 1, [4]),
    centred(3, 2, [3, 3, 4, 6]),
    centred(4, 1, [6]),
    centred(5, 8, [6, 2]),
    centred(6, 1, [2]),
  ];
  model.setWeights(weights);
  tf.dispose(weights);
  return discriminatorOf('fixture', model, { recompute: false });
}

const images = (tensor: number, scale: number): tf.Tensor4D =>
  tf.tensor4d(
    hashed(tensor, 2 * SIDE * SIDE * 3).map((value) => value * scale),
    [2, SIDE, SIDE, 3],
  );

onTensorFlow('maps of what a detector looks at', () => {
  let detector: Discriminator;
  let x: tf.Tensor4D;
  const z = (at: tf.Tensor4D): tf.Tensor1D => fakeLogit(detector.logits(at, INFERENCE));
  before(() => {
    detector = network();
    x = images(7, 1);
  });
  after(() => {
    detector.dispose();
    x.dispose();
  });

  it('explain the difference of the logits, fake less real', () => {
    const values = tf.tidy(() => z(x).dataSync());
    expectClose(values, captum.z, { absolute: 1e-5 });
  });

  it('Grad-CAM is captum’s', () => {
    const map = tf.tidy(() => gradCam(detector, x).dataSync());
    expect(Math.max(...captum.grad_cam)).to.be.above(0.1);
    expectClose(map, captum.grad_cam, { absolute: 1e-5 });
  });

  it('Grad-CAM refuses a detector whose features have no places, by name', () => {
    const context = { imageSize: SIDE, seed: 1, auxiliaryBatchNorm: false, recompute: false };
    const settings = shippedSettings('discriminator', 'spectrum');
    const statistics = DISCRIMINATORS['spectrum']!.create(settings, context);
    expect(noGradCam(detector)).to.equal(null);
    expect(() => gradCam(statistics, x)).to.throw(/^detector spectrum has no feature map .* no Grad-CAM$/);
    statistics.dispose();
  });

  it('integrated gradients are captum’s, by the midpoint rule', () => {
    const baseline = images(8, 0.3);
    const { values, difference, residual } = integratedGradients(z, x, baseline, STEPS);
    expectClose(values.dataSync(), captum.integrated_gradients, { absolute: 1e-5 });
    expectClose(difference, captum.difference, { absolute: 1e-5 });
    const area = SIDE * SIDE * 3;
    const missed = captum.difference.map((change, i) =>
      captum.integrated_gradients.slice(i * area, (i + 1) * area).reduce((a, b) => a + b, -change),
    );
    expectClose(residual, missed, { absolute: 2e-5 });
    tf.dispose([values, baseline]);
  });

  it('integrated gradients sum to what they explain, the better the more steps', () => {
    const baseline = tf.zerosLike(x);
    const missed = [1, 256].map((steps) => {
      const { values, residual } = integratedGradients(z, x, baseline, steps);
      values.dispose();
      return Math.max(...residual.map(Math.abs));
    });
    expect(missed[0]).to.be.above(10 * missed[1]!);
    expect(missed[1]).to.be.below(0.05);
    baseline.dispose();
  });

  it('integrated gradients of a linear function are (x − x′) · w, whatever the steps, each image for itself', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 1e6 }), (steps, seed) => {
        tf.tidy(() => {
          const [at, from, w] = [0, 1, 2].map((k) => noiseTensor(seed + k, [3, 4, 4, 2], -1, 1)) as [
            tf.Tensor4D,
            tf.Tensor4D,
            tf.Tensor4D,
          ];
          // weights of each image's own
          const F = (given: tf.Tensor4D): tf.Tensor1D => tf.sum(tf.mul(given, w), [1, 2, 3]);
          const { values, residual } = integratedGradients(F, at, from, steps);
          expectClose(values.dataSync(), tf.mul(tf.sub(at, from), w).dataSync(), { absolute: 1e-5 });
          expectClose(residual, [0, 0, 0], { absolute: 1e-4 });
        });
      }),
      { numRuns: 10 },
    );
  });

  it('integrated gradients refuse what they cannot integrate', () => {
    const other: tf.Tensor4D = tf.zeros([1, SIDE, SIDE, 3]);
    expect(() => integratedGradients(z, x, other, 4)).to.throw(/baseline has shape \[1,8,8,3\]/);
    expect(() => integratedGradients(z, x, x, 0)).to.throw(/at least 1, not 0/);
    other.dispose();
  });

  it('a blurred baseline keeps the mean and loses detail; a black one is 0', () => {
    tf.tidy(() => {
      const blurred = baselineOf('blurred', x);
      expectClose(tf.mean(blurred, [1, 2]).dataSync(), tf.mean(x, [1, 2]).dataSync(), { absolute: 1e-5 });
      const spread = (of: tf.Tensor): number => tf.moments(of).variance.dataSync()[0]!;
      expect(spread(blurred)).to.be.below(spread(x));
      expect(Math.max(...baselineOf('black', x).dataSync())).to.equal(0);
    });
  });

  it('keep nothing but what they give', () => {
    expectNoLeak(() => {
      const from = baselineOf('blurred', x);
      tf.dispose([gradCam(detector, x), integratedGradients(z, x, from, 3).values, from]);
    });
  });
});
