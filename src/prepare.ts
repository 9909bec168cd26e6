/** What a run's settings name, made ready: the engine, the dataset, the detector, the game. */
import * as tf from '@tensorflow/tfjs';
import { ConfigError } from './config/config-error.ts';
import { cacheFolder } from './data/cache-folder.ts';
import { FAKE, type Batch, type Sample } from './data/dataset.ts';
import { openDataset, type OpenDataset } from './data/index.ts';
import { requireFakes, withOnlineFakes, withoutOwnFakes } from './data/online-fakes.ts';
import type { LoaderOptions } from './data/loader.ts';
import type { DatasetContext } from './data/module.ts';
import type { Discriminator } from './discriminator/discriminator.ts';
import { createCriterion, type ClassCounts } from './game/criterion.ts';
import { withFrozen } from './game/fine-tuning.ts';
import { createImagePool } from './game/image-pool.ts';
import { createLossScale } from './game/loss-scale.ts';
import { createImageViews } from './game/image-views.ts';
import { createCarried, createGame, type Game } from './game/players.ts';
import type { TaughtImages } from './game/taught.ts';
import { createCasts, type Casts } from './ops/precision.ts';
import type { RunConfig } from './run-settings.ts';
import { openTensorFlow, type TensorFlow } from './tensorflow/binding.ts';
import { choosePrecision, type ChosenPrecision } from './tensorflow/choose-precision.ts';
import { registerFastKernels } from './tensorflow/kernels.ts';
import { findDiscriminator, findGenerator } from './variants.ts';
import { weightsSetting } from './weights/pretrained.ts';
import { readStart, type StartingWeights } from './weights/start.ts';

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

/** The dataset as training sees it: with the fakes that are made online, perhaps with them alone. Throws if it has none. */
export async function prepareTraining(
  config: RunConfig,
  progress: DatasetContext['progress'],
): Promise<OpenDataset> {
  const { online_fakes, own_fakes } = config.batches;
  const dataset = await withOnlineFakes(await prepareData(config.data, config.seed, progress), online_fakes);
  return own_fakes ? requireFakes(dataset) : withoutOwnFakes(dataset);
}

/**
 * How the settings of a run have its training batches made: with masks where the detector learns from them.
 *
 * @throws ConfigError if it does and the dataset knows none
 */
export async function trainingOptions(
  config: RunConfig,
  dataset: Pick<OpenDataset, 'mask'>,
): Promise<LoaderOptions> {
  const { discriminator, data, batches } = config;
  const variant = await findDiscriminator(discriminator);
  const masks = variant.needs?.(discriminator).includes('masks') ?? false;
  if (masks && dataset.mask === undefined && batches.online_fakes.length === 0) {
    throw new ConfigError([
      `'discriminator.name' is ${discriminator.name}, which learns where fakes were changed, and data=${data.name} does not know it of any: set data=faces, or make fakes of which it is known with batches.online_fakes=[self-blend]`,
    ]);
  }
  return { ...loaderOptions(config), masks };
}

/** How the settings of a run have its batches made. */
export function loaderOptions({ seed, augment, batches, runtime }: RunConfig): LoaderOptions {
  return { seed, augment, batches, threads: runtime.loader_threads };
}

/** What a game knows of its training split. */
export interface TrainingFacts {
  readonly counts: ClassCounts;
  /** Of the fakes, as a detector counts them: in alphabetical order. */
  readonly manipulations: readonly string[];
}

/** How many reals and fakes a run learns from, and which manipulations. */
export function trainingFacts(dataset: Pick<OpenDataset, 'samples'>): TrainingFacts {
  const train = dataset.samples('train');
  const fakes = train.filter(({ label }) => label === FAKE);
  return {
    counts: [train.length - fakes.length, fakes.length],
    manipulations: [...new Set(fakes.map(({ manipulation }) => manipulation))].sort(),
  };
}

/**
 * The detector with its initial weights. Its checkpoints and its interface are float32 whatever it computes in.
 *
 * @param manipulations of its training; left out for a detector that does not count them, which any other refuses
 */
export async function openDetector(
  config: RunConfig,
  imageSize: number,
  casts: Casts = createCasts(precisionFor(config.runtime).precision),
  manipulations?: readonly string[],
): Promise<Discriminator> {
  const variant = await findDiscriminator(config.discriminator);
  return variant.create(config.discriminator, {
    imageSize,
    seed: config.seed,
    auxiliaryBatchNorm: config.game.auxiliary_bn,
    recompute: config.runtime.recompute,
    ...(manipulations === undefined ? {} : { manipulations }),
    casts,
  });
}

