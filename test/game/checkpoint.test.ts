import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { smallCnn } from '../../src/discriminator/small-cnn.ts';
import {
  checkpointName,
  listCheckpoints,
  pruneCheckpoints,
  readCheckpoint,
  saveCheckpoint,
} from '../../src/game/checkpoint.ts';
import {
  createGame,
  disposeGame,
  gameState,
  restoreDetector,
  restoreGame,
  type Game,
} from '../../src/game/players.ts';
import type { FineTuningSettings } from '../../src/game/fine-tuning.ts';
import type { OptimizerSettings } from '../../src/game/optimizer.ts';
import { playRound, type RoundSettings } from '../../src/game/round.ts';
import { GENERATORS } from '../../src/generator/index.ts';
import { decodeSafeTensors, encodeSafeTensors, type NamedArray } from '../../src/ops/safetensors.ts';
import { onTensorFlow } from '../support/engines.ts';
import { noiseBatch, shippedSettings, tinyDetector } from '../support/players.ts';
import { changed, expectNoLeak, snapshot, type Snapshot } from '../support/tensors.ts';

const OPTIMIZER: OptimizerSettings & FineTuningSettings = {
  name: 'radam',
  lr: 1e-2,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weight_decay: 0.01,
  decay: 'decoupled',
  clip_norm: 1,
  layer_decay: 1,
  frozen: [],
  average: 0.9,
};
const SETTINGS: RoundSettings = {
  objective: 'clean+adversarial',
  lambda: 0.5,
  accumulate: 1,
  g_per_d: 2,
  d_per_g: 1,
  crafting: 'eval',
  auxiliary_bn: true,
};

function newGame(opponent = 'generative', seed = 1): Game {
  const generator = GENERATORS[opponent]!.create(
    {
      ...shippedSettings('generator', opponent),
      ...(opponent === 'generative' ? { width: 4, blocks: 1 } : {}),
    },
    { imageSize: 16, seed },
  );
  return createGame(tinyDetector({ seed }), generator, {
    seed,
    optimizer_d: OPTIMIZER,
    optimizer_g: OPTIMIZER,
  });
}

/** Plays up to a round; batch and draws depend on the round alone. */
function play(game: Game, rounds: number): void {
  while (game.rounds < rounds) {
    const batch = noiseBatch([0, 1, 1, 0], 16, 100 + game.rounds);
    playRound(game, batch, SETTINGS, { detector: 1e-2, generator: 1e-2 }, { rng: game.rng, progress: 1 });
    game.rng.uniform([2]).dispose();
    game.rounds += 1;
    tf.dispose([batch.images, batch.labels]);
  }
}

const everything = (game: Game): Snapshot => snapshot(gameState(game).variables);

