/** Our steps beside PyTorch's of bench/peer/tuned.py: the same weights, the same images, the same losses. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import path from 'node:path';
import { composeBench } from '../../bench/our-work.ts';
import { NETWORKS } from '../../bench/rows.ts';
import { INFERENCE, type Discriminator } from '../../src/discriminator/discriminator.ts';
import { disposeGame } from '../../src/game/players.ts';
import { play } from '../../src/game/play.ts';
import { openEngine, openGame } from '../../src/prepare.ts';
import { readJson } from '../cli/command-line.ts';
import { hashed } from './hashed.ts';

interface Case {
  readonly network: keyof typeof NETWORKS;
  readonly work: string;
  readonly batch: number;
  readonly size: number;
  /** Kernels lie in ±√(spread / fan-in). */
  readonly spread: number;
  /** Losses of each step, clean and adversarial; or the scores of an evaluation. */
  readonly said: readonly (readonly number[])[];
}

const FIXTURE = path.join(import.meta.dirname, '../fixtures/bench/losses.json');
const { cases, learning_rate: rate } = readJson(FIXTURE) as { cases: Case[]; learning_rate: number };
const IMAGES = 1000;
/** What the losses of a step may differ by in nats. Later on, rounding has decided the sign of gradients near 0, in FGSM and in Adam's first steps. */
const FIRST = 1e-4;
const FURTHER = 5e-4;
const RATES = { detector: rate, generator: rate };

/** The kernels of all layers in their order, as the script sets them. */
function setWeights({ state }: Discriminator, spread: number): void {
  const kernels = [...state].filter(([name]) => name.endsWith('kernel'));
  for (const [at, [name, variable]] of kernels.entries()) {
    // a depthwise kernel is [k, k, channels, 1]: each output sees k² values
    const shape = variable.shape as number[];
    const fanIn = name.endsWith('depthwise_kernel') ? shape[0]! * shape[1]! : variable.size / shape.at(-1)!;
    const bound = Math.sqrt(spread / fanIn);
    const values = hashed(at, variable.size).map((value) => Math.fround(value * 2 * bound) - bound);
    tf.tidy(() => variable.assign(tf.tensor(values, shape)));
  }
}

async function sayOf({ network, work, batch, size, spread, said }: Case): Promise<number[][]> {
  const generator = work === 'evaluate' || work === 'plain' ? 'none' : work;
  const config = await composeBench([
    ...NETWORKS[network],
    `generator=${generator}`,
    `game.batch_size=${batch}`,
  ]);
  openEngine(config.runtime);
  const game = await openGame(config, size);
  const images = tf.tensor4d(hashed(IMAGES, batch * size * size * 3), [batch, size, size, 3]);
  const labels = tf.tensor1d(
    Array.from({ length: batch }, (_, i) => i % 2),
    'int32',
  );
  try {
    setWeights(game.detector, spread);
    if (work === 'evaluate') {
      return [[...tf.tidy(() => fakeness(game.detector, images)).dataSync()]];
    }
    return said.map(() => {
      const turn = { rng: game.rng, progress: 1 };
      const metrics = play(game, { images, labels }, config.game, RATES, turn);
      return ['loss_clean', 'loss_adversarial'].flatMap((name) => metrics[name] ?? []);
    });
  } finally {
    tf.dispose([images, labels]);
    disposeGame(game);
  }
}

function fakeness(detector: Discriminator, images: tf.Tensor4D): tf.Tensor {
  return tf.softmax(detector.logits(images, INFERENCE)).slice([0, 1], [-1, 1]);
}

describe('bench: the tuned peer computes what we compute', () => {
  for (const each of cases) {
    it(`${each.work}, ${each.network}`, async () => {
      const ours = await sayOf(each);
      expect(ours.map((losses) => losses.length)).to.deep.equal(each.said.map((losses) => losses.length));
      ours.forEach((losses, step) => {
        const allowed = step === 0 ? FIRST : FURTHER;
        losses.forEach((value, i) => expect(value).to.be.closeTo(each.said[step]![i]!, allowed));
      });
    });
  }

  it('the losses tell a step from one that was not made', () => {
    for (const { work, said } of cases.filter(({ work }) => work !== 'evaluate')) {
      const moved = said.slice(1).map((losses, i) => Math.abs(losses[0]! - said[i]![0]!));
      expect(Math.min(...moved), work).to.be.above(10 * FURTHER);
    }
  });
});