/** The weights that `discriminator.weights` names; null where the detector starts from random ones. Throws as `readStart` does. */
export async function startingWeights({
  discriminator,
}: Pick<RunConfig, 'discriminator'>): Promise<StartingWeights | null> {
  const { settings, name, pretrained } = await findDiscriminator(discriminator);
  const { weights } = discriminator;
  // a setting of that name in a user's own file may mean something else
  if (settings['weights'] !== weightsSetting || pretrained === undefined || weights === null) return null;
  return readStart(weights as string, { name, pretrained: pretrained(discriminator) }, cacheFolder());
}

/**
 * The two players at round 0, and room for what they remember. Throws if the opponent's settings do not suit the image size, which the
 * check of the configuration does not know of every dataset.
 *
 * @param given what the game knows of its training split, and what the detector starts from; without weights from random ones, also for a
 *   game that a checkpoint is put into
 * @throws if mixup is to mix what a detector with losses of its own learns by
 */
export async function openGame(
  config: RunConfig,
  imageSize: number,
  given: Partial<TrainingFacts> & { readonly weights?: StartingWeights | null } = {},
): Promise<Game> {
  const { game, seed } = config;
  const variant = await findGenerator(config.generator);
  const problems = variant.check?.(config.generator, { imageSize, play: config.game.play }) ?? [];
  if (problems.length > 0) {
    throw new ConfigError(problems.map(({ key, problem }) => `'generator.${key}': ${problem}`));
  }
  const { precision } = precisionFor(config.runtime);
  const lossScale = precision === 'float16' ? createLossScale() : null;
  const casts = createCasts(precision, lossScale ?? undefined);
  const whole = await openDetector(config, imageSize, casts, given.manipulations);
  if (whole.auxiliary !== undefined && config.mixup.alpha > 0) {
    throw new ConfigError([
      `'mixup.alpha' is ${config.mixup.alpha}, but discriminator=${whole.name} learns by more than classes, which cannot be mixed: set mixup=none`,
    ]);
  }
  given.weights?.into(whole.state);
  const detector = withFrozen(whole, config.optimizer_d.frozen);
  const generator = variant.create(config.generator, { imageSize, seed, casts });
  const pool =
    game.play === 'alternating' && game.pool_size > 0 ? createImagePool(game.pool_size, imageSize) : null;
  const views = createImageViews(config.diff_augment, config.mixup, seed);
  const criterion = createCriterion(config.criterion, given.counts ?? null);
  const carried = game.play === 'free' ? createCarried(generator, game.batch_size, imageSize) : null;
  return createGame(detector, generator, config, { pool, carried, lossScale, views, criterion });
}

/**
 * A batch as the game plays it. Its tensors are the caller's to dispose (`tensorsOf`). They hold a copy: TensorFlow.js reads a tensor's values
 * when it is first used and TensorFlow may go on to look at them there, while the loader fills the batch's memory anew.
 *
 * @param manipulations as a detector counts them; left out: the batch does not say which manipulation a fake is of
 * @throws if a fake is of another manipulation
 */
export function toTensors(batch: Batch, manipulations?: readonly string[]): TaughtImages {
  const { samples, shape, masks } = batch;
  const integers = (values: number[]): tf.Tensor1D => tf.tensor1d(values, 'int32');
  return {
    images: tf.tensor4d(batch.images.slice(), [...shape]),
    labels: integers(samples.map((sample) => sample.label)),
    ...(manipulations === undefined
      ? {}
      : { manipulations: integers(samples.map((sample) => classOf(sample, manipulations))) }),
    ...(masks === undefined
      ? {}
      : {
          masks: {
            values: tf.tensor4d(masks.values.slice(), [shape[0], shape[1], shape[2], 1]),
            known: tf.tensor1d(masks.known.slice()),
          },
        }),
  };
}

/** 0 for a real; for a fake 1 + the place of its manipulation. */
function classOf({ id, label, manipulation }: Sample, manipulations: readonly string[]): number {
  if (label !== FAKE) return 0;
  const at = manipulations.indexOf(manipulation);
  if (at === -1) {
    throw new Error(
      `sample ${id}: ${manipulation} is none of training's manipulations, ${manipulations.join(', ')}`,
    );
  }
  return 1 + at;
}
