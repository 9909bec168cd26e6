/** The paper's claim in miniature, with a known answer: fakes are reals with a fine checkerboard, which a blur can take away. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { smallCnn } from '../../src/discriminator/small-cnn.ts';
import { INFERENCE, type Discriminator } from '../../src/discriminator/discriminator.ts';
import { createGame, disposeGame, type Game } from '../../src/game/players.ts';
import { craft, playRound, type RoundSettings } from '../../src/game/round.ts';
import { GENERATORS } from '../../src/generator/index.ts';
import type { LabelledImages } from '../../src/generator/generator.ts';
import { createRng } from '../../src/ops/random.ts';
import { onTensorFlow } from '../support/engines.ts';
import { ADAM, shippedSettings } from '../support/players.ts';
import { noiseTensor } from '../support/tensors.ts';

const SIZE = 16;
const BATCH = 16;
/** How much redder fakes are where they have a second cue: five standard deviations of the red of an image. */
const WARMTH = 0.16;
/** Rounds of training, some seconds. */
const ROUNDS = 60;
const OPTIMIZER = { ...ADAM, lr: 5e-3 };
const PLAIN: RoundSettings = {
  objective: 'clean',
  lambda: 0,
  accumulate: 1,
  g_per_d: 1,
  d_per_g: 1,
  crafting: 'eval',
  auxiliary_bn: false,
};

/** Soft noise, and for fakes ±0.06 of a checkerboard on it; `warmth` also lifts the red of fakes, a cue that no blur removes. */
function toyBatch(seed: number, warmth = 0): LabelledImages {
  const labels = Array.from({ length: BATCH }, (_, i) => i % 2);
  const images = tf.tidy(() => {
    const coarse = noiseTensor(seed, [BATCH, SIZE / 4, SIZE / 4, 3], 0.3, 0.7);
    const soft = tf.image.resizeBilinear(coarse, [SIZE, SIZE]);
    const board = tf.tensor4d(
      Float32Array.from({ length: SIZE * SIZE }, (_, i) =>
        (Math.floor(i / SIZE) + i) % 2 === 0 ? 0.06 : -0.06,
      ),
      [1, SIZE, SIZE, 1],
    );
    const red = tf.tensor4d([warmth, 0, 0], [1, 1, 1, 3]);
    const fake = tf.tensor4d(labels, [BATCH, 1, 1, 1]);
    return tf.add(soft, tf.mul(fake, tf.add(board, red))) as tf.Tensor4D;
  });
  return { images, labels: tf.tensor1d(labels, 'int32') };
}

const free = (batch: LabelledImages): void => tf.dispose([batch.images, batch.labels]);

function toyGame(): Game {
  const detector = smallCnn.create(
    {
      channels: [8, 8],
      strides: [1, 2],
      input: 'rgb-highpass',
      bn_momentum: 0.8,
      bn_epsilon: 1e-3,
      head: 'binary',
    },
    { imageSize: SIZE, seed: 1, auxiliaryBatchNorm: false, recompute: false },
  );
  const opponent = GENERATORS['blur']!.create(
    {
      ...shippedSettings('generator', 'blur'),
      ...{ k: 5, sigma: 0.4, sigma_max: 2, steps: 3, step_size: 0.4, direction: 'sign' },
    },
    { imageSize: SIZE, seed: 1 },
  );
  return createGame(detector, opponent, { seed: 1, optimizer_d: OPTIMIZER, optimizer_g: OPTIMIZER });
}

function accuracy(detector: Discriminator, { images, labels }: LabelledImages): number {
  return tf.tidy(
    () =>
      tf
        .mean(tf.cast(tf.equal(tf.argMax(detector.logits(images, INFERENCE), 1), labels), 'float32'))
        .dataSync()[0]!,
  );
}

/** Mean accuracy over batches that training did not see, clean and after the opponent. */
function test(game: Game, warmth: number): { readonly clean: number; readonly blurred: number } {
  const batches = [0, 1, 2].map((i) => toyBatch(1000 + i, warmth));
  const mean = (of: (batch: LabelledImages) => number): number =>
    batches.reduce((sum, batch) => sum + of(batch), 0) / batches.length;
  const result = {
    clean: mean((batch) => accuracy(game.detector, batch)),
    blurred: mean((batch) =>
      tf.tidy(() => {
        const { images } = craft(game, batch, PLAIN, { rng: createRng(1, 'test'), progress: 1 });
        return accuracy(game.detector, { images, labels: batch.labels });
      }),
    ),
  };
  batches.forEach(free);
  return result;
}

function learn(game: Game, rounds: number, settings: RoundSettings, warmth: number): void {
  for (let round = 0; round < rounds; round++) {
    const batch = toyBatch(round, warmth);
    playRound(
      game,
      batch,
      settings,
      { detector: OPTIMIZER.lr, generator: 0 },
      { rng: game.rng, progress: 1 },
    );
    free(batch);
  }
}

onTensorFlow('a toy deepfake that is told by a checkerboard', () => {
  it('is learnt by plain training, and lost again to an opponent that blurs', () => {
    const game = toyGame();
    learn(game, ROUNDS, PLAIN, 0);
    const { clean, blurred } = test(game, 0);
    expect(clean).to.be.above(0.95);
    expect(blurred).to.be.below(0.6);
    disposeGame(game);
  });

  it('with a second cue that blurring leaves: playing against the blur moves the detector to it', () => {
    const [plain, played] = [toyGame(), toyGame()];
    learn(plain, ROUNDS, PLAIN, WARMTH);
    learn(played, ROUNDS, { ...PLAIN, objective: 'clean+adversarial', lambda: 1 }, WARMTH);
    const [before, after] = [test(plain, WARMTH), test(played, WARMTH)];
    expect(before.clean).to.be.above(0.95);
    expect(before.blurred).to.be.below(0.6);
    expect(after.clean).to.be.above(0.95);
    expect(after.blurred).to.be.above(0.8);
    [plain, played].forEach(disposeGame);
  });
});
