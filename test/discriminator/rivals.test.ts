// The mathematics of the earlier methods: boundaries, maps under masks, halves of an autoencoder.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { activationLosses, activations, logitsOf, ownHalf } from '../../src/discriminator/autoencoder.ts';
import { INFERENCE, type Discriminator } from '../../src/discriminator/discriminator.ts';
import { boundary } from '../../src/discriminator/face-xray.ts';
import { DISCRIMINATORS } from '../../src/discriminator/index.ts';
import { binaryCrossEntropy, cellOf, masksIn, overCells } from '../../src/discriminator/mask-losses.ts';
import { play } from '../../src/game/play.ts';
import { createGame, disposeGame } from '../../src/game/players.ts';
import { tensorsOf, type TaughtImages } from '../../src/game/taught.ts';
import { GENERATORS } from '../../src/generator/index.ts';
import { variableGrads } from '../../src/ops/gradients.ts';
import { onEachEngine, onTensorFlow } from '../support/engines.ts';
import { SGD, noiseBatch, settle, shippedSettings } from '../support/players.ts';
import { changed, expectClose, noiseTensor, snapshot } from '../support/tensors.ts';

onEachEngine('losses of maps', () => {
  it('the boundary is 4·m·(1 − m): 1 at one half, 0 where one picture is alone', () => {
    tf.tidy(() => {
      const masks = tf.tensor4d([0, 0.25, 0.5, 1], [1, 2, 2, 1]);
      expectClose(boundary(masks).dataSync(), [0, 0.75, 1, 0], { absolute: 1e-7 });
    });
  });

  it('binary cross-entropy is −t·ln σ − (1 − t)·ln(1 − σ), finite where σ is not; its gradient σ − t', () => {
    const [x, t] = [
      [-3, 0.5, 2, -200, 200, 200],
      [0.2, 1, 0, 1, 1, 0],
    ];
    tf.tidy(() => {
      const [tx, tt] = [tf.tensor1d(x!), tf.tensor1d(t!)];
      const sigma = x!.map((value) => 1 / (1 + Math.exp(-value)));
      const expected = [0, 1, 2].map(
        (i) => -t![i]! * Math.log(sigma[i]!) - (1 - t![i]!) * Math.log(1 - sigma[i]!),
      );
      expectClose(binaryCrossEntropy(tx, tt).dataSync(), [...expected, 200, 0, 200], { absolute: 1e-5 });
      const gradient = tf
        .grad((of: tf.Tensor) => tf.sum(binaryCrossEntropy(of, tt)))(tx)
        .dataSync();
      expectClose(
        gradient,
        sigma.map((value, i) => value - t![i]!),
        { absolute: 1e-6 },
      );
    });
  });

  it('masks are means over cells; what is not known costs nothing', () => {
    tf.tidy(() => {
      const values = tf.tensor4d([1, 1, 0, 0, 1, 0, 0, 0, ...Array<number>(8).fill(1)], [1, 4, 4, 1]);
      const both = {
        labels: tf.tensor1d([1, 1], 'int32'),
        masks: { values: tf.concat([values, values]) as tf.Tensor4D, known: tf.tensor1d([1, 0]) },
      };
      const masks = masksIn('it', both, 2);
      expectClose(masks.values.dataSync(), [0.75, 0, 1, 1, 0.75, 0, 1, 1], { absolute: 1e-7 });
      expectClose(overCells(masks.values, masks, 3).dataSync(), [3 * 0.6875, 0], { absolute: 1e-6 });
      expect(() => masksIn('it', { labels: both.labels }, 2)).to.throw(/detector it learns where fakes were/);
      expect(cellOf('it', 96, 24)).to.equal(4);
      expect(() => cellOf('it', 100, 24)).to.throw(/images of 100 pixels.*24 whole cells/);
    });
  });

  it('halves: a_c = mean |h_c|, P(fake) = a₁ / (a₀ + a₁), and only the class’s own is drawn from', () => {
    tf.tidy(() => {
      const latent = tf.tensor4d([1, -3, 0.5, 0.5, 0, 0, 2, -2], [2, 1, 1, 4]);
      const active = activations(latent);
      expectClose(active.dataSync(), [2, 0.5, 0, 2], { absolute: 1e-7 });
      expectClose(tf.softmax(logitsOf(active)).dataSync(), [0.8, 0.2, 0, 1], { absolute: 1e-4 });
      const targets = { labels: tf.tensor1d([1, 1], 'int32') };
      expectClose(activationLosses(active, targets).dataSync(), [2.5, 1], { absolute: 1e-6 });
      expectClose(ownHalf(latent, targets).dataSync(), [0, 0, 0.5, 0.5, 0, 0, 2, -2], { absolute: 0 });
      const real = { labels: tf.tensor1d([0, 0], 'int32') };
      expectClose(ownHalf(latent, real).dataSync(), [1, -3, 0, 0, 0, 0, 0, 0], { absolute: 0 });
    });
  });
});

