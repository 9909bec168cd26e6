import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readCheckpoint, saveCheckpoint } from '../../src/game/checkpoint.ts';
import { createCriterion } from '../../src/game/criterion.ts';
import { createImagePool } from '../../src/game/image-pool.ts';
import {
  createCarried,
  createGame,
  disposeGame,
  gameState,
  restoreGame,
  type Game,
} from '../../src/game/players.ts';
import { crossEntropy } from '../../src/game/objective.ts';
import { play, type PlaySettings } from '../../src/game/play.ts';
import { PerturbationError } from '../../src/game/perturbation.ts';
import { craft, type GameSettings } from '../../src/game/round.ts';
import { victimOf } from '../../src/game/victim.ts';
import { stepAlong } from '../../src/generator/gradient-ascent.ts';
import { GENERATORS } from '../../src/generator/index.ts';
import type { Generator, LabelledImages, Perturbed } from '../../src/generator/generator.ts';
import { onTensorFlow } from '../support/engines.ts';
import { SGD, lastTurn, noiseBatch, settle, shippedSettings, tinyDetector } from '../support/players.ts';
import { changed, expectClose, expectNoLeak, snapshot } from '../support/tensors.ts';

const RATES = { detector: 0.1, generator: 0.1 };
const SETTINGS: GameSettings = {
  objective: 'clean+adversarial',
  lambda: 0.5,
  accumulate: 1,
  crafting: 'train',
  auxiliary_bn: true,
};
const LABELS = [0, 1, 1, 0, 1, 0];
const ALTERNATING = { ...SETTINGS, play: 'alternating', g_per_d: 1, d_per_g: 1 } as const;
const SIMULTANEOUS: PlaySettings = { ...SETTINGS, play: 'simultaneous' };
/** L by which both players are told apart from plain cross-entropy: labels smoothed, classes weighed. */
const SMOOTHED = createCriterion({ name: 'cross-entropy', label_smoothing: 0.2, class_balance: 0.9 }, [3, 6]);
const CRITERIA = [
  ['plain cross-entropy', crossEntropy],
  ['smoothed labels and weighed classes', SMOOTHED],
] as const;
const FREE = { ...SETTINGS, play: 'free', replays: 1 } as const;

