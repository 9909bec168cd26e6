import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readCheckpoint, saveCheckpoint } from '../../src/game/checkpoint.ts';
import { compiledPlay, playOf, type Play } from '../../src/game/compiled.ts';
import { createCriterion, type Criterion } from '../../src/game/criterion.ts';
import { createImagePool } from '../../src/game/image-pool.ts';
import { createImageViews } from '../../src/game/image-views.ts';
import { PerturbationError } from '../../src/game/perturbation.ts';
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
import { GENERATORS } from '../../src/generator/index.ts';
import type { Generator, LabelledImages } from '../../src/generator/generator.ts';
import { nodeBackend } from '../../src/tensorflow/backend.ts';
import { graphFunction } from '../../src/tensorflow/graph-function.ts';
import { record } from '../../src/tensorflow/recorder.ts';
import { onTensorFlow } from '../support/engines.ts';
import { ADAM, noiseBatch, settle, shippedSettings, tinyDetector } from '../support/players.ts';
import { changed, expectNoLeak, snapshot } from '../support/tensors.ts';

const RECORDER = { record, graphFunction };
const SETTINGS = {
  objective: 'clean+adversarial',
  lambda: 0.5,
  crafting: 'train',
  auxiliary_bn: true,
  accumulate: 1,
} as const;
const ALTERNATING: PlaySettings = { ...SETTINGS, play: 'alternating', g_per_d: 1, d_per_g: 1 };
const SIMULTANEOUS: PlaySettings = { ...SETTINGS, play: 'simultaneous' };
const FREE: PlaySettings = { ...SETTINGS, play: 'free', replays: 2 };
const SMALL = { width: 2, depth: 1, blocks: 1 };
const LABELS = [0, 1, 1, 0];