onTensorFlow('checkpoint', () => {
  let folder: string;
  let file: string;
  const at = (name: string): string => path.join(folder, name);
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'checkpoint-'));
    file = at('deep/er/step.safetensors');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('resumes a game that then ends bit-identical to one that never stopped', () => {
    const whole = newGame();
    play(whole, 3);
    saveCheckpoint(file, gameState(whole, { best: '0.5' }));
    play(whole, 7);

    // other initial weights, all of which must be overwritten
    const resumed = newGame('generative', 99);
    const checkpoint = readCheckpoint(file);
    expect(checkpoint.notes).to.deep.equal({ best: '0.5' });
    restoreGame(resumed, checkpoint);
    expect(resumed.rounds).to.equal(3);
    play(resumed, 7);
    expect(changed(everything(whole), everything(resumed))).to.deep.equal([]);
    expect(gameState(resumed).counters).to.deep.equal(gameState(whole).counters);
    expect(gameState(whole).counters).to.deep.equal({
      rounds: 7,
      updates_d: 7,
      updates_g: 14,
      opponent_draws: 7,
    });
    disposeGame(whole);
    disposeGame(resumed);
  });

  it('saved, read and saved again is the same file', () => {
    const [first, second] = [newGame('blur'), newGame('blur', 5)];
    play(first, 2);
    saveCheckpoint(file, gameState(first));
    restoreGame(second, readCheckpoint(file));
    saveCheckpoint(at('again'), gameState(second));
    expect(readFileSync(at('again')).equals(readFileSync(file))).to.equal(true);
    disposeGame(first);
    disposeGame(second);
  });

  it('gives a detector of its own what the game’s detector knew', () => {
    const game = newGame('fgsm');
    play(game, 2);
    saveCheckpoint(file, gameState(game));
    const detector = tinyDetector({ seed: 8 });
    restoreDetector(detector, readCheckpoint(file));
    expect(changed(snapshot(game.detector.state), snapshot(detector.state))).to.deep.equal([]);
    detector.dispose();
    disposeGame(game);
  });

  describe('is refused, and nothing is changed, when it', () => {
    let game: Game;
    let before: Snapshot;
    const counters = { rounds: 0, updates_d: 0, updates_g: 0, opponent_draws: 0 };
    beforeEach(() => {
      game = newGame('fgsm', 3);
      const other = newGame('fgsm', 4);
      play(other, 1);
      saveCheckpoint(file, gameState(other));
      disposeGame(other);
      before = everything(game);
    });
    afterEach(() => {
      disposeGame(game);
    });
    const refuses = (
      says: RegExp | string,
      load: () => void = () => restoreGame(game, readCheckpoint(file)),
    ): void => {
      expect(load).to.throw(says);
      expect(changed(before, everything(game))).to.deep.equal([]);
      expect(gameState(game).counters).to.deep.equal(counters);
    };
    /** Rewrites the file with some of its parts changed. */
    const alter = (
      change: (tensors: Map<string, NamedArray>, metadata: Record<string, string>) => void,
    ): void => {
      const { tensors, metadata } = decodeSafeTensors(readFileSync(file), file);
      const [map, texts] = [new Map(tensors), { ...metadata }];
      change(map, texts);
      writeFileSync(file, encodeSafeTensors({ tensors: map, metadata: texts }));
    };
    const NAME = 'detector/logits/bias';

    it('is of another opponent', () => {
      const other = newGame('blur');
      const own = everything(other);
      expect(() => restoreGame(other, readCheckpoint(file))).to.throw(
        /holds generator 'fgsm', this run has 'blur': use the config/,
      );
      expect(changed(own, everything(other))).to.deep.equal([]);
      disposeGame(other);
    });

    it('lacks a tensor', () => {
      alter((tensors) => tensors.delete('optimizer_d/v'));
      refuses(/has no tensor optimizer_d\/v: it is of another model/);
    });

    it('has one of another shape', () => {
      alter((tensors) => tensors.set(NAME, { shape: [3], values: new Float32Array(3) }));
      refuses(/tensor detector\/logits\/bias has shape \[3\], the model wants \[2\]/);
    });

    it('has one of integers', () => {
      alter((tensors) => tensors.set(NAME, { shape: [2], values: new Int32Array(2) }));
      refuses(/tensor detector\/logits\/bias holds integers/);
    });

    for (const value of [NaN, Infinity]) {
      it(`holds ${value}, in its very last tensor`, () => {
        alter((tensors) => {
          const [name, last] = [...tensors].findLast(([, { values }]) => values.length > 0)!;
          tensors.set(name, { shape: last.shape, values: Float32Array.from(last.values).fill(value, -1) });
        });
        refuses(/holds NaN or infinity/);
      });
    }

    it('is of a larger model whose other layers agree', () => {
      alter((tensors) =>
        tensors.set('detector/block9_conv/kernel', { shape: [1], values: new Float32Array(1) }),
      );
      refuses(/has a tensor detector\/block9_conv\/kernel that this model lacks/);
      const small = smallCnn.create(
        {
          channels: [6, 8],
          strides: [2, 2],
          input: 'rgb-highpass',
          bn_momentum: 0,
          bn_epsilon: 1e-3,
          head: 'binary',
        },
        { imageSize: 16, seed: 1, auxiliaryBatchNorm: true, recompute: false },
      );
      expect(() => restoreDetector(small, readCheckpoint(file))).to.throw(/that this model lacks/);
      small.dispose();
    });

    it('lacks a counter', () => {
      alter((_, metadata) => (metadata['counters'] = '{"rounds":3,"updates_d":1,"updates_g":0}'));
      refuses(/has no counter opponent_draws/);
    });

    it('has counters that are no JSON', () => {
      alter((_, metadata) => (metadata['counters'] = '{'));
      refuses(/is damaged: its counters are missing or no JSON/);
    });

    it('is of another version or another program', () => {
      alter((_, metadata) => (metadata['format'] = 'deepfake-game checkpoint 99'));
      refuses(/is deepfake-game checkpoint 99, and this version reads deepfake-game checkpoint 1/);
      alter((_, metadata) => delete metadata['format']);
      refuses(/is no checkpoint of this program/);
    });

    it('is cut short', () => {
      const bytes = readFileSync(file);
      for (const length of [0, 7, 8, 100, bytes.length - 4, bytes.length - 1]) {
        writeFileSync(file, bytes.subarray(0, length));
        refuses(/is not a readable safetensors file/);
      }
    });

    it('is not there', () => {
      refuses(/cannot read checkpoint .*nowhere/, () => restoreGame(game, readCheckpoint(at('nowhere'))));
    });
  });

  it('is not written when it holds NaN, and the one before stays', () => {
    const game = newGame('fgsm');
    saveCheckpoint(file, gameState(game));
    const good = readFileSync(file);
    const variable = game.detector.state.get('logits/bias')!;
    tf.tidy(() => variable.assign(tf.tensor1d([NaN, 0])));
    expect(() => saveCheckpoint(file, gameState(game))).to.throw(
      /was not written: detector\/logits\/bias holds NaN/,
    );
    expect(readFileSync(file).equals(good)).to.equal(true);
    disposeGame(game);
  });

  it('that the disk refuses is reported with the file and a remedy, and nothing is left behind', () => {
    const game = newGame('none');
    writeFileSync(at('file'), '');
    expect(() => saveCheckpoint(at('file/step.safetensors'), gameState(game))).to.throw(
      /cannot write checkpoint .*file\/step\.safetensors.*Free space or choose another run\.dir/,
    );
    // a folder in the place of the file: the rename is what fails
    mkdirSync(at('taken/inside'), { recursive: true });
    expect(() => saveCheckpoint(at('taken'), gameState(game))).to.throw(/cannot write checkpoint/);
    expect(readdirSync(folder).sort()).to.deep.equal(['file', 'taken']);
    disposeGame(game);
  });

  it('half-written beside a whole one is neither listed nor in the way of the next', () => {
    const game = newGame('none');
    const whole = at(checkpointName(3));
    saveCheckpoint(whole, gameState(game));
    writeFileSync(at(`${checkpointName(4)}.partial`), 'half');
    expect(listCheckpoints(folder)).to.deep.equal([whole]);
    saveCheckpoint(at(checkpointName(4)), gameState(game));
    expect(listCheckpoints(folder)).to.deep.equal([whole, at(checkpointName(4))]);
    expect(existsSync(at(`${checkpointName(4)}.partial`))).to.equal(false);
    disposeGame(game);
  });

  it('lists by round, past the digits of the file name too, and nothing else', () => {
    expect(listCheckpoints(at('nothing'))).to.deep.equal([]);
    const names = [9_999_999, 10_000_000, 7].map(checkpointName);
    [...names, 'best.safetensors', 'step-x.safetensors', 'step-1.safetensors.partial'].forEach((name) =>
      writeFileSync(at(name), ''),
    );
    expect(listCheckpoints(folder)).to.deep.equal([names[2], names[0], names[1]].map((name) => at(name!)));
    writeFileSync(at('plain'), '');
    expect(() => listCheckpoints(at('plain'))).to.throw(/cannot list checkpoints in/);
  });

  it('prunes all but the newest, and never all', () => {
    for (let step = 1; step <= 5; step++) writeFileSync(at(checkpointName(step)), '');
    writeFileSync(at('best.safetensors'), '');
    pruneCheckpoints(folder, 2);
    expect(readdirSync(folder).sort()).to.deep.equal([
      'best.safetensors',
      checkpointName(4),
      checkpointName(5),
    ]);
    pruneCheckpoints(folder, 7);
    expect(readdirSync(folder)).to.have.length(3);
    expect(() => pruneCheckpoints(folder, 0)).to.throw('at least one checkpoint must be kept, not 0');
    expect(readdirSync(folder)).to.have.length(3);
  });

  it('keeps no tensor', () => {
    const game = newGame();
    expectNoLeak(() => {
      saveCheckpoint(file, gameState(game));
      restoreGame(game, readCheckpoint(file));
    });
    disposeGame(game);
  });
});
