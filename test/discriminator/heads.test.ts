import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import {
  INFERENCE,
  type AnyDiscriminatorVariant,
  type Discriminator,
  type Targets,
} from '../../src/discriminator/discriminator.ts';
import { DISCRIMINATORS } from '../../src/discriminator/index.ts';
import { efficientNetB0 } from '../../src/discriminator/efficientnet.ts';
import { cellLosses, meanOfCells, realOrAny, type Head } from '../../src/discriminator/heads.ts';
import { resNet } from '../../src/discriminator/resnet.ts';
import { smallCnn } from '../../src/discriminator/small-cnn.ts';
import { xceptionOf } from '../../src/discriminator/xception.ts';
import { shippedSettings } from '../support/players.ts';
import { undrawn } from '../support/undrawn.ts';
import { onEachEngine, onTensorFlow } from '../support/engines.ts';
import { bits, expectClose, noise, noiseTensor } from '../support/tensors.ts';

const softmax = (z: readonly number[]): number[] => {
  const most = Math.max(...z);
  const all = z.map((value) => Math.exp(value - most));
  const sum = all.reduce((a, b) => a + b);
  return all.map((value) => value / sum);
};

onEachEngine('heads', () => {
  it('real against any manipulation: P(fake) is the sum of theirs, of large logits too', () => {
    for (const scale of [1, 300]) {
      const z = noise(1, 20, -scale, scale);
      tf.tidy(() => {
        const binary = tf.softmax(realOrAny(tf.tensor2d(z, [5, 4]))).dataSync();
        for (let row = 0; row < 5; row++) {
          const [real, ...fakes] = softmax([...z.subarray(4 * row, 4 * row + 4)]);
          expect(binary[2 * row]).to.be.closeTo(real!, 1e-5);
          expect(binary[2 * row + 1]).to.be.closeTo(
            fakes.reduce((a, b) => a + b),
            1e-5,
          );
        }
        // one manipulation: the two logits themselves
        const two = tf.tensor2d(z.slice(0, 10), [5, 2]);
        expectClose(realOrAny(two).dataSync(), two.dataSync(), { absolute: 1e-4 * scale });
      });
    }
  });

  it('cells: the two are the logs of the mean softmax, their loss the mean over cells', () => {
    const [n, cells] = [3, 6];
    const z = noise(2, n * cells * 2, -2, 2);
    const labels = [0, 1, 1];
    tf.tidy(() => {
      const each = Array.from({ length: n * cells }, (_, i) => softmax([...z.subarray(2 * i, 2 * i + 2)]));
      const tensor = tf.tensor4d(z, [n, 2, 3, 2]);
      const of = (row: number, c: number): number[] =>
        each.slice(row * cells, (row + 1) * cells).map((p) => p[c]!);
      const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
      const logits = labels.flatMap((_, row) => [0, 1].map((c) => Math.log(mean(of(row, c)))));
      expectClose(meanOfCells(tensor).dataSync(), logits, { absolute: 1e-5 });
      const losses = labels.map((label, row) => mean(of(row, label).map((p) => -Math.log(p))));
      const targets = { labels: tf.tensor1d(labels, 'int32') };
      expectClose(cellLosses(tensor, targets).dataSync(), losses, { absolute: 1e-5 });
      // cells that are sure beyond float32's exp
      const sure = meanOfCells(tf.mul(tf.ones([1, 2, 2, 2]), tf.tensor1d([0, 500])) as tf.Tensor4D);
      expectClose(sure.dataSync(), [-500, 0], { absolute: 1e-3 });
    });
  });
});

