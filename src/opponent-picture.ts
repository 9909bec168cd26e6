/** What a trained run's opponent does to val images, as a picture that can be shown anywhere: no photo is in it. */
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { openLoader } from './data/loader.ts';
import type { DatasetContext } from './data/module.ts';
import { comparisonOf } from './game/comparison.ts';
import { listCheckpoints, readCheckpoint } from './game/checkpoint.ts';
import { disposeGame, restoreGame } from './game/players.ts';
import { craft } from './game/round.ts';
import { createRng } from './ops/random.ts';
import { loaderOptions, openGame, prepareData, toTensors, trainingFacts } from './prepare.ts';
import { comparisonGrid, GAP } from './reports/pictures.ts';
import type { Picture } from './reports/reporter.ts';
import type { RunConfig } from './run-settings.ts';
import { manipulationsIn } from './trained-run.ts';

/** Columns of the picture. */
const IMAGES = 8;
/** Pixel differences are shown times this, around grey. */
export const AMPLIFICATION = 8;

/**
 * The amplified differences that the opponent of a run's newest checkpoint makes on the first val images, and under them the maps that it
 * chose, in colours as `comparisonGrid` has them. TensorFlow must be open.
 *
 * @throws if the run has no checkpoint
 */
export async function opponentPicture(
  config: RunConfig,
  dir: string,
  progress: DatasetContext['progress'],
): Promise<Picture> {
  const newest = listCheckpoints(path.join(dir, 'checkpoints')).at(-1);
  if (newest === undefined) {
    throw new Error(`${dir}: no checkpoint, so no opponent to look at`);
  }
  const checkpoint = readCheckpoint(newest);
  const dataset = await prepareData(config.data, config.seed, progress);
  const loader = await openLoader(dataset, loaderOptions(config));
  const facts = trainingFacts(dataset);
  const game = await openGame(config, dataset.size, {
    ...facts,
    manipulations: manipulationsIn(checkpoint) ?? facts.manipulations,
  });
  try {
    restoreGame(game, checkpoint);
    const { value: batch } = await loader.evalBatches('val', IMAGES).next();
    if (batch === undefined) {
      throw new Error(`dataset ${dataset.name} has no val images to show`);
    }
    const { images, labels } = toTensors(batch);
    const perturbed = tf.tidy(() =>
      craft(game, { images, labels }, config.game, { rng: createRng(config.seed, 'pictures'), progress: 1 }),
    );
    const comparison = comparisonOf(images, perturbed, { columns: IMAGES, amplification: AMPLIFICATION });
    const { picture } = comparisonGrid(comparison);
    tf.dispose([images, labels, perturbed.images, ...Object.values(perturbed.maps)]);
    return withoutPhotos(picture, images.shape[1]);
  } finally {
    await loader.close();
    disposeGame(game);
  }
}

/** The grid below its first two rows, which are the images themselves. */
function withoutPhotos({ width, height, data }: Picture, imageSize: number): Picture {
  const from = 2 * (imageSize + GAP);
  return { width, height: height - from, data: data.subarray(from * width * 3) };
}
