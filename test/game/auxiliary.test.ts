// Detectors that descend more than L of their logits, in every way of playing.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import type { AuxiliaryLosses, Discriminator, Targets } from '../../src/discriminator/discriminator.ts';
import { compiledPlay } from '../../src/game/compiled.ts';
import { createImagePool } from '../../src/game/image-pool.ts';
import { AS_IT_IS, createImageViews } from '../../src/game/image-views.ts';
import { crossEntropy } from '../../src/game/objective.ts';
import { play, type PlaySettings } from '../../src/game/play.ts';
import { createCarried, createGame, disposeGame, gameState, type Game } from '../../src/game/players.ts';
import type { RoundMetrics } from '../../src/game/round.ts';
import { targetsThrough, tensorsOf, type TaughtImages } from '../../src/game/taught.ts';
import { GENERATORS } from '../../src/generator/index.ts';
import { createRng } from '../../src/ops/random.ts';
import { graphFunction } from '../../src/tensorflow/graph-function.ts';
import { record } from '../../src/tensorflow/recorder.ts';
import { onTensorFlow } from '../support/engines.ts';
import { SGD, noiseBatch, settle, shippedSettings, tinyDetector } from '../support/players.ts';
import { changed, expectClose, expectNoLeak, noiseTensor, snapshot } from '../support/tensors.ts';

const LABELS = [0, 1, 1, 0, 1, 0];
const RATES = { detector: 0.1, generator: 0.1 };
const SETTINGS = { objective: 'clean+adversarial', lambda: 0.5, accumulate: 1, auxiliary_bn: true } as const;
const TURNS = { ...SETTINGS, play: 'alternating', crafting: 'eval', g_per_d: 1, d_per_g: 2 } as const;
const SHARED = { ...TURNS, crafting: 'shared', d_per_g: 1 } as const;
const FREE = { ...SETTINGS, play: 'free', crafting: 'train', replays: 2 } as const;
const SIMULTANEOUS = { ...SETTINGS, play: 'simultaneous', crafting: 'train' } as const;
const SMALL = { norm: 'instance', width: 2, blocks: 1, depth: 1, shared: true, penalty: 0.3 };
/** One way of playing each, an opponent that can play so, and what it moves: nothing where it steps by a sign. */
const GAMES: readonly (readonly [string, Readonly<Record<string, unknown>>, PlaySettings])[] = [
  ['none', {}, { ...TURNS, objective: 'clean' }],
  ['generative', SMALL, TURNS],
  ['pgd', { norm: 'l2', eps: 0.5, random_start: false, restarts: 1 }, SHARED],
  ['generative', SMALL, SIMULTANEOUS],
  ['blur', { direction: 'rms', step_size: 0.1, sigma: 0.4 }, FREE],
];

type Losses = (logits: tf.Tensor2D, targets: Targets) => Omit<AuxiliaryLosses, 'logits'>;

/** Each target weighs a square of its own of the logits. */
const TERMS: Losses = (logits, { manipulations, masks }) => {
  const [real, fake] = tf.unstack(logits, 1) as [tf.Tensor1D, tf.Tensor1D];
  const masked = tf.mul(tf.mean(masks!.values, [1, 2, 3]), masks!.known);
  return {
    terms: {
      kind: tf.mul(tf.square(fake), tf.cast(manipulations!, 'float32')),
      mask: tf.mul(tf.square(real), masked),
    },
  };
};
const OWN: Losses = (logits, targets) => ({ ...TERMS(logits, targets), losses: tf.sum(tf.abs(logits), 1) });

