import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readCheckpoint, saveCheckpoint } from '../../src/game/checkpoint.ts';
import { createGame, disposeGame, gameState, restoreGame, type Game } from '../../src/game/players.ts';
import { playRound } from '../../src/game/round.ts';
import type { AnyGeneratorVariant, Generator, LabelledImages } from '../../src/generator/generator.ts';
import { NOT_LEARNED } from '../../src/generator/generator.ts';
import { GENERATORS } from '../../src/generator/index.ts';
import { mixture } from '../../src/generator/mixture.ts';
import { createRng, type Rng } from '../../src/ops/random.ts';
import { onTensorFlow } from '../support/engines.ts';
import {
  SGD,
  noiseBatch,
  shippedSettings,
  settle,
  tinyDetector,
  victim,
  victimThatLoses,
} from '../support/players.ts';
import { bits, changed, expectNoLeak, snapshot } from '../support/tensors.ts';
import { itIsAGenerator } from '../conformance/generator.ts';

type Settings = Readonly<Record<string, unknown>>;

const SIZE = 16;
const CONTEXT = { imageSize: SIZE, seed: 3 };
const SLOW_SGD = { ...SGD, lr: 1e-2 };

/** A mixture of shipped opponents: by key the opponent's name, settings that differ from the shipped ones, and its weight. */
function mixed(parts: Readonly<Record<string, readonly [name: string, own: Settings, weight: number]>>): {
  readonly variant: AnyGeneratorVariant;
  readonly settings: Settings;
} {
  const each = <T>(of: (part: readonly [string, Settings, number]) => T): Record<string, T> =>
    Object.fromEntries(Object.entries(parts).map(([key, part]) => [key, of(part)]));
  return {
    variant: mixture.of(each(([name]) => GENERATORS[name]!)),
    settings: {
      opponents: each(([name, own]) => ({ ...shippedSettings('generator', name), ...own })),
      weights: each(([, , weight]) => weight),
    },
  };
}

function create(parts: Parameters<typeof mixed>[0]): Generator {
  const { variant, settings } = mixed(parts);
  return variant.create(settings, CONTEXT);
}

/** An opponent that paints every pixel in one grey, so that it can be told which was drawn. */
function painter(grey: number): AnyGeneratorVariant {
  return {
    name: `painter-${grey}`,
    settings: {},
    create: () => ({
      ...NOT_LEARNED,
      name: `painter-${grey}`,
      perturb: ({ images }) => ({ images: tf.fill(images.shape, grey), maps: {}, bounds: {} }),
    }),
  };
}

const indifferent = victimThatLoses((images) => tf.zeros([images.shape[0]]));

/** Which of the painters 0, 1, 2 … were drawn, batch after batch. */
function draws(weights: readonly number[], count: number, rng: Rng): number[] {
  const keys = weights.map((_, i) => `p${i}`);
  const generator = mixture.of(Object.fromEntries(keys.map((key, i) => [key, painter(i / 10)]))).create(
    {
      opponents: Object.fromEntries(keys.map((key) => [key, {}])),
      weights: Object.fromEntries(keys.map((key, i) => [key, weights[i]])),
    },
    CONTEXT,
  );
  const batch = { images: tf.zeros<tf.Rank.R4>([1, 1, 1, 3]), labels: tf.tensor1d([0], 'int32') };
  const greys = Array.from({ length: count }, () =>
    tf.tidy(() => generator.perturb(batch, indifferent, { rng, progress: 1 }).images.dataSync()[0]!),
  );
  tf.dispose([batch.images, batch.labels]);
  return greys.map((grey) => Math.round(grey * 10));
}

