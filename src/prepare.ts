/** What a run's settings name, made ready: the engine, the dataset, the detector, the game. */
import * as tf from '@tensorflow/tfjs';
import { ConfigError } from './config/config-error.ts';
import { cacheFolder } from './data/cache-folder.ts';
import type { Batch } from './data/dataset.ts';
import { openDataset, type OpenDataset } from './data/index.ts';
import { withOnlineFakes, withoutOwnFakes } from './data/online-fakes.ts';
import type { LoaderOptions } from './data/loader.ts';
import type { DatasetContext } from './data/module.ts';
import type { Discriminator } from './discriminator/discriminator.ts';
import { createImagePool } from './game/image-pool.ts';
import { createLossScale } from './game/loss-scale.ts';
import { createImageViews } from './game/image-views.ts';
import { createCarried, createGame, type Game } from './game/players.ts';
import type { LabelledImages } from './generator/generator.ts';
import { createCasts, type Casts } from './ops/precision.ts';
import type { RunConfig } from './run-settings.ts';
import { openTensorFlow, type TensorFlow } from './tensorflow/binding.ts';
import { choosePrecision, type ChosenPrecision } from './tensorflow/choose-precision.ts';
import { registerFastKernels } from './tensorflow/kernels.ts';
import { findDiscriminator, findGenerator } from './variants.ts';

/** Opens TensorFlow on the device and threads of the settings, with the fast kernels. */
export function openEngine({
  device,
  threads,
}: Pick<RunConfig['runtime'], 'device' | 'threads'>): TensorFlow {
  const engine = openTensorFlow({ device, ...(threads === null ? {} : { threads }) });
  registerFastKernels();
  return engine;
}

/** In what networks compute on this machine by the settings, and why. */
export function precisionFor({ precision, device }: RunConfig['runtime']): ChosenPrecision {
  return choosePrecision(precision, device);
}

/** Opens the dataset; what is costly to make is made now and found in the user's cache the next time. */
export function prepareData(
  data: RunConfig['data'],
  seed: number,
  progress: DatasetContext['progress'],
): Promise<OpenDataset> {
  const { name, ...settings } = data;
  return openDataset({ name, settings, cacheFolder: cacheFolder(), seed }, progress);
}

/** The dataset as training sees it: with the fakes that are made online, perhaps with them alone. */
export async function prepareTraining(
  config: RunConfig,
  progress: DatasetContext['progress'],
): Promise<OpenDataset> {
  const { online_fakes, own_fakes } = config.batches;
  const dataset = await withOnlineFakes(await prepareData(config.data, config.seed, progress), online_fakes);
  return own_fakes ? dataset : withoutOwnFakes(dataset);
}

/** How the settings of a run have its batches made. */
export function loaderOptions({ seed, augment, batches, runtime }: RunConfig): LoaderOptions {
  return { seed, augment, batches, threads: runtime.loader_threads };
}

/** The detector with its initial weights. Its checkpoints and its interface are float32 whatever it computes in. */
export async function openDetector(
  config: RunConfig,
  imageSize: number,
  casts: Casts = createCasts(precisionFor(config.runtime).precision),
): Promise<Discriminator> {
  const variant = await findDiscriminator(config.discriminator);
  return variant.create(config.discriminator, {
    imageSize,
    seed: config.seed,
    auxiliaryBatchNorm: config.game.auxiliary_bn,
    recompute: config.runtime.recompute,
    casts,
  });
}

/**
 * The two players at round 0, and room for what they remember. Throws if the opponent's settings do not suit the image size, which the
 * check of the configuration does not know of every dataset.
 */
export async function openGame(config: RunConfig, imageSize: number): Promise<Game> {
  const { game, seed } = config;
  const variant = await findGenerator(config.generator);
  const problems = variant.check?.(config.generator, { imageSize, play: config.game.play }) ?? [];
  if (problems.length > 0) {
    throw new ConfigError(problems.map(({ key, problem }) => `'generator.${key}': ${problem}`));
  }
  const { precision } = precisionFor(config.runtime);
  const lossScale = precision === 'float16' ? createLossScale() : null;
  const casts = createCasts(precision, lossScale ?? undefined);
  const detector = await openDetector(config, imageSize, casts);
  const generator = variant.create(config.generator, { imageSize, seed, casts });
  const pool =
    game.play === 'alternating' && game.pool_size > 0 ? createImagePool(game.pool_size, imageSize) : null;
  const views = createImageViews(config.diff_augment, seed);
  const carried = game.play === 'free' ? createCarried(generator, game.batch_size, imageSize) : null;
  return createGame(detector, generator, config, { pool, carried, lossScale, views });
}

/**
 * A batch as the game plays it. Two tensors, the caller's to dispose. They hold a copy: TensorFlow.js reads a tensor's values when it is
 * first used and TensorFlow may go on to look at them there, while the loader fills the batch's memory anew.
 */
export function toTensors(batch: Batch): LabelledImages {
  return {
    images: tf.tensor4d(batch.images.slice(), [...batch.shape]),
    labels: tf.tensor1d(
      batch.samples.map((sample) => sample.label),
      'int32',
    ),
  };
}