onTensorFlow('losses of the detector’s own', () => {
  let batch: TaughtImages;
  const taught = (seed: number): TaughtImages => ({
    ...noiseBatch(LABELS, 16, seed),
    manipulations: tf.tensor1d([0, 2, 1, 0, 2, 0], 'int32'),
    masks: { values: noiseTensor(seed + 7, [6, 16, 16, 1]), known: tf.tensor1d([1, 1, 0, 1, 1, 1]) },
  });
  before(() => (batch = taught(1)));
  after(() => tf.dispose([...tensorsOf(batch)]));

  const withLosses = (detector: Discriminator, losses: Losses): Discriminator => ({
    ...detector,
    auxiliary: (images, targets, pass) => {
      const logits = detector.logits(images, pass);
      return { logits, ...losses(logits, targets) };
    },
  });
  const gameOf = (
    name: string,
    settings: Readonly<Record<string, unknown>>,
    how: Pick<PlaySettings, 'play'>,
    wrap: (detector: Discriminator) => Discriminator,
  ): Game => {
    const generator = GENERATORS[name]!.create(
      { ...shippedSettings('generator', name), ...settings },
      { imageSize: 16, seed: 2 },
    );
    const detector = wrap(tinyDetector());
    settle(detector, batch.images);
    const carried = how.play === 'free' ? createCarried(generator, LABELS.length, 16) : null;
    return createGame(detector, generator, { seed: 1, optimizer_d: SGD, optimizer_g: SGD }, { carried });
  };
  const turn = (game: Game) => ({ rng: game.rng, progress: 1 });
  const once = (game: Game, how: PlaySettings, of = batch): RoundMetrics =>
    play(game, of, how, RATES, turn(game));
  const stateOf = (game: Game) => snapshot(gameState(game).variables);

  for (const [name, settings, how] of GAMES) {
    const title = `${how.play}, ${how.crafting}, ${name}`;

    it(`none beside L is as before, bit for bit: ${title}`, () => {
      const [plain, empty] = [
        gameOf(name, settings, how, (detector) => detector),
        gameOf(name, settings, how, (detector) => withLosses(detector, () => ({ terms: {} }))),
      ];
      expect(once(empty, how)).to.deep.equal(once(plain, how));
      expect(changed(stateOf(plain), stateOf(empty))).to.deep.equal([]);
      [plain, empty].forEach(disposeGame);
    });

    it(`move the detector and not the opponent: ${title}`, () => {
      const one = { ...how, ...(how.play === 'free' ? { replays: 1 } : { d_per_g: 1 }) } as PlaySettings;
      const [plain, own] = [
        gameOf(name, settings, how, (detector) => detector),
        gameOf(name, settings, how, (detector) => withLosses(detector, OWN)),
      ];
      const [told, toldOwn] = [once(plain, one), once(own, one)];
      const moved = changed(stateOf(plain), stateOf(own));
      expect(moved.length).to.be.above(3);
      for (const variable of moved) expect(variable).to.match(/^(detector|optimizer_d)\//);
      for (const tag of Object.keys(told).filter((tag) => !/^loss_d$|gradient_norm_d/.test(tag))) {
        expect(toldOwn[tag], tag).to.equal(told[tag]);
      }
      for (const term of how.objective === 'clean' ? ['clean'] : ['clean', 'adversarial']) {
        const names = ['own', 'kind', 'mask'].map((loss) => `loss_${term}_${loss}`);
        expect(toldOwn).to.include.keys(names);
      }
      [plain, own].forEach(disposeGame);
    });

    it(`leave no tensor behind: ${title}`, () => {
      const game = gameOf(name, settings, how, (detector) => withLosses(detector, OWN));
      expectNoLeak(() => void once(game, how));
      disposeGame(game);
    });
  }

  for (const [title, losses] of [
    ['beside L', TERMS],
    ['in its place', OWN],
  ] as const) {
    it(`${title}: a step is the gradient of their weighted means, and told so`, () => {
      const how = { ...TURNS, objective: 'clean', d_per_g: 1 } as const;
      const game = gameOf('none', {}, how, (detector) => withLosses(detector, losses));
      const reference = tinyDetector();
      settle(reference, batch.images);
      tf.tidy(() => {
        const met: Record<string, number> = {};
        const { grads } = tf.variableGrads(() => {
          const pass = { training: true, trackStatistics: false, branch: 'main' } as const;
          const logits = reference.logits(batch.images, pass);
          const { losses: own, terms } = losses(logits, batch);
          const classes = crossEntropy(logits, batch.labels);
          met['loss_clean'] = tf.mean(classes).dataSync()[0]!;
          if (own !== undefined) met['loss_clean_own'] = tf.mean(own).dataSync()[0]!;
          for (const [loss, of] of Object.entries(terms)) {
            met[`loss_clean_${loss}`] = tf.mean(of).dataSync()[0]!;
          }
          const all = [own ?? classes, ...Object.values(terms)].map((of) => tf.mean(of));
          met['loss_d'] = tf.addN(all).dataSync()[0]!;
          return tf.addN(all) as tf.Scalar;
        }, [...reference.trainable]);
        const expected = reference.trainable.map((variable) => {
          const gradient = grads[variable.name];
          return (gradient === undefined ? variable : tf.sub(variable, tf.mul(gradient, 0.1))).dataSync();
        });
        const told = once(game, how);
        for (const [tag, value] of Object.entries(met)) expect(told[tag], tag).to.be.closeTo(value, 1e-5);
        game.detector.trainable.forEach((variable, i) =>
          expectClose(variable.dataSync(), expected[i]!, { absolute: 1e-5 }),
        );
      });
      reference.dispose();
      disposeGame(game);
    });
  }

  it('are the same of a batch in parts, to 1e-5', () => {
    const uncoupled = (detector: Discriminator): Discriminator =>
      withLosses(
        {
          ...detector,
          logits: (images, pass) =>
            detector.logits(images, { ...pass, training: false, trackStatistics: false }),
        },
        OWN,
      );
    for (const [name, settings, how] of [GAMES[0]!, GAMES[3]!]) {
      const [whole, parts] = [0, 1].map(() => gameOf(name, settings, how, uncoupled));
      const [a, b] = [once(whole!, how), once(parts!, { ...how, accumulate: 3 })];
      for (const [tag, value] of Object.entries(a)) expect(b[tag], tag).to.be.closeTo(value, 1e-4);
      parts!.detector.trainable.forEach((variable, i) =>
        expectClose(variable.dataSync(), whole!.detector.trainable[i]!.dataSync(), { absolute: 1e-5 }),
      );
      [whole!, parts!].forEach(disposeGame);
    }
  });

  it('are computed of each batch’s own targets where rounds are recorded', () => {
    const batches = [1, 2, 3].map(taught);
    const refusal = (): never => {
      throw new Error('the round was not recorded');
    };
    for (const [name, settings, how] of [GAMES[0]!, GAMES[4]!]) {
      const [asPlayed, asRecorded] = [0, 1].map(() =>
        gameOf(name, settings, how, (detector) => withLosses(detector, OWN)),
      );
      const compiled = compiledPlay({ record, graphFunction }, true, refusal);
      const told = batches.map((of) => once(asPlayed!, how, of));
      const recorded = batches.map((of) => compiled.play(asRecorded!, of, how, RATES, turn(asRecorded!)));
      expect(recorded).to.deep.equal(told);
      expect(changed(stateOf(asPlayed!), stateOf(asRecorded!))).to.deep.equal([]);
      compiled.dispose();
      [asPlayed!, asRecorded!].forEach(disposeGame);
    }
    tf.dispose(batches.flatMap((of) => [...tensorsOf(of)]));
  });

  it('see masks where a view has moved the images', () => {
    const views = createImageViews(
      {
        ...{ colour_probability: 0, brightness: 0, saturation: 0, contrast: 0 },
        ...{ translation_probability: 1, translation: 0.25, cutout_probability: 0, cutout: 0 },
      },
      { alpha: 0 },
      1,
    )!;
    tf.tidy(() => {
      const view = views.draw(LABELS.length);
      const masks = batch.masks!;
      // grey from outside is no mask
      const asImages = tf.tile(tf.add(tf.mul(masks.values, 0.5), 0.5), [1, 1, 1, 3]) as tf.Tensor4D;
      const expected = tf.mul(tf.sub(view.images(asImages), 0.5), 2).slice([0, 0, 0, 0], [-1, -1, -1, 1]);
      const seen = targetsThrough(batch, view);
      expectClose(seen.masks!.values.dataSync(), expected.dataSync(), { absolute: 1e-6 });
      expect(tf.max(tf.abs(tf.sub(seen.masks!.values, masks.values))).dataSync()[0]).to.be.above(0.1);
      expect(seen.masks!.known).to.equal(masks.known);
      expect(targetsThrough(batch, AS_IT_IS)).to.deep.equal({ ...batch });
    });
  });

  it('are not told the batch’s targets of images out of a pool', () => {
    const seen: Targets[] = [];
    const watching: Losses = (_, targets) => {
      seen.push(targets);
      return { terms: {} };
    };
    const game = gameOf('fgsm', {}, TURNS, (detector) => withLosses(detector, watching));
    const pool = createImagePool(4, 16);
    play({ ...game, pool }, batch, { ...TURNS, d_per_g: 1 }, RATES, {
      rng: createRng(1, 'opponent'),
      progress: 1,
    });
    expect(seen.map((targets) => targets.masks === undefined)).to.deep.equal([false, true]);
    expect(seen.map((targets) => targets.manipulations === undefined)).to.deep.equal([false, true]);
    pool.dispose();
    disposeGame(game);
  });

  it('cannot be called as L or its stand-in is', () => {
    const game = gameOf('none', {}, TURNS, (detector) =>
      withLosses(detector, (logits) => ({ terms: { own: tf.sum(logits, 1) } })),
    );
    expect(() => once(game, { ...TURNS, objective: 'clean' })).to.throw(
      /detector small-cnn: a loss of its own is called 'own'/,
    );
    disposeGame(game);
  });
});