const SMALL = { channels: [4, 4], strides: [2, 2], bn_momentum: 0 };
const RIVALS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'face-xray': { ...SMALL, decoder: [4] },
  attention: { ...SMALL, attention_after: 1 },
  autoencoder: SMALL,
};
/** Those, and the detectors by statistics, which have no test of a game of their own. */
const PLAYED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ...RIVALS,
  spectrum: { points: 9, bn_momentum: 0 },
  noise: { grid: 4, bn_momentum: 0 },
  illumination: { bn_momentum: 0 },
};
const make = (name: string, own: Readonly<Record<string, unknown>> = {}): Discriminator =>
  DISCRIMINATORS[name]!.create(
    { ...shippedSettings('discriminator', name), ...PLAYED[name], ...own },
    { imageSize: 16, seed: 1, auxiliaryBatchNorm: true, recompute: own['recompute'] === true },
  );

onTensorFlow('the rivals', () => {
  let batch: TaughtImages;
  before(() => {
    batch = {
      ...noiseBatch([0, 1, 1, 0]),
      masks: {
        values: tf.tidy(() =>
          tf.mul(noiseTensor(3, [4, 16, 16, 1]), tf.tensor4d([0, 1, 1, 0], [4, 1, 1, 1])),
        ),
        known: tf.tensor1d([1, 1, 0, 1]),
      },
    };
  });
  after(() => tf.dispose([...tensorsOf(batch)]));

  for (const name of Object.keys(PLAYED)) {
    it(`${name}: every opponent plays a round against it, and it learns from it`, () => {
      for (const [opponent, variant] of Object.entries(GENERATORS)) {
        const small = { width: 2, depth: 1, blocks: 1, steps: 1 };
        const shipped = shippedSettings('generator', opponent);
        const own = Object.fromEntries(Object.entries(small).filter(([key]) => key in shipped));
        const generator = variant.create({ ...shipped, ...own }, { imageSize: 16, seed: 2 });
        const detector = make(name);
        settle(detector, batch.images);
        const game = createGame(detector, generator, { seed: 1, optimizer_d: SGD, optimizer_g: SGD });
        const before = snapshot(detector.state);
        const told = play(
          game,
          batch,
          {
            ...{ play: 'alternating', objective: 'clean+adversarial', lambda: 0.5, accumulate: 1 },
            ...{ auxiliary_bn: true, crafting: 'eval', g_per_d: 1, d_per_g: 1 },
          },
          { detector: 0.05, generator: 0.05 },
          { rng: game.rng, progress: 1 },
        );
        const moved = changed(before, snapshot(detector.state));
        for (const variable of detector.state.keys()) {
          if (/kernel$/.test(variable)) expect(moved, opponent).to.include(variable);
        }
        for (const [tag, value] of Object.entries(told)) {
          expect(Number.isFinite(value), `${opponent}: ${tag}`).to.equal(true);
        }
        disposeGame(game);
      }
    });
  }

  for (const name of Object.keys(RIVALS)) {
    it(`${name}: learns what it is taught`, () => {
      const detector = make(name);
      const game = createGame(detector, GENERATORS['none']!.create({}, { imageSize: 16, seed: 2 }), {
        seed: 1,
        optimizer_d: { ...SGD, name: 'adam', beta1: 0.9, beta2: 0.999 },
        optimizer_g: SGD,
      });
      const losses = Array.from({ length: 25 }, () =>
        play(
          game,
          batch,
          {
            ...{ play: 'alternating', objective: 'clean', lambda: 1, accumulate: 1 },
            ...{ auxiliary_bn: false, crafting: 'eval', g_per_d: 1, d_per_g: 1 },
          },
          { detector: 0.02, generator: 0 },
          { rng: game.rng, progress: 1 },
        ),
      );
      for (const tag of Object.keys(losses[0]!).filter((tag) => /^loss_/.test(tag))) {
        expect(losses.at(-1)![tag], tag).to.be.below(losses[0]![tag]!);
      }
      disposeGame(game);
    });

    it(`${name}: computed again instead of kept, the same gradients`, () => {
      const gradients = [false, true].map((recompute) => {
        const detector = make(name, { recompute });
        const grads = tf.tidy(() =>
          variableGrads(() => {
            const pass = { training: true, trackStatistics: true, branch: 'main' } as const;
            const { logits, losses, terms } = detector.auxiliary!(batch.images, batch, pass);
            return tf.sum(tf.addN([losses ?? tf.sum(logits, 1), ...Object.values(terms)])) as tf.Scalar;
          }, [...detector.trainable.filter(({ name: of }) => !of.includes('auxiliary'))]),
        );
        const values = Object.values(grads.grads).map((grad) => grad?.dataSync());
        tf.dispose([grads.value, grads.grads]);
        detector.dispose();
        return values;
      });
      expect(gradients[1]).to.deep.equal(gradients[0]);
    });
  }

  it('attention: a map of 0 leaves nothing of an image to be told by, and one of 1 all', () => {
    const detector = make('attention');
    settle(detector, batch.images);
    const bias = detector.state.get('map_output/bias')!;
    const logits = (map: number): number[][] =>
      tf.tidy(() => {
        // σ(±200) is 0 or 1 in float32
        bias.assign(tf.fill(bias.shape, map));
        return detector.logits(batch.images, INFERENCE).arraySync();
      });
    const [first, ...others] = logits(-200);
    for (const other of others) expect(other).to.deep.equal(first);
    const [real, ...rest] = logits(200);
    for (const other of rest) expect(other).not.to.deep.equal(real);
    detector.dispose();
  });

  it('need masks, unless nothing is learnt of them', () => {
    const needs = (name: string, own: object): readonly string[] =>
      DISCRIMINATORS[name]!.needs!({ ...shippedSettings('discriminator', name), ...own });
    expect(needs('face-xray', {})).to.deep.equal(['masks']);
    expect([needs('attention', {}), needs('attention', { map_weight: 0 })]).to.deep.equal([['masks'], []]);
    expect([needs('autoencoder', {}), needs('autoencoder', { mask_weight: 0 })]).to.deep.equal([
      ['masks'],
      [],
    ]);
    const detector = make('attention', { map_weight: 0 });
    expect(detector.auxiliary).to.equal(undefined);
    detector.dispose();
  });

  it('say what settings do not fit', () => {
    expect(() => make('attention', { attention_after: 2 })).to.throw(/attention_after is 2.*2 convolutions/);
    expect(() => make('autoencoder', { channels: [4, 5] })).to.throw(/last of discriminator.channels \(5\)/);
    expect(() => make('autoencoder', { channels: [4, 4, 4, 4, 4], strides: [2, 2, 2, 2, 2] })).to.throw(
      /data.size to a multiple of 32/,
    );
    expect(() => make('face-xray', { strides: [2] })).to.throw(/give one stride a convolution/);
  });
});
