// A detector with dropout in every game: what descends meets it, and nothing else does.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Discriminator } from '../../src/discriminator/discriminator.ts';
import { dropped, droppedImages } from '../../src/discriminator/dropout.ts';
import { imageInput } from '../../src/discriminator/input.ts';
import { convBlock, discriminatorOf, globalPool, linear, shortcut } from '../../src/discriminator/model.ts';
import { readCheckpoint, saveCheckpoint } from '../../src/game/checkpoint.ts';
import { compiledPlay, type Play } from '../../src/game/compiled.ts';
import { play, type PlaySettings } from '../../src/game/play.ts';
import {
  createCarried,
  createGame,
  disposeGame,
  gameState,
  restoreGame,
  type Game,
} from '../../src/game/players.ts';
import type { RoundMetrics } from '../../src/game/round.ts';
import type { Generator, LabelledImages } from '../../src/generator/generator.ts';
import { GENERATORS } from '../../src/generator/index.ts';
import { graphFunction } from '../../src/tensorflow/graph-function.ts';
import { record } from '../../src/tensorflow/recorder.ts';
import { onTensorFlow } from '../support/engines.ts';
import { SGD, noiseBatch, settle, shippedSettings } from '../support/players.ts';
import { bits, changed, expectNoLeak, snapshot } from '../support/tensors.ts';

const SIZE = 16;
const LABELS = [0, 1, 1, 0];
const SETTINGS = { objective: 'clean+adversarial', lambda: 0.5, accumulate: 1, auxiliary_bn: false } as const;
const TURNS = { ...SETTINGS, play: 'alternating', crafting: 'train', g_per_d: 1, d_per_g: 1 } as const;
const SIMULTANEOUS: PlaySettings = { ...SETTINGS, play: 'simultaneous', crafting: 'train' };
const FREE: PlaySettings = { ...SETTINGS, play: 'free', crafting: 'train', replays: 1 };
const STILL = { detector: 0, generator: 0 };
const RATES = { detector: 0.05, generator: 0.05 };
const NETWORK = { shared: true, width: 2, depth: 1, blocks: 1, penalty: 0.3 };
const EXACT = { norm: 'l2', eps: 0.5, random_start: false, restarts: 1, steps: 2 };
/** Opponents whose answer goes with the gradient, and how they play. */
const GAMES: readonly (readonly [string, Readonly<Record<string, unknown>>, PlaySettings])[] = [
  ['pgd', EXACT, TURNS],
  ['pgd', EXACT, { ...TURNS, crafting: 'eval' }],
  ['pgd', { ...EXACT, keep: 'best' }, { ...TURNS, crafting: 'shared' }],
  ['generative', NETWORK, TURNS],
  ['generative', NETWORK, SIMULTANEOUS],
  ['blur', { direction: 'rms', step_size: 0.1, sigma: 0.4, random_start: false }, FREE],
];

