// A batch in parts against the whole of it.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import type { Discriminator } from '../../src/discriminator/discriminator.ts';
import { read, scalars } from '../../src/game/figures.ts';
import { inParts } from '../../src/game/parts.ts';
import { PerturbationError } from '../../src/game/perturbation.ts';
import { play, type PlaySettings } from '../../src/game/play.ts';
import { createCarried, createGame, disposeGame, type Game } from '../../src/game/players.ts';
import { GENERATORS } from '../../src/generator/index.ts';
import type { Generator, LabelledImages } from '../../src/generator/generator.ts';
import { onTensorFlow } from '../support/engines.ts';
import { SGD, noiseBatch, settle, shippedSettings, tinyDetector } from '../support/players.ts';
import { changed, expectClose, expectNoLeak, snapshot } from '../support/tensors.ts';

const LABELS = [0, 1, 1, 0, 1, 0];
const RATES = { detector: 0.1, generator: 0.1 };
const SETTINGS = { objective: 'clean+adversarial', lambda: 0.5, accumulate: 1, auxiliary_bn: true } as const;
const TURNS = { ...SETTINGS, play: 'alternating', crafting: 'eval', g_per_d: 1, d_per_g: 2 } as const;
const FREE = { ...SETTINGS, play: 'free', crafting: 'train', replays: 2 } as const;
const SIMULTANEOUS = { ...SETTINGS, play: 'simultaneous', crafting: 'train' } as const;
/** No statistics of a batch, in neither player, and steps that go with the gradient and not by its sign. */
const APART = { norm: 'instance', width: 4, blocks: 1, depth: 1 };
const GAMES: readonly (readonly [string, Readonly<Record<string, unknown>>, PlaySettings])[] = [
  ['none', {}, { ...TURNS, objective: 'clean' }],
  ['pgd', { norm: 'l2', eps: 0.5, random_start: false, restarts: 1, steps: 2 }, TURNS],
  ['blur', { keep: 'best' }, { ...TURNS, objective: 'adversarial' }],
  ['pgd', { norm: 'l2', eps: 0.5, random_start: false, restarts: 1 }, { ...TURNS, crafting: 'shared' }],
  ['generative', APART, TURNS],
  ['generative', { ...APART, shared: true, penalty: 0.3 }, SIMULTANEOUS],
  ['blur', { direction: 'rms', step_size: 0.1, sigma: 0.4 }, FREE],
  ['sat', { direction: 'unit', step_size: 0.3, tau: 0.1, random_start: false }, FREE],
];

