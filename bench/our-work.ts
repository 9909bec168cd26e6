/** Our side of a measurement, made ready to be repeated: a round of the game, or scores of a batch, on random images. */
import * as tf from '@tensorflow/tfjs';
import type { Batch, Sample } from '../src/data/dataset.ts';
import { score } from '../src/evaluation/score.ts';
import { disposeGame } from '../src/game/players.ts';
import { playOf } from '../src/game/compiled.ts';
import { createRng } from '../src/ops/random.ts';
import { openEngine, openGame } from '../src/prepare.ts';
import { openConfigFiles } from '../src/config/config-files.ts';
import type { RunConfig } from '../src/run-settings.ts';
import { graphFunction } from '../src/tensorflow/graph-function.ts';
import { record } from '../src/tensorflow/recorder.ts';
import { CONFIGS, composeRun, resolveContext } from '../scripts/compose-run.ts';

/** Both players' learning rate; it has no influence on time. */
const LEARNING_RATE = 1e-3;

export interface Work<R extends void | Promise<void>> {
  /** Does the work once. */
  readonly round: () => R;
  /** What the detector learns, in numbers. */
  readonly parameters: number;
  readonly dispose: () => void;
}

/** The settings that overrides of `configs/train.yaml` compose to. Throws a ConfigError with every problem. */
export async function composeBench(overrides: readonly string[]): Promise<RunConfig> {
  const context = resolveContext(new Date(), 0);
  return (await composeRun(openConfigFiles(CONFIGS), 'train', overrides, context)).config;
}

/**
 * One round of the game that the settings describe, as training plays it once its opponent has joined; opens the engine.
 *
 * @param size side of the images in pixels
 */
export async function openStep(config: RunConfig, size: number): Promise<Work<void>> {
  openEngine(config.runtime);
  const game = await openGame(config, size);
  const images = randomImages(config.game.batch_size, size);
  const labels = tf.tensor1d(labelsOf(config.game.batch_size), 'int32');
  const rates = { detector: LEARNING_RATE, generator: LEARNING_RATE };
  const { play, dispose } = playOf(config.game, { record, graphFunction }, (line) => {
    process.stderr.write(`${line}\n`);
  });
  return {
    round: () => {
      play(game, { images, labels }, config.game, rates, { rng: game.rng, progress: 1 });
    },
    parameters: parametersOf(game.detector.trainable),
    dispose: () => {
      dispose();
      tf.dispose([images, labels]);
      disposeGame(game);
    },
  };
}

/** Scores of one batch, as the evaluation of a split asks for them; opens the engine. */
export async function openScoring(config: RunConfig, size: number): Promise<Work<Promise<void>>> {
  openEngine(config.runtime);
  const game = await openGame(config, size);
  const count = config.game.batch_size;
  const images = randomImages(count, size);
  const batch: Batch = {
    images: images.dataSync<'float32'>(),
    shape: [count, size, size, 3],
    samples: labelsOf(count).map((label, i) => sampleOf(i, label as 0 | 1)),
  };
  images.dispose();
  return {
    round: async () => {
      await score(game.detector, oneBatch(batch));
    },
    parameters: parametersOf(game.detector.trainable),
    dispose: () => {
      disposeGame(game);
    },
  };
}

/** The same images in every process, [N, size, size, 3] in [0, 1). */
function randomImages(count: number, size: number): tf.Tensor4D {
  return createRng(1, 'bench').uniform([count, size, size, 3]) as tf.Tensor4D;
}

/** Real and fake in turns. */
function labelsOf(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i % 2);
}

function sampleOf(i: number, label: 0 | 1): Sample {
  const name = `random-${i}`;
  const manipulation = label === 1 ? 'fake' : 'real';
  return { id: name, file: name, split: 'test', label, manipulation, videoId: name, pair: name };
}

async function* oneBatch(batch: Batch): AsyncGenerator<Batch> {
  yield await Promise.resolve(batch);
}

function parametersOf(variables: readonly tf.Variable[]): number {
  return variables.reduce((sum, variable) => sum + variable.size, 0);
}
