import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readCheckpoint, saveCheckpoint } from '../../src/game/checkpoint.ts';
import { checkPerturbed, PerturbationError } from '../../src/game/perturbation.ts';
import { createGame, disposeGame, gameState, restoreGame, type Game } from '../../src/game/players.ts';
import { playRound, type RoundSettings } from '../../src/game/round.ts';
import { chain } from '../../src/generator/chain.ts';
import {
  NOT_LEARNED,
  type AnyGeneratorVariant,
  type Bound,
  type Generator,
  type LabelledImages,
  type Perturbed,
  type Victim,
} from '../../src/generator/generator.ts';
import { GENERATORS } from '../../src/generator/index.ts';
import { createRng } from '../../src/ops/random.ts';
import { onTensorFlow } from '../support/engines.ts';
import {
  ADAM,
  lastTurn,
  noiseBatch,
  shippedSettings,
  settle,
  tinyDetector,
  victim,
} from '../support/players.ts';
import { bits, changed, expectClose, expectNoLeak, snapshot } from '../support/tensors.ts';
import { itIsAGenerator } from '../conformance/generator.ts';

type Settings = Readonly<Record<string, unknown>>;
type Parts = Readonly<Record<string, readonly [opponent: string | AnyGeneratorVariant, own: Settings]>>;

const SIZE = 16;
const CONTEXT = { imageSize: SIZE, seed: 3 };
const QUICK_ADAM = { ...ADAM, beta1: 0.5 };
const ROUND: RoundSettings = {
  objective: 'clean+adversarial',
  lambda: 0.5,
  accumulate: 1,
  g_per_d: 1,
  d_per_g: 1,
  crafting: 'eval',
  auxiliary_bn: true,
};

/** A chain of shipped opponents, by key the opponent's name (or an opponent) and settings that differ from the shipped ones. */
function chained(parts: Parts): { readonly variant: AnyGeneratorVariant; readonly settings: Settings } {
  const each = <T>(of: (part: readonly [string | AnyGeneratorVariant, Settings]) => T): Record<string, T> =>
    Object.fromEntries(Object.entries(parts).map(([key, part]) => [key, of(part)]));
  return {
    variant: chain.of(
      each(([opponent]) => (typeof opponent === 'string' ? GENERATORS[opponent]! : opponent)),
    ),
    settings: {
      opponents: each(([opponent, own]) => ({
        ...(typeof opponent === 'string' ? shippedSettings('generator', opponent) : {}),
        ...own,
      })),
    },
  };
}

function create(parts: Parts): Generator {
  const { variant, settings } = chained(parts);
  return variant.create(settings, CONTEXT);
}

function alone(name: string, own: Settings = {}, seed = CONTEXT.seed): Generator {
  return GENERATORS[name]!.create({ ...shippedSettings('generator', name), ...own }, { ...CONTEXT, seed });
}

/** An opponent that says it keeps the bound, and adds `change` to every pixel of one image. */
function liar(bounds: Readonly<Record<string, Bound>>, row: number, change: number): AnyGeneratorVariant {
  return {
    name: 'liar',
    settings: {},
    create: () => ({
      ...NOT_LEARNED,
      name: 'liar',
      perturb: ({ images }) => {
        const rows = tf.oneHot(tf.tensor1d([row], 'int32'), images.shape[0]).reshape([-1, 1, 1, 1]);
        return { images: tf.add(images, tf.mul(rows, change)), maps: {}, bounds };
      },
    }),
  };
}