onTensorFlow('compiled play', () => {
  let batches: LabelledImages[];
  before(() => (batches = [1, 2, 3].map((seed) => noiseBatch(LABELS, 16, seed))));
  after(() => tf.dispose(batches.map(({ images, labels }) => [images, labels])));

  const gameOf = (
    name: string,
    settings: Readonly<Record<string, unknown>> = {},
    memory: { free?: boolean; pool?: boolean; criterion?: Criterion } = {},
  ): Game => {
    const generator = GENERATORS[name]!.create(
      { ...shippedSettings('generator', name), ...settings },
      { imageSize: 16, seed: 2 },
    );
    const detector = tinyDetector();
    settle(detector, batches[0]!.images);
    return createGame(
      detector,
      generator,
      { seed: 1, optimizer_d: { ...ADAM, clip_norm: 1 }, optimizer_g: ADAM },
      {
        ...(memory.criterion === undefined ? {} : { criterion: memory.criterion }),
        pool: memory.pool ? createImagePool(4, 16) : null,
        carried: memory.free ? createCarried(generator, LABELS.length, 16) : null,
      },
    );
  };
  /** Three rounds with other images, rates and progress each time. */
  const rounds = (game: Game, settings: PlaySettings, how: Play['play']): RoundMetrics[] =>
    batches.map((batch, i) => {
      const turn = { rng: game.rng, progress: 0.2 + 0.3 * i };
      return how(game, batch, settings, { detector: 0.01 * (i + 1), generator: 0.02 / (i + 1) }, turn);
    });
  const refusal = (): never => {
    throw new Error('the round was not recorded');
  };
  const stateOf = (game: Game) => snapshot(gameState(game).variables);

  const seen = (title: string, probability: number, alpha: number) =>
    it(`${title}: recorded and not, the same bits; the opponent draws as without them; resumed, the same`, () => {
      const views = {
        ...{ colour_probability: probability, brightness: 0.25, saturation: 1, contrast: 0.5 },
        ...{
          translation_probability: probability,
          translation: 0.25,
          cutout_probability: probability / 2,
          cutout: 0.5,
        },
      };
      const game = (): Game => ({ ...gameOf('pgd'), views: createImageViews(views, { alpha }, 1) });
      const compiled = compiledPlay(RECORDER, true, refusal);
      const [plain, recorded, without] = [game(), game(), gameOf('pgd')];
      const [one, two] = [rounds(plain, ALTERNATING, play), rounds(recorded, ALTERNATING, compiled.play)];
      expect(two).to.deep.equal(one);
      expect(stateOf(recorded)).to.deep.equal(stateOf(plain));
      expect([plain.views!.counter, recorded.views!.counter]).to.deep.equal([3, 3]);
      expect(rounds(without, ALTERNATING, play)).not.to.deep.equal(one);
      expect(plain.rng.counter).to.equal(without.rng.counter);
      const folder = mkdtempSync(path.join(os.tmpdir(), 'views-'));
      const file = path.join(folder, 'step-3.safetensors');
      saveCheckpoint(file, gameState(plain));
      const resumed = game();
      restoreGame(resumed, readCheckpoint(file));
      rmSync(folder, { recursive: true });
      expect(rounds(resumed, ALTERNATING, play)).to.deep.equal(rounds(plain, ALTERNATING, play));
      compiled.dispose();
      [plain, recorded, without, resumed].forEach(disposeGame);
    });
  seen('changed views', 1, 0);
  seen('mixed images', 0, 0.5);
  seen('changed views, mixed', 1, 0.5);

  it('another L: recorded and not, the same bits', () => {
    for (const criterion of [
      createCriterion({ name: 'focal', gamma: 2, alpha: null, class_balance: 0.9 }, [2, 5]),
      createCriterion({ name: 'cross-entropy', label_smoothing: 0.1, class_balance: null }, null),
    ]) {
      const [plain, recorded] = [gameOf('pgd', {}, { criterion }), gameOf('pgd', {}, { criterion })];
      const compiled = compiledPlay(RECORDER, true, refusal);
      expect(rounds(recorded, ALTERNATING, compiled.play)).to.deep.equal(rounds(plain, ALTERNATING, play));
      expect(stateOf(recorded)).to.deep.equal(stateOf(plain));
      compiled.dispose();
      [plain, recorded].forEach(disposeGame);
    }
  });

  /** How often a recorded function ran. */
  const countFunctions = (job: () => void): number => {
    const backend = nodeBackend();
    const { binding } = backend;
    let count = 0;
    const executeOp: typeof binding.executeOp = (op, ...rest) => {
      if (op.startsWith('recorded_step')) count += 1;
      return binding.executeOp(op, ...rest);
    };
    backend.binding = Object.create(binding, { executeOp: { value: executeOp } }) as typeof binding;
    job();
    backend.binding = binding;
    return count;
  };

  const GAMES: readonly [string, string, Readonly<Record<string, unknown>>, PlaySettings][] = [
    ['no opponent', 'none', {}, { ...ALTERNATING, objective: 'clean' }],
    [
      'FGSM, two steps of the detector',
      'fgsm',
      {},
      { ...ALTERNATING, play: 'alternating', g_per_d: 1, d_per_g: 2 },
    ],
    [
      'PGD from random starts, the best kept',
      'pgd',
      { restarts: 2, keep: 'best', random_start: true },
      ALTERNATING,
    ],
    [
      'FGSM from the clean pass, the batch in two parts',
      'fgsm',
      {},
      { ...ALTERNATING, crafting: 'shared', accumulate: 2 },
    ],
    ['SAT', 'sat', {}, { ...ALTERNATING, crafting: 'eval' }],
    ['Blur AT', 'blur', {}, ALTERNATING],
    [
      'a shared generator with averages and spectral norms',
      'generative',
      { ...SMALL, shared: true, ema: 0.9, spectral_norm: true },
      ALTERNATING,
    ],
    ['a shared generator, simultaneously', 'generative', { ...SMALL, shared: true }, SIMULTANEOUS],
    ['Blur AT for free', 'blur', { random_start: false }, FREE],
  ];
  for (const [title, name, settings, how] of GAMES) {
    it(`moves players and tells figures bit for bit as played: ${title}`, () => {
      const memory = { free: how.play === 'free' };
      const [asPlayed, asRecorded] = [gameOf(name, settings, memory), gameOf(name, settings, memory)];
      const compiled = compiledPlay(RECORDER, true, refusal);
      const told = rounds(asPlayed, how, play);
      expect(rounds(asRecorded, how, compiled.play)).to.deep.equal(told);
      expect(changed(stateOf(asPlayed), stateOf(asRecorded))).to.deep.equal([]);
      expect(gameState(asRecorded).counters).to.deep.equal(gameState(asPlayed).counters);
      compiled.dispose();
      [asPlayed, asRecorded].forEach(disposeGame);
    });
  }

  it('goes on after a checkpoint as if it had never stopped', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'compiled-'));
    const file = path.join(folder, 'game.safetensors');
    const drawing = { random_start: true };
    const [through, stopped] = [gameOf('fgsm', drawing), gameOf('fgsm', drawing)];
    const plays = [0, 1, 2].map(() => compiledPlay(RECORDER, true, refusal));
    const one = (game: Game, i: number, batch: number): RoundMetrics =>
      plays[i]!.play(
        game,
        batches[batch]!,
        ALTERNATING,
        { detector: 0.1, generator: 0.1 },
        { rng: game.rng, progress: 1 },
      );
    [0, 1, 2].forEach((batch) => one(through, 0, batch));
    one(stopped, 1, 0);
    saveCheckpoint(file, gameState(stopped));
    const resumed = gameOf('fgsm', drawing);
    restoreGame(resumed, readCheckpoint(file));
    [1, 2].forEach((batch) => one(resumed, 2, batch));
    expect(changed(stateOf(through), stateOf(resumed))).to.deep.equal([]);
    expect(resumed.rng.counter).to.equal(through.rng.counter);
    plays.forEach(({ dispose }) => {
      dispose();
    });
    [through, stopped, resumed].forEach(disposeGame);
    rmSync(folder, { recursive: true });
  });

  it('has a function for each batch shape and for rounds without the opponent', () => {
    const [asPlayed, asRecorded] = [gameOf('fgsm'), gameOf('fgsm')];
    const compiled = compiledPlay(RECORDER, true, refusal);
    const smaller = noiseBatch([0, 1], 16, 7);
    const clean: PlaySettings = { ...ALTERNATING, objective: 'clean' };
    const all = (game: Game, how: Play['play']): RoundMetrics[] =>
      [
        [batches[0]!, clean],
        [batches[1]!, ALTERNATING],
        [smaller, ALTERNATING],
        [batches[2]!, ALTERNATING],
        [batches[0]!, clean],
      ].map(([batch, settings]) =>
        how(
          game,
          batch as LabelledImages,
          settings as PlaySettings,
          { detector: 0.1, generator: 0.1 },
          { rng: game.rng, progress: 1 },
        ),
      );
    const told = all(asPlayed, play);
    expect(all(asRecorded, compiled.play)).to.deep.equal(told);
    expect(changed(stateOf(asPlayed), stateOf(asRecorded))).to.deep.equal([]);
    compiled.dispose();
    tf.dispose([smaller.images, smaller.labels]);
    [asPlayed, asRecorded].forEach(disposeGame);
  });

  it('leaves no tensor behind, neither of a recording nor of a replay', () => {
    const game = gameOf('blur');
    const compiled = compiledPlay(RECORDER, true, refusal);
    expectNoLeak(() => {
      rounds(game, ALTERNATING, compiled.play);
      compiled.dispose();
    });
    disposeGame(game);
  });

  const UNRECORDABLE: readonly [string, () => Game, PlaySettings, RegExp][] = [
    [
      'an opponent that looks at labels',
      () => gameOf('generative', { ...SMALL, shared: false }),
      ALTERNATING,
      /reads a value back.*learned\.ts/,
    ],
    [
      'a pool of images',
      () => gameOf('fgsm', {}, { pool: true }),
      ALTERNATING,
      /reads a value back.*image-pool\.ts/,
    ],
    [
      'a budget that grows',
      () => gameOf('fgsm', { eps_growth: 'linear', eps_growth_share: 1 }),
      ALTERNATING,
      /fed\(\)/,
    ],
  ];
  for (const [title, make, settings, reason] of UNRECORDABLE) {
    it(`says why it cannot record ${title}, and plays it only where it may`, () => {
      const [asPlayed, asRecorded] = [make(), make()];
      const strict = compiledPlay(RECORDER, true, refusal);
      const before = stateOf(asRecorded);
      const { counters } = gameState(asRecorded);
      expect(() => rounds(asRecorded, settings, strict.play))
        .to.throw(/game\.compile is true, but the round cannot be recorded/)
        .with.property('message')
        .match(reason);
      expect(changed(before, stateOf(asRecorded))).to.deep.equal([]);
      expect(gameState(asRecorded).counters).to.deep.equal(counters);
      const lines: string[] = [];
      const lenient = compiledPlay(RECORDER, 'auto', (line) => lines.push(line));
      const told = rounds(asPlayed, settings, play);
      expect(rounds(asRecorded, settings, lenient.play)).to.deep.equal(told);
      expect(changed(stateOf(asPlayed), stateOf(asRecorded))).to.deep.equal([]);
      expect(lines).to.have.length(1);
      expect(lines[0]).to.match(reason);
      [asPlayed, asRecorded].forEach(disposeGame);
    });
  }

  it('tells of an opponent that leaves its bounds', () => {
    const honest = gameOf('fgsm');
    const generator: Generator = {
      ...honest.generator,
      perturb: (batch, victim, turn) => {
        const { maps, bounds } = honest.generator.perturb(batch, victim, turn);
        const row = tf.tensor4d([0, 0, 0.5, 0], [4, 1, 1, 1]);
        return { images: tf.clipByValue(tf.add(batch.images, row), 0, 1), maps, bounds };
      },
    };
    const compiled = compiledPlay(RECORDER, true, refusal);
    expect(() => rounds({ ...honest, generator }, ALTERNATING, compiled.play))
      .to.throw(PerturbationError, /left its budget/)
      .with.property('row', 2);
    compiled.dispose();
    disposeGame(honest);
  });

  it('is what game.compile asks for, and auto in games that are worth it', () => {
    const clean: PlaySettings = { ...ALTERNATING, objective: 'clean' };
    const recorded = (compile: boolean | 'auto', length: number): boolean => {
      const game = gameOf('none');
      const how = playOf({ compile, rounds: length }, RECORDER, refusal);
      const functions = countFunctions(() => rounds(game, clean, how.play));
      how.dispose();
      disposeGame(game);
      return functions > 0;
    };
    expect([
      recorded(false, 1000),
      recorded('auto', 49),
      recorded('auto', 50),
      recorded(true, 1),
    ]).to.deep.equal([false, false, true, true]);
  });

  it('is for one game and its stream', () => {
    const [one, other] = [gameOf('none'), gameOf('none')];
    const compiled = compiledPlay(RECORDER, true, refusal);
    const clean: PlaySettings = { ...ALTERNATING, objective: 'clean' };
    rounds(one, clean, compiled.play);
    expect(() => rounds(other, clean, compiled.play)).to.throw(/make another for another game/);
    compiled.dispose();
    [one, other].forEach(disposeGame);
  });
});