onTensorFlow('a detector with a head', () => {
  const TINY = { channels: [4, 6], strides: [2, 2], input: 'rgb', bn_momentum: 0, bn_epsilon: 1e-3 } as const;
  const context = { imageSize: 16, seed: 1, auxiliaryBatchNorm: false, recompute: false };
  const make = (head: Head, manipulations?: readonly string[]): Discriminator =>
    smallCnn.create(
      { ...TINY, head },
      { ...context, ...(manipulations === undefined ? {} : { manipulations }) },
    );

  it('manipulations: one class each beside real, learnt by the class; the trunk is the binary one’s', () => {
    const [detector, binary] = [make('manipulations', ['a', 'b', 'c']), make('binary')];
    expect(binary.auxiliary).to.equal(undefined);
    expect(detector.state.get('logits/kernel')!.shape).to.deep.equal([6, 4]);
    expect(bits(detector.state.get('block2_conv/kernel')!.dataSync())).to.deep.equal(
      bits(binary.state.get('block2_conv/kernel')!.dataSync()),
    );
    tf.tidy(() => {
      const images = noiseTensor(1, [2, 16, 16, 3]);
      const labels = tf.tensor1d([0, 1], 'int32');
      const manipulations = tf.tensor1d([0, 3], 'int32');
      const { logits, losses, terms } = detector.auxiliary!(images, { labels, manipulations }, INFERENCE);
      expect(Object.keys(terms)).to.deep.equal([]);
      // to be called real costs a real as much by four classes as by two; a fake at least as much
      const binaryLosses = tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(labels, 2)), 1)).dataSync();
      const [real, fake] = losses!.dataSync();
      expect(real).to.be.closeTo(binaryLosses[0]!, 1e-5);
      expect(fake).to.be.above(binaryLosses[1]!);
      const targets: Targets = { labels };
      expect(() => detector.auxiliary!(images, targets, INFERENCE)).to.throw(
        /small-cnn learns manipulations, and the batch does not name them.*pool_size=0/,
      );
    });
    expect(smallCnn.needs!({ ...TINY, head: 'manipulations' })).to.deep.equal(['manipulations']);
    expect(smallCnn.needs!({ ...TINY, head: 'patches' })).to.deep.equal([]);
    [detector, binary].forEach((of) => of.dispose());
  });

  it('manipulations must be known', () => {
    expect(() => make('manipulations')).to.throw(
      /head is manipulations, but those of its training are not known/,
    );
    expect(() => make('manipulations', [])).to.throw(/not known/);
  });

  it('patches: a 1×1 convolution on the features; an EfficientNet takes it too', () => {
    const detector = make('patches');
    expect(detector.state.get('logits/kernel')!.shape).to.deep.equal([1, 1, 6, 2]);
    const large = efficientNetB0.create(
      {
        ...{ weights: null, bn_momentum: 0.9, bn_epsilon: 1e-3, normalisation: 'centred' },
        ...{ dropout: 0, stochastic_depth: 0, head: 'patches' },
      },
      context,
    );
    expect(large.state.get('logits/kernel')!.shape).to.deep.equal([1, 1, 1280, 2]);
    tf.tidy(() => {
      const images = noiseTensor(1, [2, 16, 16, 3]);
      const total = tf.sum(tf.softmax(detector.logits(images, INFERENCE)), 1).dataSync();
      expectClose(total, [1, 1], { absolute: 1e-6 });
    });
    [detector, large].forEach((of) => of.dispose());
  });

  const narrow = { stem: [4, 6], entry: [8, 10], middle: 1, exit: [10, 12, 14, 16] } as const;
  for (const [name, variant] of Object.entries({
    'efficientnet-b0': DISCRIMINATORS['efficientnet-b0'],
    'efficientnet-lite0': DISCRIMINATORS['efficientnet-lite0'],
    'meso-4': DISCRIMINATORS['meso-4'],
    'meso-inception-4': DISCRIMINATORS['meso-inception-4'],
    'mobilenet-v3-small': DISCRIMINATORS['mobilenet-v3-small'],
    'resnet-50': resNet('resnet-50', { width: 4, blocks: [1, 1] }),
    xception: xceptionOf('xception', narrow),
  }) as [string, AnyDiscriminatorVariant][]) {
    it(`${name} takes each, its other variables as they are: weights from elsewhere go into them alike`, () => {
      // one cell of Meso's features, so that the hidden layer, which sees all of them, is the same one
      const given = { ...context, imageSize: 32, manipulations: ['a', 'b', 'c'] };
      const shapes = (head: Head): Record<string, string> => {
        const settings = { ...shippedSettings('discriminator', name), head };
        const detector = undrawn(() => variant.create(settings, given));
        expect(variant.needs!(settings)).to.deep.equal(head === 'manipulations' ? ['manipulations'] : []);
        expect(detector.drops).to.equal((settings as { dropout?: number }).dropout !== undefined);
        const all = [...detector.state].map(([key, { shape }]) => [key, shape.join()] as const);
        detector.dispose();
        return Object.fromEntries(all);
      };
      const { 'logits/kernel': kernel, 'logits/bias': bias, ...binary } = shapes('binary');
      const features = kernel!.split(',')[0]!;
      expect([kernel, bias]).to.deep.equal([`${features},2`, '2']);
      for (const [head, own] of [
        ['manipulations', [`${features},4`, '4']],
        ['patches', [`1,1,${features},2`, '2']],
      ] as const) {
        const { 'logits/kernel': of, 'logits/bias': beside, ...rest } = shapes(head);
        expect([of, beside], head).to.deep.equal(own);
        expect(rest, head).to.deep.equal(binary);
      }
      const pretrained = variant.pretrained?.({ ...shippedSettings('discriminator', name) });
      if (pretrained !== undefined) {
        const kept = ['logits/kernel', 'logits/bias', ...Object.keys(binary)].filter(pretrained.ownStart);
        expect(kept).to.deep.equal(['logits/kernel', 'logits/bias']);
      }
    });
  }
});