onTensorFlow('mixture of opponents', () => {
  it('draws its opponents as often as their weights say, and never one of weight 0', () => {
    const weights = [0, 1, 2, 0, 5, 0];
    const count = 4000;
    const drawn = draws(weights, count, createRng(1, 'opponent'));
    const expected = weights.map((weight) => (count * weight) / 8);
    const counted = weights.map((_, i) => drawn.filter((index) => index === i).length);
    [0, 3, 5].forEach((i) => expect(counted[i]).to.equal(0));
    const chiSquare = [1, 2, 4].reduce((sum, i) => sum + (counted[i]! - expected[i]!) ** 2 / expected[i]!, 0);
    // the 99.9 % point of chi-square with 2 degrees of freedom
    expect(chiSquare).to.be.below(13.82);
    // and no order in it: a draw after itself is as frequent as any
    const again = drawn.filter((index, i) => i > 0 && index === 4 && drawn[i - 1] === 4).length;
    expect(again / counted[4]!).to.be.within(0.6, 0.65);
  });

  it('takes the ends of the range of draws', () => {
    const fixed = (value: number): Rng => ({
      ...createRng(1, 'x'),
      uniform: (shape) => tf.fill([...shape], value),
    });
    const last = 1 - 2 ** -23;
    expect(draws([0, 1, 1], 1, fixed(0))).to.deep.equal([1]);
    expect(draws([1, 1, 0], 1, fixed(last))).to.deep.equal([1]);
    expect(draws([0.1, 0.2, 0.7, 0], 1, fixed(last))).to.deep.equal([2]);
    expect(draws([1, 3], 2, fixed(0.25))).to.deep.equal([1, 1]);
    expect(draws([1, 3], 1, fixed(0.249))).to.deep.equal([0]);
  });

  it('draws the same again from the same seed, and one number a batch', () => {
    const rng = createRng(4, 'opponent');
    const first = draws([1, 1], 50, rng);
    expect(rng.counter).to.equal(50);
    expect(draws([1, 1], 50, createRng(4, 'opponent'))).to.deep.equal(first);
    expect(draws([1, 1], 50, createRng(5, 'opponent'))).not.to.deep.equal(first);
    // a resumed run goes on where the stream was
    expect(draws([1, 1], 20, createRng(4, 'opponent', 30))).to.deep.equal(first.slice(30));
  });

  describe('with parts', () => {
    let batch: LabelledImages;
    let detector: ReturnType<typeof tinyDetector>;
    before(() => {
      detector = tinyDetector({ imageSize: SIZE });
      batch = noiseBatch([1, 0, 0, 1], SIZE);
      settle(detector, batch.images);
    });
    after(() => {
      detector.dispose();
      tf.dispose([batch.images, batch.labels]);
    });

    it('is its only opponent with a weight, bit for bit, maps and bounds too', () => {
      for (const [a, b, key] of [
        [0, 1, 'pgd'],
        [1, 0, 'blur'],
      ] as const) {
        const generator = create({ first: ['blur', {}, a], second: ['pgd', {}, b] });
        const alone = GENERATORS[key]!.create(shippedSettings('generator', key), CONTEXT);
        tf.tidy(() => {
          const mixedImages = generator.perturb(batch, victim(detector), {
            rng: createRng(7, 'opponent'),
            progress: 1,
          });
          // the draw of the opponent is the stream's first
          const own = alone.perturb(batch, victim(detector), {
            rng: createRng(7, 'opponent', 1),
            progress: 1,
          });
          expect(bits(mixedImages.images.dataSync())).to.deep.equal(bits(own.images.dataSync()));
          expect(mixedImages.bounds).to.deep.equal(own.bounds);
          expect(Object.keys(mixedImages.maps)).to.deep.equal(Object.keys(own.maps));
          for (const [name, map] of Object.entries(own.maps)) {
            expect(bits(mixedImages.maps[name]!.dataSync())).to.deep.equal(bits(map.dataSync()));
          }
        });
      }
    });

    it('leaves batches as they are as often as an opponent that changes nothing is drawn', () => {
      const generator = create({ first: ['fgsm', {}, 1], clean: ['none', {}, 1] });
      const rng = createRng(2, 'opponent');
      const clean = bits(batch.images.dataSync());
      const untouched = Array.from({ length: 40 }, () =>
        tf.tidy(() => {
          const { images } = generator.perturb(batch, victim(detector), { rng, progress: 1 });
          return bits(images.dataSync()).every((value, i) => value === clean[i]);
        }),
      );
      expect(untouched.filter(Boolean).length).to.be.within(10, 30);
    });
  });

  describe('with learned parts', () => {
    const PARTS = {
      first: ['generative', {}, 0],
      second: ['generative', {}, 1],
      third: ['pgd', { steps: 2 }, 1],
    } as const;
    const open = (): Game =>
      createGame(tinyDetector({ imageSize: SIZE }), create(PARTS), {
        seed: 1,
        optimizer_d: SLOW_SGD,
        optimizer_g: SLOW_SGD,
      });
    const play = (game: Game, rounds: number): void => {
      const batch = noiseBatch([1, 0, 0, 1], SIZE);
      for (let round = 0; round < rounds; round++) {
        playRound(
          game,
          batch,
          {
            objective: 'clean+adversarial',
            lambda: 0.5,
            accumulate: 1,
            g_per_d: 1,
            d_per_g: 1,
            crafting: 'eval',
            auxiliary_bn: true,
          },
          { detector: 1e-2, generator: 1e-2 },
          { rng: game.rng, progress: 1 },
        );
      }
      tf.dispose([batch.images, batch.labels]);
    };

    it('starts them from weights of their own, the first from those that it has alone', () => {
      const generator = create(PARTS);
      const alone = GENERATORS['generative']!.create(shippedSettings('generator', 'generative'), CONTEXT);
      const kernels = [...alone.state].filter(([, variable]) => variable.shape.length === 4);
      expect(kernels.length).to.be.above(4);
      for (const [name, variable] of kernels) {
        const [first, second] = ['first', 'second'].map((key) =>
          bits(generator.state.get(`${key}/${name}`)!.dataSync()),
        );
        expect(first).to.deep.equal(bits(variable.dataSync()));
        expect(second).not.to.deep.equal(first);
      }
      alone.dispose();
      generator.dispose();
    });

    it('trains each of them in each round, those of weight 0 too', () => {
      const game = open();
      const before = snapshot(game.generator.state);
      play(game, 1);
      const moved = new Set(changed(before, snapshot(game.generator.state)));
      const kernels = [...game.generator.state].filter(([, variable]) => variable.shape.length === 4);
      expect(new Set(kernels.map(([name]) => name.split('/')[0]))).to.deep.equal(
        new Set(['first', 'second']),
      );
      for (const [name] of kernels) expect(moved, name).to.include(name);
      disposeGame(game);
    });

    it('goes on from a checkpoint as if it had never stopped', () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'mixture-'));
      try {
        const game = open();
        play(game, 2);
        const file = path.join(folder, 'two.safetensors');
        saveCheckpoint(file, gameState(game));
        play(game, 3);
        const resumed = open();
        restoreGame(resumed, readCheckpoint(file));
        play(resumed, 3);
        expect(resumed.rng.counter).to.equal(game.rng.counter);
        expect(changed(snapshot(game.generator.state), snapshot(resumed.generator.state))).to.deep.equal([]);
        expect(changed(snapshot(game.detector.state), snapshot(resumed.detector.state))).to.deep.equal([]);
        disposeGame(game);
        disposeGame(resumed);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    it('keeps no tensor of its rounds, and frees all its parts', () => {
      expectNoLeak(() => {
        const game = open();
        play(game, 2);
        disposeGame(game);
      });
    });

    const learned = mixed({ first: ['generative', {}, 1], second: ['fgsm', {}, 0] });
    itIsAGenerator({
      ...learned,
      powerless: mixed({ first: ['generative', { sigma_max: 1e-6 }, 1], second: ['fgsm', {}, 0] }).settings,
      blind: null,
      manySteps: null,
      largestChange: 1,
      drawsPerBatch: true,
      fixedSize: true,
      learns: true,
    });
  });
});