onTensorFlow('ways of playing', () => {
  let batch: LabelledImages;
  before(() => (batch = noiseBatch(LABELS)));
  after(() => tf.dispose([batch.images, batch.labels]));

  const gameOf = (name: string, settings: Readonly<Record<string, unknown>> = {}, free = false): Game => {
    const generator = GENERATORS[name]!.create(
      { ...shippedSettings('generator', name), ...settings },
      { imageSize: 16, seed: 2 },
    );
    const detector = tinyDetector();
    settle(detector, batch.images);
    const carried = free ? createCarried(generator, LABELS.length, 16) : null;
    const optimizers = { seed: 1, optimizer_d: SGD, optimizer_g: SGD };
    return createGame(detector, generator, optimizers, { pool: null, carried });
  };
  const turn = (game: Game) => ({ rng: game.rng, progress: 1 });
  const values = (state: ReadonlyMap<string, tf.Variable>): number[] =>
    [...state.values()].flatMap((variable) => [...variable.dataSync()]);

  describe('simultaneous', () => {
    for (const [title, criterion] of CRITERIA) {
      it(`moves the detector as if it alone had moved, and the generator as if it alone had: ${title}`, () => {
        const [both, detectorAlone, generatorAlone] = [0, 1, 2].map(() => ({
          ...gameOf('generative'),
          criterion,
        }));
        const { metrics } = { metrics: play(both!, batch, SIMULTANEOUS, RATES, turn(both!)) };
        const alone = play(
          detectorAlone!,
          batch,
          { ...ALTERNATING, g_per_d: 0 },
          RATES,
          turn(detectorAlone!),
        );
        play(generatorAlone!, batch, { ...ALTERNATING, d_per_g: 0 }, RATES, turn(generatorAlone!));
        expectClose(values(both!.detector.state), values(detectorAlone!.detector.state), { absolute: 1e-6 });
        expectClose(values(both!.generator.state), values(generatorAlone!.generator.state), {
          absolute: 1e-6,
          relative: 1e-4,
        });
        expect(metrics['loss_d']).to.be.closeTo(alone['loss_d']!, 1e-6);
        expect(metrics['loss_g']).to.be.closeTo(-metrics['loss_adversarial']!, 1e-6);
        [both, detectorAlone, generatorAlone].forEach((game) => disposeGame(game!));
      });
    }

    it('shows the generator the L that the detector descends', () => {
      const given = gameOf('generative');
      const seen: number[][] = [];
      const learners = given.generator.learners.map((learner) => ({
        ...learner,
        play: (...[images, victim, turn]: Parameters<typeof learner.play>) => {
          seen.push([...victim.lossOf(images.images, images.labels).dataSync()]);
          return learner.play(images, victim, turn);
        },
      }));
      const game = { ...given, criterion: SMOOTHED, generator: { ...given.generator, learners } };
      const expected = tf.tidy(() => {
        const { images, labels } = batch;
        return [...victimOf(game.detector, SETTINGS, SMOOTHED).lossOf(images, labels).dataSync()];
      });
      play(game, batch, SIMULTANEOUS, RATES, turn(game));
      expect(seen).to.deep.equal([expected]);
      disposeGame(given);
    });

    it('counts one update of each', () => {
      const game = gameOf('generative');
      play(game, batch, SIMULTANEOUS, RATES, turn(game));
      expect([game.detectorOptimizer.steps, game.generatorOptimizer.steps]).to.deep.equal([1, 1]);
      disposeGame(game);
    });

    it('refuses an opponent that learns nothing', () => {
      const game = gameOf('fgsm');
      expect(() => play(game, batch, SIMULTANEOUS, RATES, turn(game))).to.throw(
        /fgsm cannot play simultaneously/,
      );
      disposeGame(game);
    });
  });

  it('the opponent ascends the L that the detector descends, and figures keep their names', () => {
    const [smoothed, plain] = [
      { ...gameOf('fgsm', { random_start: false }), criterion: SMOOTHED },
      gameOf('fgsm', { random_start: false }),
    ];
    tf.tidy(() => {
      const direct = (of: Game) => {
        const victim = victimOf(of.detector, SETTINGS, of.criterion);
        const gradient = tf.grad((x) => tf.sum(victim.lossOf(x as tf.Tensor4D, batch.labels)))(batch.images);
        return tf.sign(gradient);
      };
      for (const game of [smoothed, plain]) {
        const { images } = craft(game, batch, SETTINGS, lastTurn());
        const moved = tf.sign(tf.sub(images, batch.images));
        const against = tf.less(tf.mul(moved, direct(game)), 0);
        expect(tf.sum(tf.cast(against, 'int32')).dataSync()[0]).to.equal(0);
      }
    });
    const figures = [smoothed, plain].map((game) => play(game, batch, ALTERNATING, RATES, turn(game)));
    expect(figures[0]!['loss_clean']).to.not.be.closeTo(figures[1]!['loss_clean']!, 1e-3);
    expect(Object.keys(figures[0]!)).to.deep.equal(Object.keys(figures[1]!));
    [smoothed, plain].forEach(disposeGame);
  });

  describe('free', () => {
    const eps = { eps: 0.02, random_start: false };

    it('starts without a change, and carries the attack’s step to the next round', () => {
      const [game, none] = [gameOf('fgsm', eps, true), gameOf('none')];
      const fgsm = tf.tidy(() => {
        const { images } = craft(game, batch, SETTINGS, lastTurn());
        return tf.sub(images, batch.images).dataSync<'float32'>();
      });
      const first = play(game, batch, FREE, RATES, turn(game));
      play(none, batch, ALTERNATING, RATES, turn(none));
      expect(first['perturbation']).to.equal(0);
      expectClose(values(game.detector.state), values(none.detector.state), { absolute: 1e-6 });
      const carried = game.carried!.dataSync<'float32'>();
      const same = carried.filter((value, i) => Math.abs(value - fgsm[i]!) < 1e-6).length;
      // where the gradient is dust its sign is a matter of the order of sums
      expect(same / carried.length).to.be.above(0.995);
      const second = play(game, batch, FREE, RATES, turn(game));
      expect(second['perturbation']).to.be.above(0.01);
      expect(second['budget_pixels']).to.be.within(0.99, 1.0001);
      [game, none].forEach(disposeGame);
    });

    for (const [title, criterion] of CRITERIA) {
      it(`gives both players what a pass for each of them gives, to 1e-5: ${title}`, () => {
        const settings = { norm: 'l2', eps: 0.5, alpha: 0.1, random_start: false, restarts: 1, momentum: 0 };
        const [game, apart] = [
          { ...gameOf('pgd', settings, true), criterion },
          { ...gameOf('none'), criterion },
        ];
        const carried = tf.tidy(() => tf.mul(tf.sub(noiseBatch(LABELS, 16, 9).images, 0.5), 0.02));
        game.carried!.assign(carried);
        const { images, stepped } = tf.tidy(() => {
          const ascent = game.generator.ascent!(batch, lastTurn());
          const at = ascent.project(tf.add(batch.images, carried));
          const victim = victimOf(game.detector, SETTINGS, criterion);
          const gradient = tf.grad((x) => tf.sum(victim.lossOf(x as tf.Tensor4D, batch.labels)))(at);
          const next = stepAlong(ascent, gradient, { at, memories: [], step: 1 });
          return { images: at, stepped: tf.sub(next.at, batch.images).dataSync() };
        });
        // against these images, which are nobody's move
        const generator: Generator = {
          ...apart.generator,
          perturb: () => ({ images: images.clone(), maps: {}, bounds: {} }),
        };
        const both = play(game, batch, FREE, RATES, turn(game));
        const alone = play({ ...apart, generator }, batch, ALTERNATING, RATES, turn(apart));
        expectClose(values(game.detector.state), values(apart.detector.state), { absolute: 1e-5 });
        expectClose(game.carried!.dataSync(), stepped, { absolute: 1e-5 });
        expect(both['loss_adversarial']).to.be.closeTo(alone['loss_adversarial']!, 1e-5);
        expect(both['perturbation']).to.be.above(1e-3);
        tf.dispose([images, carried]);
        [game, apart].forEach(disposeGame);
      });
    }

    it('makes an update of the detector and a step of the attack each replay', () => {
      for (const [name, settings] of [
        ['fgsm', eps],
        ['blur', { direction: 'sign', step_size: 0.1, sigma: 0.4 }],
      ] as const) {
        const [replayed, single] = [gameOf(name, settings, true), gameOf(name, settings, true)];
        play(replayed, batch, { ...FREE, replays: 3 }, RATES, turn(replayed));
        for (let i = 0; i < 3; i++) play(single, batch, FREE, RATES, turn(single));
        expect(replayed.detectorOptimizer.steps).to.equal(3);
        expect(changed(snapshot(replayed.detector.state), snapshot(single.detector.state))).to.deep.equal([]);
        expectClose(values(new Map([['x', replayed.carried!]])), values(new Map([['x', single.carried!]])), {
          absolute: 1e-6,
        });
        [replayed, single].forEach(disposeGame);
      }
    });

    it('what it carries is in the checkpoint', () => {
      const game = gameOf('blur', {}, true);
      play(game, batch, FREE, RATES, turn(game));
      const saved = gameState(game).variables.get('free/carried');
      expect(saved?.shape).to.deep.equal([LABELS.length, 16, 16, 1]);
      expect(saved!.dataSync().some((value) => value !== 0)).to.equal(true);
      disposeGame(game);
    });

    it('refuses learned opponents, and attacks on another goal than the true label', () => {
      expect(() => gameOf('generative', {}, true)).to.throw(/generative cannot be played for free/);
      expect(() => gameOf('fgsm', { goal: 'predicted-label' }, true)).to.throw(
        /fgsm cannot be played for free/,
      );
    });
  });

  describe('go on from a checkpoint as if they had never stopped', () => {
    const forms: Readonly<Record<string, () => { game: Game; settings: PlaySettings }>> = {
      'Free AT with what it carries': () => ({
        game: gameOf('fgsm', { eps: 0.02 }, true),
        settings: { ...FREE, replays: 2 },
      }),
      'Free AT of a blur': () => ({ game: gameOf('blur', {}, true), settings: { ...FREE, replays: 2 } }),
      'random starts': () => ({
        game: gameOf('pgd', { steps: 2, random_start: true, momentum: 0.9, keep: 'best' }),
        settings: ALTERNATING,
      }),
      'simultaneous play with averages and spectral norm': () => ({
        game: gameOf('generative', { ema: 0.9, spectral_norm: true }),
        settings: SIMULTANEOUS,
      }),
      'a batch in parts, with random starts': () => ({
        game: gameOf('pgd', { steps: 1, random_start: true }),
        settings: { ...ALTERNATING, accumulate: 3 },
      }),
      'the pass of the clean images shared': () => ({
        game: gameOf('fgsm', { random_start: false }),
        settings: { ...ALTERNATING, crafting: 'shared' },
      }),
      'a pool of past images, filled and being filled': () => {
        const game = gameOf('generative', { ema: 0.5 });
        return { game: { ...game, pool: createImagePool(5, 16) }, settings: ALTERNATING };
      },
    };
    for (const [name, form] of Object.entries(forms)) {
      it(name, () => {
        const folder = mkdtempSync(path.join(os.tmpdir(), 'play-'));
        const [whole, resumed] = [form(), form()];
        const round = ({ game, settings }: ReturnType<typeof form>): void => {
          play(game, batch, settings, RATES, turn(game));
          game.rounds += 1;
        };
        for (let i = 0; i < 3; i++) round(whole);
        const file = path.join(folder, 'step.safetensors');
        saveCheckpoint(file, gameState(whole.game));
        restoreGame(resumed.game, readCheckpoint(file));
        for (let i = 0; i < 3; i++) [whole, resumed].forEach(round);
        const [a, b] = [gameState(whole.game), gameState(resumed.game)];
        expect(b.counters).to.deep.equal(a.counters);
        expect(changed(snapshot(a.variables), snapshot(b.variables))).to.deep.equal([]);
        // and it is a test only if the rounds moved what is saved
        const start = form();
        expect(changed(snapshot(a.variables), snapshot(gameState(start.game).variables)).length).to.be.above(
          5,
        );
        [whole, resumed, start].forEach(({ game }) => disposeGame(game));
        rmSync(folder, { recursive: true });
      });
    }
  });

  it('keep no tensor of an opponent that breaks its word, and tell which image it broke it on', () => {
    for (const [name, settings] of [
      ['generative', SIMULTANEOUS],
      ['fgsm', { ...FREE, replays: 2 }],
      ['blur', { ...FREE, replays: 2 }],
    ] as const) {
      const game = gameOf(name, {}, settings.play === 'free');
      const boundless = (perturbed: Perturbed): Perturbed => ({
        ...perturbed,
        bounds: { pixels: { norm: 'linf', limit: -1 } },
      });
      const { ascent, learners } = game.generator;
      const generator: Generator = {
        ...game.generator,
        learners: learners.map((learner) => ({
          ...learner,
          play: (...given) => ({ ...boundless(learner.play(...given)), cost: tf.zeros([LABELS.length]) }),
        })),
        ...(ascent === undefined
          ? {}
          : {
              ascent: (...given) => {
                const problem = ascent(...given);
                return { ...problem, perturbedBy: (varied) => boundless(problem.perturbedBy(varied)) };
              },
            }),
      };
      const breaking = { ...game, generator };
      expectNoLeak(() => {
        expect(() => play(breaking, batch, settings, RATES, turn(game)))
          .to.throw(PerturbationError, /left its budget: pixels reached .* of its linf bound -1/)
          .with.property('row', 0);
      });
      disposeGame(game);
    }
  });

  it('keep no tensor', () => {
    for (const [name, settings] of [
      ['generative', SIMULTANEOUS],
      ['fgsm', { ...FREE, replays: 2 }],
      ['blur', { ...FREE, replays: 2 }],
    ] as const) {
      const game = gameOf(name, {}, settings.play === 'free');
      expectNoLeak(() => void play(game, batch, settings, RATES, turn(game)));
      disposeGame(game);
    }
  });
});