onTensorFlow('a batch in parts', () => {
  let batch: LabelledImages;
  before(() => (batch = noiseBatch(LABELS)));
  after(() => tf.dispose([batch.images, batch.labels]));

  /** Its batch norm has running statistics in every pass, so that no image sees another. */
  const uncoupled = (): Discriminator => {
    const detector = tinyDetector();
    settle(detector, batch.images);
    return {
      ...detector,
      logits: (images, pass) => detector.logits(images, { ...pass, training: false, trackStatistics: false }),
    };
  };
  const gameOf = (name: string, settings: Readonly<Record<string, unknown>>, free: boolean): Game => {
    const generator = GENERATORS[name]!.create(
      { ...shippedSettings('generator', name), ...settings },
      { imageSize: 16, seed: 2 },
    );
    const carried = free ? createCarried(generator, LABELS.length, 16) : null;
    const optimizers = { seed: 1, optimizer_d: SGD, optimizer_g: SGD };
    return createGame(uncoupled(), generator, optimizers, { pool: null, carried });
  };
  const turn = (game: Game) => ({ rng: game.rng, progress: 1 });
  const after2 = (name: string, settings: Readonly<Record<string, unknown>>, how: PlaySettings) => {
    const game = gameOf(name, settings, how.play === 'free');
    const metrics = [1, 2].map(() => play(game, batch, how, RATES, turn(game)));
    return { game, metrics, variables: [...game.detector.trainable, ...game.generator.state.values()] };
  };

  for (const [name, settings, how] of GAMES) {
    it(`teaches what the whole teaches, to 1e-5: ${how.play}, ${how.crafting}, ${name}`, () => {
      const whole = after2(name, settings, how);
      for (const accumulate of [2, 3, 6]) {
        const parts = after2(name, settings, { ...how, accumulate });
        parts.variables.forEach((variable, i) =>
          expectClose(variable.dataSync(), whole.variables[i]!.dataSync(), { absolute: 1e-5 }),
        );
        parts.metrics.forEach((metrics, round) => {
          expect(Object.keys(metrics)).to.have.members(Object.keys(whole.metrics[round]!));
          for (const [tag, value] of Object.entries(metrics)) {
            expect(value, tag).to.be.closeTo(whole.metrics[round]![tag]!, 1e-4);
          }
        });
        expect(parts.game.detectorOptimizer.steps).to.equal(whole.game.detectorOptimizer.steps);
        disposeGame(parts.game);
      }
      // and it is a test only if there was something to learn
      const untouched = gameOf(name, settings, how.play === 'free');
      const before = snapshot(untouched.detector.state);
      expect(changed(before, snapshot(whole.game.detector.state)).length).to.be.above(3);
      [untouched, whole.game].forEach(disposeGame);
    });

    it(`repeats bit for bit and keeps no tensor: ${how.play}, ${how.crafting}, ${name}`, () => {
      const [a, b] = [0, 1].map(() => after2(name, settings, { ...how, accumulate: 3 }));
      expect(a!.metrics).to.deep.equal(b!.metrics);
      expect(changed(snapshot(a!.game.detector.state), snapshot(b!.game.detector.state))).to.deep.equal([]);
      expectNoLeak(() => void play(a!.game, batch, { ...how, accumulate: 3 }, RATES, turn(a!.game)));
      [a!, b!].forEach(({ game }) => disposeGame(game));
    });
  }

  it('tells the row of the batch, not of the part, on which an opponent broke its word', () => {
    for (const how of [TURNS, FREE] as const) {
      const game = gameOf('blur', {}, how.play === 'free');
      const own = game.generator;
      // the fifth image leaves [0, 1]: of the last part the first
      const breaking = (images: tf.Tensor4D, of: tf.Tensor4D): tf.Tensor4D => {
        const fifth = tf.slice(batch.images, 4, 1);
        const isFifth = tf.all(tf.equal(of, fifth), [1, 2, 3], true).cast('float32');
        return tf.add(images, tf.mul(isFifth, 2));
      };
      const generator: Generator = {
        ...game.generator,
        perturb: (part, ...given) =>
          tf.tidy(() => {
            const perturbed = own.perturb(part, ...given);
            return { ...perturbed, images: breaking(perturbed.images, part.images) };
          }),
        ascent: (part, now) => {
          const problem = own.ascent!(part, now);
          return {
            ...problem,
            perturbedBy: (varied) => {
              const perturbed = problem.perturbedBy(varied);
              return { ...perturbed, images: breaking(perturbed.images, part.images) };
            },
          };
        },
      };
      for (const accumulate of [1, 3]) {
        expect(() => play({ ...game, generator }, batch, { ...how, accumulate }, RATES, turn(game)))
          .to.throw(PerturbationError, /outside \[0, 1\]/)
          .with.property('row', 4);
      }
      disposeGame(game);
    }
  });

  it('must be equal parts', () => {
    const game = gameOf('fgsm', {}, false);
    expect(() => play(game, batch, { ...TURNS, accumulate: 4 }, RATES, turn(game))).to.throw(
      'a batch of 6 does not fall into 4 equal parts: set game.accumulate to a divisor of game.batch_size',
    );
    disposeGame(game);
  });

  it('is what its parts are on average, one after another and with the whole batch’s rows', () => {
    tf.tidy(() => {
      const seen: number[][] = [];
      const { detector, opponent, figures } = inParts(batch, 3, ({ labels, images, from }) => {
        seen.push([from, images.shape[0], ...labels.dataSync()]);
        const value = tf.scalar(from);
        return {
          detector: [value, tf.fill([2], from)],
          opponent: [tf.mul(value, -1)],
          figures: scalars({ value: value.clone() }),
        };
      });
      expect(seen).to.deep.equal([
        [0, 2, 0, 1],
        [2, 2, 1, 0],
        [4, 2, 1, 0],
      ]);
      expect(detector.map((gradient) => [...gradient.dataSync()])).to.deep.equal([[2], [2, 2]]);
      expect(opponent.map((gradient) => [...gradient.dataSync()])).to.deep.equal([[-2]]);
      expect(read(figures)).to.deep.equal({ value: 2 });
    });
  });
});