onTensorFlow('a detector with dropout', () => {
  let batch: LabelledImages;
  before(() => (batch = noiseBatch(LABELS, SIZE)));
  after(() => tf.dispose([batch.images, batch.labels]));

  const detectorOf = (dropout: number, recompute = false): Discriminator => {
    const block = { seed: 1, auxiliaryBatchNorm: true, batchNorm: { momentum: 0, epsilon: 1e-3 } };
    const inputs = imageInput(SIZE);
    const conv = { kernel: 3, stride: 2, activation: 'relu' } as const;
    const x = convBlock(inputs, 'block1', 6, conv, block);
    const y = convBlock(x, 'block2', 6, { ...conv, stride: 1 }, block);
    const sum = shortcut('block2', droppedImages(y, 'block2_drop', dropout), x);
    const pooled = dropped(globalPool(sum, {}), 'dropout', dropout);
    const model = tf.model({ name: 'tiny', inputs, outputs: linear(pooled, 'logits', 2, block) });
    const detector = discriminatorOf('tiny', model, { recompute });
    settle(detector, batch.images);
    return detector;
  };
  const opponentOf = (name: string, settings: Readonly<Record<string, unknown>>): Generator =>
    GENERATORS[name]!.create(
      { ...shippedSettings('generator', name), ...settings },
      { imageSize: SIZE, seed: 2 },
    );
  const gameOf = (
    dropout: number,
    name = 'none',
    settings: Readonly<Record<string, unknown>> = {},
    { free = false, recompute = false, seed = 1 } = {},
  ): Game => {
    const generator = opponentOf(name, settings);
    const carried = free ? createCarried(generator, LABELS.length, SIZE) : null;
    const optimizers = { seed, optimizer_d: SGD, optimizer_g: SGD };
    return createGame(detectorOf(dropout, recompute), generator, optimizers, { carried });
  };
  const rounds = (
    game: Game,
    count: number,
    how: PlaySettings = TURNS,
    rates = RATES,
    playing: Play['play'] = play,
  ): RoundMetrics[] =>
    Array.from({ length: count }, () => playing(game, batch, how, rates, { rng: game.rng, progress: 1 }));
  const stateOf = (game: Game) => snapshot(gameState(game).variables);

  for (const [name, settings, how] of GAMES) {
    it(`shows its opponent nothing of it, bit for bit: ${how.play}, ${how.crafting}, ${name}`, () => {
      const moves = [0, 0.5].map((rate) => {
        const made = gameOf(rate, name, settings, { free: how.play === 'free' });
        const images: number[][] = [];
        const watched = <F extends (...given: never[]) => ReturnType<Generator['perturb']>>(perturb: F): F =>
          ((...given: Parameters<F>) => {
            const perturbed = perturb(...given);
            images.push(bits(perturbed.images.dataSync()));
            return perturbed;
          }) as F;
        const { perturbFrom } = made.generator;
        const generator: Generator = {
          ...made.generator,
          perturb: watched((...given: Parameters<Generator['perturb']>) => made.generator.perturb(...given)),
          ...(perturbFrom === undefined ? {} : { perturbFrom: watched(perturbFrom) }),
        };
        const game = { ...made, generator };
        const [told] = rounds(game, 1, how);
        const moved = [
          ...game.generator.state.values(),
          ...(game.carried === null ? [] : [game.carried]),
        ].map((variable) => bits(variable.dataSync()));
        disposeGame(made);
        return { images, moved, loss: told!['loss_g'], learnt: told!['loss_d'] };
      });
      const [whole, dropping] = moves;
      expect(dropping!.learnt).not.to.equal(whole!.learnt);
      expect({ ...dropping, learnt: null }).to.deep.equal({ ...whole, learnt: null });
      expect(whole!.images.length + whole!.moved.length).to.be.above(0);
    });
  }

  it('drops anew for clean and adversarial images, for each part, step and round, and counts these passes', () => {
    const told = (dropout: number, how: PlaySettings) => {
      const game = gameOf(dropout);
      const metrics = rounds(game, 2, how, STILL);
      const { counters } = gameState(game);
      disposeGame(game);
      const losses = metrics.flatMap(({ loss_clean, loss_adversarial }) => [loss_clean, loss_adversarial]);
      return { different: new Set(losses).size, draws: counters['dropout_draws'] };
    };
    expect(told(0, TURNS)).to.deep.equal({ different: 1, draws: undefined });
    expect(told(0.5, TURNS)).to.deep.equal({ different: 4, draws: 4 });
    expect(told(0.5, { ...TURNS, accumulate: 2 })).to.deep.equal({ different: 4, draws: 8 });
    expect(told(0.5, { ...TURNS, d_per_g: 2 })).to.deep.equal({ different: 4, draws: 8 });
    expect(told(0.5, { ...TURNS, objective: 'clean' }).draws).to.equal(2);
  });

  for (const [name, settings, how] of [GAMES[2]!, GAMES[4]!, GAMES[5]!]) {
    it(`recorded, computed again and as played, the same bits: ${how.play}, ${how.crafting}, ${name}`, () => {
      const free = how.play === 'free';
      const games = [false, true, false].map((recompute) => gameOf(0.5, name, settings, { free, recompute }));
      const compiled = compiledPlay({ record, graphFunction }, true, (line) => expect.fail(line));
      const [first, ...others] = games.map((game, i) =>
        rounds(game, 2, how, RATES, i === 2 ? compiled.play : play),
      );
      for (const [i, told] of others.entries()) {
        expect(told).to.deep.equal(first);
        expect(changed(stateOf(games[0]!), stateOf(games[i + 1]!))).to.deep.equal([]);
        expect(gameState(games[i + 1]!).counters).to.deep.equal(gameState(games[0]!).counters);
      }
      compiled.dispose();
      games.forEach(disposeGame);
    });
  }

  it('recorded, drops anew each round', () => {
    const game = gameOf(0.5);
    const compiled = compiledPlay({ record, graphFunction }, true, (line) => expect.fail(line));
    const losses = rounds(game, 2, TURNS, STILL, compiled.play).map(({ loss_d }) => loss_d);
    expect(new Set(losses).size).to.equal(2);
    expect(game.dropout!.counter).to.equal(4);
    compiled.dispose();
    disposeGame(game);
  });

  it('goes on from a checkpoint as if it had never stopped, and not from one without its counter', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'dropout-'));
    try {
      const file = path.join(folder, 'game.safetensors');
      const [through, resumed] = [gameOf(0.5, 'pgd', EXACT), gameOf(0.5, 'pgd', EXACT)];
      rounds(through, 1);
      saveCheckpoint(file, gameState(through));
      restoreGame(resumed, readCheckpoint(file));
      expect(rounds(resumed, 1)).to.deep.equal(rounds(through, 1));
      expect(changed(stateOf(through), stateOf(resumed))).to.deep.equal([]);
      expect(resumed.dropout!.counter).to.equal(4);
      const whole = gameOf(0, 'pgd', EXACT);
      saveCheckpoint(file, gameState(whole));
      expect(() => restoreGame(resumed, readCheckpoint(file))).to.throw('has no counter dropout_draws');
      [through, resumed, whole].forEach(disposeGame);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('of another seed drops differently; keeps no tensor', () => {
    const [one, other] = [1, 2].map((seed) => gameOf(0.5, 'none', {}, { seed })) as [Game, Game];
    expect(rounds(one, 1, TURNS, STILL)).not.to.deep.equal(rounds(other, 1, TURNS, STILL));
    expectNoLeak(() => void rounds(one, 1));
    [one, other].forEach(disposeGame);
  });
});
