/** What the learned opponents share, held for each of them. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { createGame, disposeGame, type Game } from '../../src/game/players.ts';
import { playRound, type RoundSettings } from '../../src/game/round.ts';
import { play } from '../../src/game/play.ts';
import { generative } from '../../src/generator/generative.ts';
import { generativeKernel } from '../../src/generator/generative-kernel.ts';
import { generativeResidual } from '../../src/generator/generative-residual.ts';
import type {
  AnyGeneratorVariant,
  Generator,
  LabelledImages,
  Learner,
  Victim,
} from '../../src/generator/generator.ts';
import { moveAverages } from '../../src/generator/moving-average.ts';
import { startAuxiliaryFromMain } from '../../src/ops/layers.ts';
import { onTensorFlow } from '../support/engines.ts';
import {
  ADAM,
  lastTurn,
  noiseBatch,
  settle,
  shippedSettings,
  tinyDetector,
  victim,
  victimThatLoses,
} from '../support/players.ts';
import { bits, changed, expectClose, expectNoLeak, noiseTensor, snapshot } from '../support/tensors.ts';

type Settings = Readonly<Record<string, unknown>>;

const SIZE = 16;
const LABELS = [1, 0, 0, 1, 1];
/** Each with settings that take all its power. */
const VARIANTS: readonly (readonly [AnyGeneratorVariant, Settings])[] = [
  [generative as unknown as AnyGeneratorVariant, { sigma_max: 0.05 }],
  [generativeKernel as unknown as AnyGeneratorVariant, { strength: 0 }],
  [generativeResidual as unknown as AnyGeneratorVariant, { eps: 0 }],
];
const FORMS: readonly Settings[] = [
  { body: 'resnet', norm: 'batch' },
  { body: 'resnet', norm: 'instance', shared: true, spectral_norm: true },
  { body: 'unet', norm: 'batch', shared: true, ema: 0.9, penalty: 10 },
  { body: 'unet', norm: 'instance', spectral_norm: true, ema: 0.5 },
];
const EVERYTHING: Settings = { body: 'unet', norm: 'instance', spectral_norm: true, ema: 0.75, penalty: 1 };
const ROUND: RoundSettings = {
  objective: 'clean+adversarial',
  lambda: 0.5,
  accumulate: 1,
  g_per_d: 1,
  d_per_g: 1,
  crafting: 'eval',
  auxiliary_bn: true,
};

/** An opponent of little size with some settings changed. */
function opponent(variant: AnyGeneratorVariant, settings: Settings = {}, seed = 3): Generator {
  return variant.create(
    {
      ...shippedSettings('generator', variant.name),
      width: 2,
      depth: 2,
      blocks: 1,
      outer_kernel: 3,
      ...settings,
    },
    { imageSize: SIZE, seed },
  );
}

const dark = victimThatLoses((images) => tf.neg(tf.mean(images, [1, 2, 3])) as tf.Tensor1D);
const imagesOf = (generator: Generator, batch: LabelledImages): Float32Array =>
  tf.tidy(() => generator.perturb(batch, dark, lastTurn()).images.dataSync<'float32'>());
const playedBy = (generator: Generator, batch: LabelledImages): Float32Array =>
  tf.tidy(() => generator.learners[0]!.play(batch, dark, lastTurn()).images.dataSync<'float32'>());
const free = ({ images, labels }: LabelledImages): void => tf.dispose([images, labels]);

/** Pushes every trainable variable by sines and tells the learner, as a step of its optimiser would. */
function step(learner: Learner, at: number): void {
  learner.trainable.forEach((variable, i) => {
    tf.tidy(() => variable.assign(tf.add(variable, 0.1 * Math.sin(i + 3 * at))));
  });
  learner.stepped();
}

function gameAgainst(generator: Generator): Game {
  return createGame(tinyDetector({ imageSize: SIZE }), generator, {
    seed: 1,
    optimizer_d: ADAM,
    optimizer_g: ADAM,
  });
}