onTensorFlow('chain of opponents', () => {
  let batch: LabelledImages;
  let detector: ReturnType<typeof tinyDetector>;
  before(() => {
    detector = tinyDetector({ imageSize: SIZE });
    const noise = noiseBatch([1, 0, 0, 1, 1], SIZE);
    // away from the ends of the range, so that budgets are used up
    batch = { images: tf.tidy(() => tf.add(0.2, tf.mul(noise.images, 0.6))), labels: noise.labels };
    noise.images.dispose();
    settle(detector, batch.images);
  });
  after(() => {
    detector.dispose();
    tf.dispose([batch.images, batch.labels]);
  });
  const perturb = (generator: Generator, on = batch, against: Victim = victim(detector)): Perturbed =>
    generator.perturb(on, against, lastTurn());
  const meanLoss = (images: tf.Tensor4D): number =>
    tf.tidy(() => tf.mean(victim(detector).lossOf(images, batch.labels)).dataSync()[0]!);

  it('of one is that opponent, bit for bit, its map under its key', () => {
    tf.tidy(() => {
      for (const name of ['pgd', 'blur', 'sat', 'fgsm', 'none']) {
        const one = perturb(create({ only: [name, {}] }));
        const own = perturb(alone(name));
        expect(bits(one.images.dataSync()), name).to.deep.equal(bits(own.images.dataSync()));
        const renamed = Object.entries(own.bounds).map(([key, bound]) => [`only_${key}`, bound]);
        expect(one.bounds).to.deep.equal(Object.fromEntries(renamed));
        for (const [key, map] of Object.entries(own.maps)) {
          expect(bits(one.maps[`only_${key}`]!.dataSync())).to.deep.equal(bits(map.dataSync()));
        }
      }
    });
  });

  it('gives each part what the one before it gave, in the order of their keys', () => {
    tf.tidy(() => {
      const blurred = perturb(alone('blur', { k: 5 }));
      const both = perturb(alone('pgd'), { images: blurred.images, labels: batch.labels });
      const { images, maps } = perturb(create({ b: ['blur', { k: 5 }], a: ['pgd', {}] }));
      expect(bits(images.dataSync())).to.deep.equal(bits(both.images.dataSync()));
      expect(Object.keys(maps)).to.deep.equal(['b_sigma', 'a_pixels']);
      const otherWay = perturb(create({ a: ['pgd', {}], b: ['blur', { k: 5 }] })).images;
      expect(tf.max(tf.abs(tf.sub(otherWay, images))).dataSync()[0]).to.be.above(1e-3);
    });
  });

  it('raises the loss with every part', () => {
    tf.tidy(() => {
      const losses = [
        meanLoss(batch.images),
        meanLoss(perturb(create({ first: ['pgd', {}] })).images),
        meanLoss(perturb(create({ first: ['pgd', {}], second: ['sat', {}] })).images),
        meanLoss(perturb(create({ first: ['pgd', {}], second: ['sat', {}], third: ['fgsm', {}] })).images),
      ];
      losses.slice(1).forEach((loss, i) => expect(loss).to.be.above(losses[i]!));
    });
  });

  it('keeps each budget around the part’s own input, which may be further from the clean image', () => {
    const eps = 0.02;
    const own = { eps, random_start: false };
    tf.tidy(() => {
      const perturbed = perturb(create({ first: ['pgd', own], second: ['pgd', own], third: ['blur', {}] }));
      expect(perturbed.bounds).to.deep.equal({
        first_pixels: { norm: 'linf', limit: eps },
        second_pixels: { norm: 'linf', limit: eps },
        third_sigma: { norm: 'pixel', limit: 1 },
      });
      const uses = checkPerturbed('chain', batch.images, perturbed);
      for (const share of [...uses['first_pixels']!, ...uses['second_pixels']!]) {
        expect(share).to.be.within(0.99, 1.0001);
      }
      const both = tf.add(perturbed.maps['first_pixels']!, perturbed.maps['second_pixels']!);
      expect(tf.max(tf.abs(both)).dataSync()[0]).to.be.above(1.9 * eps);
      // the parts' changes are all there is before the blur
      const pixels = perturb(create({ first: ['pgd', own], second: ['pgd', own] })).images;
      expectClose(tf.add(batch.images, both).dataSync(), pixels.dataSync(), { absolute: 1e-6 });
    });
  });

  it('is caught by the game when any link breaks its bound, with the image and the link named', () => {
    const promised: Bound = { norm: 'linf', limit: 0.05 };
    const broken = { eps: 0.02 };
    for (const [position, key] of ['first', 'second', 'third'].entries()) {
      const keys = ['first', 'second', 'third'];
      const parts = Object.fromEntries(
        keys.map((each, i) => [
          each,
          i === position
            ? [liar({ pixels: promised }, 3, 0.06), {}]
            : ([i % 2 === 0 ? 'pgd' : 'fgsm', broken] as const),
        ]),
      ) as Parts;
      tf.tidy(() => {
        const perturbed = perturb(create(parts));
        const check = (): unknown => checkPerturbed('chain', batch.images, perturbed);
        expect(check).to.throw(PerturbationError, `${key}_pixels reached 1.2000 of its linf bound 0.05`);
        try {
          check();
        } catch (error) {
          expect((error as PerturbationError).row).to.equal(3);
        }
      });
    }
    tf.tidy(() => {
      const kept = perturb(create({ first: [liar({ pixels: promised }, 3, 0.04), {}] }));
      expect(checkPerturbed('chain', batch.images, kept)['first_pixels']![3]).to.be.closeTo(0.8, 1e-5);
    });
  });

  it('asks once what the detector says of the clean images, for all parts: none leads back where another came from', () => {
    const seen: number[][] = [];
    const watching: Victim = {
      ...victim(detector),
      predict: (images) => {
        seen.push(bits(images.dataSync()));
        return victim(detector).predict(images);
      },
    };
    tf.tidy(() => {
      const own = { goal: 'predicted-label', random_start: false, eps: 0.05 };
      const two = perturb(create({ first: ['pgd', own], second: ['pgd', own] }), batch, watching).images;
      expect(seen).to.deep.equal([bits(batch.images.dataSync())]);
      const one = perturb(create({ first: ['pgd', own] })).images;
      const said = victim(detector).predict(batch.images);
      const loss = (images: tf.Tensor4D): number =>
        tf.mean(victim(detector).lossOf(images, said)).dataSync()[0]!;
      expect(loss(one)).to.be.above(loss(batch.images));
      expect(loss(two)).to.be.above(loss(one));
    });
  });

  it('draws in the order of its parts', () => {
    tf.tidy(() => {
      const rng = createRng(1, 'opponent');
      const two = create({ first: ['pgd', {}], second: ['pgd', {}] });
      two.perturb(batch, victim(detector), { rng, progress: 1 });
      const start = alone('pgd');
      const one = createRng(1, 'opponent');
      const first = start.perturb(batch, victim(detector), { rng: one, progress: 1 });
      start.perturb({ ...batch, images: first.images }, victim(detector), { rng: one, progress: 1 });
      expect(rng.counter).to.equal(one.counter);
    });
  });

  describe('with learned parts', () => {
    const PARTS: Parts = {
      first: ['pgd', { steps: 2 }],
      second: ['generative', { k: 5, sigma_max: 2 }],
      third: ['generative-residual', {}],
      fourth: ['pgd', { steps: 2 }],
    };
    const open = (parts = PARTS): Game =>
      createGame(tinyDetector({ imageSize: SIZE }), create(parts), {
        seed: 1,
        optimizer_d: QUICK_ADAM,
        optimizer_g: QUICK_ADAM,
      });
    const play = (game: Game, rounds: number, rates = { detector: 1e-2, generator: 1e-2 }): void => {
      for (let round = 0; round < rounds; round++) {
        playRound(game, batch, ROUND, rates, { rng: game.rng, progress: 1 });
      }
    };

    it('lets a learned part learn on what the parts before it gave, its result within bounds of its own', () => {
      const generator = create(PARTS);
      const second = alone('generative', { k: 5, sigma_max: 2 }, CONTEXT.seed + 10_007);
      tf.tidy(() => {
        const [learner] = generator.learners;
        const played = learner!.play(batch, victim(detector), lastTurn());
        const attacked = perturb(alone('pgd', { steps: 2 })).images;
        const own = second.perturb({ ...batch, images: attacked }, victim(detector), lastTurn());
        expect(bits(played.images.dataSync())).to.deep.equal(bits(own.images.dataSync()));
        expect(played.bounds).to.deep.equal({ second_sigma: { norm: 'pixel', limit: 2 } });
        expect(Object.keys(played.maps)).to.deep.equal(['second_sigma']);
        const third = generator.learners[1]!.play(batch, victim(detector), lastTurn());
        expect(third.bounds).to.deep.equal({
          third_pixels: { norm: 'linf', limit: 0.0314 },
          third_residual: { norm: 'pixel', limit: 0.0314 * Math.sqrt(3) },
        });
        checkPerturbed('chain', batch.images, third);
      });
      generator.dispose();
      second.dispose();
    });

    it('leaves the parts before a learned part as they are: its gradient ends at its input', () => {
      const generator = create(PARTS);
      const [second, third] = generator.learners;
      const gained = (): tf.Scalar =>
        tf.mean(
          victim(detector).lossOf(third!.play(batch, victim(detector), lastTurn()).images, batch.labels),
        );
      tf.tidy(() => {
        expect(() => tf.variableGrads(gained, [...second!.trainable])).to.throw(/connection/i);
        const { grads } = tf.variableGrads(gained, [...third!.trainable]);
        const [first] = third!.trainable;
        expect(tf.sum(tf.abs(grads[first!.name]!)).dataSync()[0]).to.be.above(0);
      });
      generator.dispose();
    });

    it('has the gradient of the part itself on those images', () => {
      const generator = create({ first: ['blur', {}], second: ['generative-residual', {}] });
      const own = alone('generative-residual', {}, CONTEXT.seed + 10_007);
      const gradients = (of: Generator, on: LabelledImages): number[][] => {
        const [learner] = of.learners;
        const { grads } = tf.variableGrads(
          () =>
            tf.mean(
              victim(detector).lossOf(learner!.play(on, victim(detector), lastTurn()).images, on.labels),
            ),
          [...learner!.trainable],
        );
        return learner!.trainable.map((variable) => [...grads[variable.name]!.dataSync()]);
      };
      tf.tidy(() => {
        const images = perturb(alone('blur')).images;
        expect(gradients(generator, batch)).to.deep.equal(gradients(own, { ...batch, images }));
      });
      generator.dispose();
      own.dispose();
    });

    it('trains them: against a detector that stands still the loss of the whole chain rises', () => {
      const parts: Parts = {
        first: ['blur', {}],
        second: ['generative-residual', {}],
        third: ['pgd', { steps: 2, random_start: false }],
      };
      const game = createGame(detector, create(parts), {
        seed: 1,
        optimizer_d: QUICK_ADAM,
        optimizer_g: QUICK_ADAM,
      });
      const loss = (): number => tf.tidy(() => meanLoss(perturb(game.generator).images));
      const before = loss();
      const weights = snapshot(detector.state);
      // no rate and no tracked statistics: bn_momentum is 0 and the statistics are put back
      const kept = new Map([...detector.state].map(([name, variable]) => [name, variable.clone()]));
      for (let round = 0; round < 12; round++) {
        play(game, 1, { detector: 0, generator: 1e-2 });
        for (const [name, value] of kept) detector.state.get(name)!.assign(value);
      }
      expect(changed(weights, snapshot(detector.state))).to.deep.equal([]);
      expect(loss()).to.be.above(before);
      tf.dispose([...kept.values()]);
      game.detectorOptimizer.dispose();
      game.generatorOptimizer.dispose();
      game.generator.dispose();
    });

    it('trains each of them in every round', () => {
      const game = open();
      const before = snapshot(game.generator.state);
      play(game, 1);
      const moved = changed(before, snapshot(game.generator.state));
      const kernels = [...game.generator.state].filter(([, variable]) => variable.shape.length === 4);
      expect(new Set(kernels.map(([name]) => name.split('/')[0]))).to.deep.equal(
        new Set(['second', 'third']),
      );
      for (const [name] of kernels) expect(moved, name).to.include(name);
      disposeGame(game);
    });

    it('goes on from a checkpoint as if it had never stopped', () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'chain-'));
      try {
        const game = open();
        play(game, 1);
        const file = path.join(folder, 'one.safetensors');
        saveCheckpoint(file, gameState(game));
        play(game, 2);
        const resumed = open();
        restoreGame(resumed, readCheckpoint(file));
        play(resumed, 2);
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
        play(game, 1);
        disposeGame(game);
      });
    });

    itIsAGenerator({
      ...chained(PARTS),
      powerless: chained({
        first: ['pgd', { eps: 0 }],
        second: ['generative', { sigma_max: 1e-6 }],
        third: ['generative-residual', { eps: 0 }],
        fourth: ['pgd', { eps: 0 }],
      }).settings,
      blind: null,
      manySteps: null,
      largestChange: 1,
      drawsPerBatch: true,
      fixedSize: true,
      learns: true,
    });
  });
});
