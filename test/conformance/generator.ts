/** What every opponent keeps, whatever it changes. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import type { Discriminator } from '../../src/discriminator/discriminator.ts';
import type {
  AnyGeneratorVariant,
  Generator,
  LabelledImages,
  Perturbed,
  Victim,
} from '../../src/generator/generator.ts';
import { createOptimizer } from '../../src/game/optimizer.ts';
import { boundUse, checkPerturbed } from '../../src/game/perturbation.ts';
import { crossEntropy } from '../../src/game/objective.ts';
import { playRound, type RoundSettings } from '../../src/game/round.ts';
import {
  ADAM,
  lastTurn,
  noiseBatch,
  settle,
  tinyDetector,
  victim as victimFor,
  victimThatLoses,
} from '../support/players.ts';
import { bits, changed, expectClose, expectNoLeak, noiseTensor, snapshot } from '../support/tensors.ts';

export interface GeneratorCase {
  readonly variant: AnyGeneratorVariant;
  /** As shipped. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Settings that take all its power: its images are then the clean ones. */
  readonly powerless: Readonly<Record<string, unknown>>;
  /** Settings under which it does what it does without following the gradient; null where it follows none. */
  readonly blind: Readonly<Record<string, unknown>> | null;
  /** Settings with this many steps, together long enough to leave the budget; null where there are no steps. */
  readonly manySteps: ((steps: number) => Readonly<Record<string, unknown>>) | null;
  /** Largest change of a pixel that it may make; 1 where its budget is none of pixels. */
  readonly largestChange: number;
  /** Whether it draws random numbers for the batch as a whole, so that an image's depend on its row. */
  readonly drawsPerBatch: boolean;
  /** Whether its images must have the size that it was built for. */
  readonly fixedSize: boolean;
  /** Whether it has parameters that the game trains. */
  readonly learns: boolean;
}

const QUICK_ADAM = { ...ADAM, beta1: 0.5 };
const SIZE = 16;
const LABELS = [1, 0, 0, 1, 1, 0, 1];