function rounds(game: Game, batches: readonly LabelledImages[], settings: Partial<RoundSettings>): number[] {
  return batches.map(
    (batch) =>
      playRound(
        game,
        batch,
        { ...ROUND, ...settings },
        { detector: 1e-2, generator: 1e-2 },
        { rng: game.rng, progress: 1 },
      )['loss_g']!,
  );
}

for (const [variant, powerless] of VARIANTS) {
  onTensorFlow(`learned opponent ${variant.name}`, () => {
    let batch: LabelledImages;
    before(() => (batch = noiseBatch(LABELS, SIZE)));
    after(() => free(batch));
    /** With an opponent, disposed afterwards. */
    const using = <T>(settings: Settings, job: (generator: Generator) => T, seed = 3): T => {
      const generator = opponent(variant, settings, seed);
      try {
        return job(generator);
      } finally {
        generator.dispose();
      }
    };

    it('changes real and fake images alike, or the change would be the label', () => {
      for (const form of FORMS) {
        using(form, (generator) => {
          const [clean, images] = [batch.images.dataSync(), imagesOf(generator, batch)];
          const size = SIZE * SIZE * 3;
          const changes = LABELS.map(
            (_, row) =>
              images
                .subarray(row * size, (row + 1) * size)
                .reduce((sum, v, i) => sum + Math.abs(v - clean[row * size + i]!), 0) / size,
          );
          expect(Math.min(...changes)).to.be.above(0.2 * Math.max(...changes));
        });
      }
    });

    it('puts every image at its row, in whatever order the classes come', () => {
      const { images } = noiseBatch([0, 0, 0, 0], SIZE, 7);
      const size = SIZE * SIZE * 3;
      for (const form of FORMS) {
        using(form, (generator) => {
          const changedIn = (rows: readonly number[], labels: readonly number[]): Float32Array[] =>
            tf.tidy(() => {
              const given = {
                images: tf.gather(images, [...rows]),
                labels: tf.tensor1d([...labels], 'int32'),
              };
              const values = imagesOf(generator, given);
              return rows.map((_, i) => values.slice(i * size, (i + 1) * size));
            });
          const sorted = changedIn([0, 1, 2, 3], [0, 0, 1, 1]);
          const mixed = changedIn([2, 0, 3, 1], [1, 0, 1, 0]);
          [2, 0, 3, 1].forEach((row, i) => expectClose(mixed[i]!, sorted[row]!, { absolute: 1e-5 }));
        });
      }
      images.dispose();
    });

    it('takes one image, only real ones, only fake ones, in every form', () => {
      for (const form of FORMS) {
        using(form, (generator) => {
          for (const labels of [[0], [1], [0, 0, 0], [1, 1], [1, 0, 1, 1]]) {
            const given = noiseBatch(labels, SIZE, 5);
            for (const values of [imagesOf(generator, given), playedBy(generator, given)]) {
              expect(values.length).to.equal(labels.length * SIZE * SIZE * 3);
              expect(values.every((v) => v >= 0 && v <= 1)).to.equal(true);
            }
            free(given);
          }
        });
      }
    });

    it('gives the clean images bit for bit when it has no power, in every form', () => {
      for (const form of FORMS) {
        using({ ...form, ...powerless }, (generator) => {
          expect(bits(imagesOf(generator, batch))).to.deep.equal(bits(batch.images.dataSync()));
          expect(bits(playedBy(generator, batch))).to.deep.equal(bits(batch.images.dataSync()));
        });
      }
    });

    it('has a network for each class, or one for both if shared: labels then say nothing', () => {
      for (const shared of [false, true]) {
        using({ shared }, (generator) => {
          const as = (label: number): string =>
            tf.tidy(() =>
              bits(
                imagesOf(generator, { images: batch.images, labels: tf.fill([5], label, 'int32') }),
              ).join(),
            );
          expect(as(0) === as(1)).to.equal(shared);
        });
      }
      const count = (settings: Settings): number =>
        using(settings, (generator) => generator.learners[0]!.trainable.length);
      expect(count({ shared: false })).to.equal(2 * count({ shared: true }));
    });

    it('has gradients in every weight, in every form', () => {
      for (const form of FORMS) {
        using(form, (generator) =>
          tf.tidy(() => {
            const learner = generator.learners[0]!;
            const { trainable } = learner;
            const direction = noiseTensor(9, batch.images.shape, -1, 1);
            const { grads } = tf.variableGrads(
              () => tf.sum(tf.mul(learner.play(batch, dark, lastTurn()).images, direction)),
              [...trainable],
            );
            for (const [name, variable] of generator.state) {
              if (!trainable.includes(variable)) continue;
              const values = grads[variable.name]!.dataSync();
              expect(values.every(Number.isFinite), name).to.equal(true);
              // a bias before a normalisation cancels in it: its gradient is 0 up to rounding
              if (!name.endsWith('/bias') || name.includes('output')) {
                expect(
                  values.some((v) => v !== 0),
                  name,
                ).to.equal(true);
              }
            }
          }),
        );
      }
    });

    it('moves nothing when it perturbs, nor when it plays; only after a step', () => {
      using(EVERYTHING, (generator) => {
        const [learner] = generator.learners;
        const start = snapshot(generator.state);
        imagesOf(generator, batch);
        playedBy(generator, batch);
        expect(changed(start, snapshot(generator.state))).to.deep.equal([]);
        step(learner!, 1);
        const names = [...generator.state.keys()];
        const still = names.filter((name) => /moving_(mean|variance)$/.test(name));
        // a vector of one number has nowhere to turn
        const single = names.filter((name) => name.endsWith('_u') && generator.state.get(name)!.size === 1);
        const moved = changed(start, snapshot(generator.state));
        expect(moved).to.have.members(names.filter((name) => ![...still, ...single].includes(name)));
      });
    });

    it('moves, in the game, every weight that learns and what follows it', () => {
      const generator = opponent(variant, EVERYTHING);
      const game = gameAgainst(generator);
      const [own, theirs] = [snapshot(generator.state), snapshot(game.detector.state)];
      rounds(game, [batch], { d_per_g: 0 });
      expect(changed(theirs, snapshot(game.detector.state))).to.deep.equal([]);
      const moved = changed(own, snapshot(generator.state));
      for (const [name, variable] of generator.state) {
        if (variable.trainable && variable.size > 1) expect(moved, name).to.include(name);
      }
      disposeGame(game);
    });

    it('is wholly in its state: another one with that state makes the same images, and goes on alike', () => {
      using(EVERYTHING, (first) =>
        using(
          EVERYTHING,
          (second) => {
            step(first.learners[0]!, 1);
            expect(bits(imagesOf(second, batch))).to.not.deep.equal(bits(imagesOf(first, batch)));
            first.state.forEach((variable, name) => second.state.get(name)!.assign(variable));
            for (const at of [2, 3]) {
              expect(bits(imagesOf(second, batch))).to.deep.equal(bits(imagesOf(first, batch)));
              [first, second].forEach((generator) => step(generator.learners[0]!, at));
            }
            expect(changed(snapshot(first.state), snapshot(second.state))).to.deep.equal([]);
          },
          4,
        ),
      );
    });

    it('crafts with the averaged weights and plays with the live ones', () => {
      using({ ema: 0.75 }, (generator) => {
        const [learner] = generator.learners;
        const live = learner!.trainable;
        const nameOf = new Map([...generator.state].map(([name, variable]) => [variable, name]));
        const averages = live.map((variable) =>
          generator.state.get(nameOf.get(variable)!.replace('generator', 'average'))!,
        );
        expect(bits(imagesOf(generator, batch))).to.deep.equal(bits(playedBy(generator, batch)));
        const expected = live.map((variable) => [...variable.dataSync()]);
        for (const at of [1, 2, 3]) {
          step(learner!, at);
          live.forEach((variable, i) => {
            const now = variable.dataSync();
            expected[i] = expected[i]!.map((average, j) => 0.75 * average + 0.25 * now[j]!);
          });
        }
        averages.forEach((average, i) => {
          expectClose(average.dataSync(), expected[i]!, { absolute: 1e-6 });
        });
        expect(bits(imagesOf(generator, batch))).to.not.deep.equal(bits(playedBy(generator, batch)));
        // the live weights in the averages' place make the live images
        tf.tidy(() => averages.forEach((average, i) => average.assign(live[i]!)));
        expect(bits(imagesOf(generator, batch))).to.deep.equal(bits(playedBy(generator, batch)));
      });
      using({ ema: 0 }, (generator) => {
        step(generator.learners[0]!, 1);
        expect(bits(imagesOf(generator, batch))).to.deep.equal(bits(playedBy(generator, batch)));
        expect([...generator.state.keys()].filter((name) => name.includes('average'))).to.deep.equal([]);
      });
    });

    it('pays the penalty times the mean squared change of each image', () => {
      const costs = (penalty: number): [number[], number[]] =>
        using({ penalty }, (generator) =>
          tf.tidy(() => {
            const { images, cost } = generator.learners[0]!.play(batch, dark, lastTurn());
            const squares = tf.mean(tf.square(tf.sub(images, batch.images)), [1, 2, 3]);
            return [[...cost.dataSync()], [...squares.dataSync()].map((v) => v * penalty)];
          }),
        );
      for (const penalty of [0, 2.5]) {
        const [paid, expected] = costs(penalty);
        expectClose(paid, expected, { relative: 1e-6 });
        expect(paid.some((v) => v > 0)).to.equal(penalty > 0);
      }
    });

    it('changes less when the change is dear', () => {
      const change = (penalty: number): number => {
        const generator = opponent(variant, { penalty });
        const game = gameAgainst(generator);
        settle(game.detector, batch.images);
        rounds(game, Array<LabelledImages>(8).fill(batch), { d_per_g: 0 });
        const clean = batch.images.dataSync();
        const sum = imagesOf(generator, batch).reduce((total, v, i) => total + (v - clean[i]!) ** 2, 0);
        disposeGame(game);
        return sum / clean.length;
      };
      expect(change(1e4)).to.be.below(0.5 * change(0));
    });

    for (const form of FORMS) {
      it(`plays a game bit for bit the same twice, and keeps no tensor: ${JSON.stringify(form)}`, () => {
        const [first, second] = [0, 1].map(() => gameAgainst(opponent(variant, form))) as [Game, Game];
        const losses = rounds(first, [batch, batch], {});
        expect(rounds(second, [batch, batch], {})).to.deep.equal(losses);
        expect(changed(snapshot(first.generator.state), snapshot(second.generator.state))).to.deep.equal([]);
        expectNoLeak(() => rounds(first, [batch], {}));
        [first, second].forEach(disposeGame);
        expect(losses.every(Number.isFinite)).to.equal(true);
      });
    }

    it('plays simultaneously too: one pass moves both, and what follows the weights', () => {
      const generator = opponent(variant, EVERYTHING);
      const game = gameAgainst(generator);
      const [own, theirs] = [snapshot(generator.state), snapshot(game.detector.state)];
      expect(variant.plays).to.deep.equal(['alternating', 'simultaneous']);
      const turn = { rng: game.rng, progress: 1 };
      const metrics = play(
        game,
        batch,
        { ...ROUND, play: 'simultaneous' },
        { detector: 1e-2, generator: 1e-2 },
        turn,
      );
      expect(Object.values(metrics).every(Number.isFinite)).to.equal(true);
      expect(changed(theirs, snapshot(game.detector.state))).to.not.deep.equal([]);
      const moved = changed(own, snapshot(generator.state));
      for (const [name, variable] of generator.state) {
        if (variable.trainable && variable.size > 1) expect(moved, name).to.include(name);
      }
      disposeGame(game);
    });

    it('is refused for images that its networks cannot halve, with the key named, before anything is built', () => {
      const shipped = shippedSettings('generator', variant.name);
      const problems = (settings: Settings, imageSize: number | null): readonly unknown[] =>
        variant.check!({ ...shipped, ...settings }, { imageSize });
      expect(problems({ depth: 2 }, 16)).to.deep.equal([]);
      expect(problems({ depth: 6 }, null)).to.deep.equal([]);
      expect(problems({ depth: 3 }, 20)).to.deep.equal([
        { key: 'depth', problem: 'image size 20 is no multiple of 8, and 3 halvings need one' },
      ]);
      expect(() => using({ depth: 3 }, () => {}, 1)).to.not.throw();
      expect(() => using({ depth: 5 }, () => {}, 1)).to.throw('image size 16 is no multiple of 32');
    });

    describe('against a detector that stands still', () => {
      /** Grey noise, and on fakes a checkerboard that the detector learns them by. */
      const toyBatch = (seed: number): LabelledImages =>
        tf.tidy(() => {
          const labels = [0, 1, 0, 1, 1, 0];
          const coarse = noiseTensor(seed, [6, 4, 4, 3], 0.3, 0.7);
          const soft = tf.image.resizeBilinear(coarse, [SIZE, SIZE]);
          const board = Float32Array.from({ length: SIZE * SIZE }, (_, i) =>
            (Math.floor(i / SIZE) + i) % 2 === 0 ? 0.06 : -0.06,
          );
          const fake = tf.tensor4d(labels, [6, 1, 1, 1]);
          return {
            images: tf.add(soft, tf.mul(fake, tf.tensor4d(board, [1, SIZE, SIZE, 1]))) as tf.Tensor4D,
            labels: tf.tensor1d(labels, 'int32'),
          };
        });
      let batches: LabelledImages[];
      before(() => (batches = Array.from({ length: 14 }, (_, seed) => toyBatch(seed))));
      after(() => batches.forEach(free));

      for (const body of ['resnet', 'unet'] as const) {
        it(`learns to make it fail on images that it did not see: ${body}`, () => {
          const generator = opponent(variant, { body });
          const game = gameAgainst(generator);
          const unseen = toyBatch(99);
          rounds(game, batches, { objective: 'clean', auxiliary_bn: false });
          const against: Victim = victim(game.detector);
          startAuxiliaryFromMain(game.detector.state);
          const loss = (images: tf.Tensor4D): number =>
            tf.tidy(() => tf.mean(against.lossOf(images, unseen.labels)).dataSync()[0]!);
          const perturbed = (): number =>
            tf.tidy(() => loss(generator.perturb(unseen, against, lastTurn()).images));
          const before = perturbed();
          rounds(game, batches, { d_per_g: 0 });
          const after = perturbed();
          expect(after, 'beside the clean images').to.be.above(loss(unseen.images));
          expect(after, 'beside the untrained networks').to.be.above(before);
          free(unseen);
          disposeGame(game);
        });
      }
    });
  });
}

onTensorFlow('a moving average', () => {
  it('is decayᵗ of where it started and the rest of what it met, the newest weighing most', () => {
    const [average, live] = [tf.variable(tf.tensor1d([2, -1])), tf.variable(tf.tensor1d([0, 0]))];
    const met = [
      [1, 3],
      [-2, 5],
      [4, 0.5],
    ];
    for (const values of met) {
      live.assign(tf.tensor1d(values));
      moveAverages([average], [live], 0.9);
    }
    const expected = [2, -1].map(
      (start, i) => 0.9 ** 3 * start + 0.1 * (0.81 * met[0]![i]! + 0.9 * met[1]![i]! + met[2]![i]!),
    );
    expectClose(average.dataSync(), expected, { absolute: 1e-6 });
    moveAverages([average], [live], 0);
    expect([...average.dataSync()]).to.deep.equal([...live.dataSync()]);
    expect(() => moveAverages([average], [], 0.9)).to.throw('1 moving averages cannot follow 0 variables');
    expectNoLeak(() => moveAverages([average], [live], 0.9));
    tf.dispose([average, live]);
  });
});