/** Declares the tests of an opponent. TensorFlow is the engine. */
export function itIsAGenerator(given: GeneratorCase): void {
  let detector: Discriminator;
  let batch: LabelledImages;
  let generator: Generator;
  const create = (settings: Readonly<Record<string, unknown>> = {}, seed = 3): Generator =>
    given.variant.create({ ...given.settings, ...settings }, { imageSize: SIZE, seed });
  const perturb = (
    opponent: Generator = generator,
    on: LabelledImages = batch,
    victim: Victim = victimFor(detector),
  ): Float32Array => {
    const { images, maps } = tf.tidy(() => opponent.perturb(on, victim, lastTurn()));
    const values = images.dataSync<'float32'>();
    tf.dispose([images, ...Object.values(maps)]);
    return values;
  };
  const losses = (images: Float32Array): number[] =>
    tf.tidy(() => [
      ...victimFor(detector).lossOf(tf.tensor4d(images, batch.images.shape), batch.labels).dataSync(),
    ]);
  /** With another opponent, disposed afterwards. */
  const using = <T>(settings: Readonly<Record<string, unknown>>, job: (other: Generator) => T): T => {
    const other = create(settings);
    try {
      return job(other);
    } finally {
      other.dispose();
    }
  };
  const free = ({ images, labels }: LabelledImages): void => tf.dispose([images, labels]);

  before(() => {
    detector = tinyDetector({ imageSize: SIZE });
    batch = noiseBatch(LABELS, SIZE);
    settle(detector, batch.images);
    generator = create();
  });
  after(() => {
    generator.dispose();
    detector.dispose();
    free(batch);
  });

  it('gives images of the same shape, in [0, 1], and leaves its input as it was', () => {
    const images = tf.tidy(() => {
      // extremes beside the noise: what leaves [0, 1] leaves it there
      const noise = noiseTensor(2, batch.images.shape, -1, 2);
      return tf.clipByValue(noise, 0, 1) as tf.Tensor4D;
    });
    const before = bits(images.dataSync());
    const on = { images, labels: batch.labels };
    const shape = tf.tidy(() => generator.perturb(on, victimFor(detector), lastTurn()).images.shape);
    expect(shape).to.deep.equal(images.shape);
    const values = perturb(generator, on);
    expect(values.every((v) => v >= 0 && v <= 1)).to.equal(true);
    expect(bits(images.dataSync())).to.deep.equal(before);
    images.dispose();
  });

  it('keeps its maps at one place a pixel, finite, and says how far each image may go', () => {
    tf.tidy(() => {
      const { maps, bounds } = generator.perturb(batch, victimFor(detector), lastTurn());
      for (const map of Object.values(maps)) {
        expect(map.shape.slice(0, 3)).to.deep.equal([LABELS.length, SIZE, SIZE]);
        expect(map.dataSync().every(Number.isFinite)).to.equal(true);
      }
      expect(Object.keys(bounds)).to.not.be.empty;
      for (const [name, { limit }] of Object.entries(bounds)) {
        expect(name === 'pixels' || name in maps, `bound of ${name}`).to.equal(true);
        expect(limit).to.be.at.least(0);
        expect(Number.isFinite(limit)).to.equal(true);
      }
    });
  });

  it('stays within its bounds, image by image, in batches of unequal classes and at the ends of the range', () => {
    const extremes = tf.tidy(() => tf.clipByValue(noiseTensor(2, batch.images.shape, -1, 2), 0, 1));
    for (const labels of [LABELS, [1, 0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 1, 1, 1]]) {
      for (const images of [batch.images, extremes as tf.Tensor4D]) {
        const on = { images, labels: tf.tensor1d(labels, 'int32') };
        tf.tidy(() => {
          const perturbed = generator.perturb(on, victimFor(detector), lastTurn());
          checkPerturbed(generator.name, images, perturbed);
          const clean = images.dataSync();
          const largest = perturbed.images
            .dataSync<'float32'>()
            .reduce((most, v, i) => Math.max(most, Math.abs(v - clean[i]!)), 0);
          expect(largest).to.be.at.most(given.largestChange + 1e-6);
        });
        on.labels.dispose();
      }
    }
    extremes.dispose();
  });

  if (given.manySteps !== null) {
    const { manySteps } = given;
    it('stays within its bounds however many steps it makes', () => {
      for (const steps of [2, 5, 20]) {
        using(manySteps(steps), (other) => {
          tf.tidy(() => {
            const perturbed = other.perturb(batch, victimFor(detector), lastTurn());
            checkPerturbed(other.name, batch.images, perturbed);
            // so far that the bound is felt: a loop that forgets it would be caught
            const uses = Object.values(boundUse(batch.images, perturbed)).map((use) => Math.max(...use));
            if (steps === 20) expect(Math.max(...uses)).to.be.above(0.9);
          });
        });
      }
    });
  }

  it('gives the clean images when it has no power', () => {
    using(given.powerless, (powerless) => {
      expect(bits(perturb(powerless))).to.deep.equal(bits(batch.images.dataSync()));
    });
  });

  it('repeats bit for bit from the same seed', () => {
    const first = bits(perturb());
    expect(bits(perturb())).to.deep.equal(first);
    using({}, (again) => expect(bits(perturb(again))).to.deep.equal(first));
  });

  if (given.blind !== null) {
    const { blind } = given;
    it('raises the detector’s loss by following the gradient', () => {
      const followed = losses(perturb());
      const without = using(blind, (other) => losses(perturb(other)));
      const rises = followed.map((loss, i) => loss - without[i]!);
      expect(rises.reduce((a, b) => a + b) / rises.length).to.be.above(0);
      expect(rises.filter((rise) => rise >= 0).length).to.be.at.least(LABELS.length - 1);
    });
  }

  if (given.learns) {
    it('raises the detector’s loss by learning, the detector standing still', () => {
      using({}, (learning) => {
        const before = losses(perturb(learning));
        const still = snapshot(detector.state);
        const trainable = learning.learners.flatMap((learner) => learner.trainable);
        const [detectorOptimizer, generatorOptimizer] = [
          createOptimizer(QUICK_ADAM, detector.trainable),
          createOptimizer(QUICK_ADAM, trainable),
        ];
        const players = {
          detector,
          generator: learning,
          criterion: crossEntropy,
          detectorOptimizer,
          generatorOptimizer,
          pool: null,
        };
        const settings: RoundSettings = {
          objective: 'clean+adversarial',
          lambda: 1,
          accumulate: 1,
          crafting: 'eval',
          auxiliary_bn: true,
          g_per_d: 10,
          d_per_g: 0,
        };
        playRound(players, batch, settings, { detector: 0, generator: QUICK_ADAM.lr }, lastTurn());
        const after = losses(perturb(learning));
        detectorOptimizer.dispose();
        generatorOptimizer.dispose();
        const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
        expect(mean(after)).to.be.above(mean(before));
        expect(changed(still, snapshot(detector.state))).to.deep.equal([]);
      });
    });
  }

  it('takes one image, only real ones, only fake ones', () => {
    for (const labels of [[0], [1], [0, 0, 0], [1, 1]]) {
      const on = noiseBatch(labels, SIZE, 9);
      const values = perturb(generator, on);
      expect(values.length).to.equal(labels.length * SIZE * SIZE * 3);
      expect(values.every((v) => v >= 0 && v <= 1)).to.equal(true);
      free(on);
    }
  });

  it('treats images of other sizes as it promises', () => {
    const images = noiseTensor(4, [2, 13, 11, 3]);
    const on = { images, labels: tf.tensor1d([0, 1], 'int32') };
    const victim = victimThatLoses((x) => tf.sum(tf.square(x), [1, 2, 3]));
    if (given.fixedSize) {
      expect(() => perturb(generator, on, victim)).to.throw(/shape|images \[/);
    } else {
      expect(perturb(generator, on, victim).length).to.equal(images.size);
    }
    free(on);
  });

  for (const crafting of ['eval', 'train'] as const) {
    it(`moves nothing of the detector when crafting in ${crafting} mode`, () => {
      const before = snapshot(detector.state);
      const own = snapshot(generator.state);
      perturb(generator, batch, victimFor(detector, crafting));
      expect(changed(before, snapshot(detector.state))).to.deep.equal([]);
      expect(changed(own, snapshot(generator.state))).to.deep.equal([]);
    });
  }

  it('keeps no tensor', () => {
    expectNoLeak(() => perturb());
    // one that is not tidied around keeps nothing but its result
    expectNoLeak(() => {
      const { images, maps }: Perturbed = generator.perturb(batch, victimFor(detector), lastTurn());
      tf.dispose([images, ...Object.values(maps)]);
    });
  });

  it('frees on dispose all that it was built of', () => {
    expectNoLeak(() => create().dispose());
  });

  it('names every variable once, those that training moves among them', () => {
    const all = [...generator.state.values()];
    expect(new Set(all).size).to.equal(all.length);
    const trainable = generator.learners.flatMap((learner) => learner.trainable);
    expect(new Set(trainable).size).to.equal(trainable.length);
    for (const variable of trainable) expect(all).to.include(variable);
  });

  it('learns, or does not, as it says', () => {
    expect(generator.learners.length > 0).to.equal(given.learns);
    expect(generator.learners.every(({ trainable }) => trainable.length > 0)).to.equal(true);
  });

  if (given.learns) {
    it('plays, if it learns, valid images within its bounds at a cost that is none below zero', () => {
      for (const learner of generator.learners) {
        const own = snapshot(generator.state);
        tf.tidy(() => {
          const played = learner.play(batch, victimFor(detector), lastTurn());
          checkPerturbed(generator.name, batch.images, played);
          expect(played.cost.shape).to.deep.equal([LABELS.length]);
          expect(played.cost.dataSync().every((cost) => cost >= 0)).to.equal(true);
        });
        const trainable = new Set(learner.trainable);
        const moved = changed(own, snapshot(generator.state));
        expect(moved.filter((name) => trainable.has(generator.state.get(name)!))).to.deep.equal([]);
      }
    });
  }

  // what is drawn for the whole batch goes by rows, and a learned opponent's batch norm sees all of them
  if (!given.learns && !given.drawsPerBatch) {
    it('treats each image for itself, if it is a classical attack', () => {
      const together = perturb();
      const size = SIZE * SIZE * 3;
      LABELS.forEach((label, i) => {
        const alone = {
          images: tf.tidy(() => batch.images.slice([i], [1])),
          labels: tf.tensor1d([label], 'int32'),
        };
        expectClose(perturb(generator, alone), together.subarray(i * size, (i + 1) * size), {
          absolute: 1e-5,
        });
        free(alone);
      });
    });
  }
}
