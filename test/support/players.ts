/** Small players and batches for tests of the game: seconds, not minutes. */
import * as tf from '@tensorflow/tfjs';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { Discriminator } from '../../src/discriminator/discriminator.ts';
import { smallCnn } from '../../src/discriminator/small-cnn.ts';
import type { FineTuningSettings } from '../../src/game/fine-tuning.ts';
import type { OptimizerSettings } from '../../src/game/optimizer.ts';
import type { LabelledImages, Turn, Victim } from '../../src/generator/generator.ts';
import { victimOf } from '../../src/game/victim.ts';
import { createRng, type Rng } from '../../src/ops/random.ts';
import { noiseTensor } from './tensors.ts';

const CONFIGS = path.resolve(import.meta.dirname, '../../configs');

/** A variant's settings as they ship: configs/GROUP/NAME.yaml, whichever package it fills. */
export function shippedSettings(group: string, name: string): Record<string, unknown> {
  const file = parse(readFileSync(path.join(CONFIGS, group, `${name}.yaml`), 'utf8')) as Record<
    string,
    unknown
  >;
  return (file[group] ?? file) as Record<string, unknown>;
}

/** Two convolutions; running statistics are those of the last tracked pass. */
export function tinyDetector(
  options: { readonly imageSize?: number; readonly seed?: number; readonly auxiliary?: boolean } = {},
): Discriminator {
  const { imageSize = 16, seed = 1, auxiliary = true } = options;
  return smallCnn.create(
    {
      channels: [6, 8],
      strides: [2, 2],
      input: 'rgb-highpass',
      bn_momentum: 0,
      bn_epsilon: 1e-3,
      head: 'binary',
    },
    { imageSize, seed, auxiliaryBatchNorm: auxiliary, recompute: false },
  );
}

/** Gives both branches running statistics that suit the images. */
export function settle(detector: Discriminator, images: tf.Tensor4D): void {
  tf.tidy(() => {
    for (const branch of ['main', 'auxiliary'] as const) {
      detector.logits(images, { training: true, trackStatistics: true, branch });
    }
  });
}

/** Noise images with the given labels. */
export function noiseBatch(labels: readonly number[], size = 16, seed = 1): LabelledImages {
  return {
    images: noiseTensor(seed, [labels.length, size, size, 3]),
    labels: tf.tensor1d([...labels], 'int32'),
  };
}

/** The detector as the game hands it to an opponent, adversarial images in the auxiliary branch. */
export function victim(detector: Discriminator, crafting: 'eval' | 'train' = 'eval'): Victim {
  return victimOf(detector, { crafting, auxiliary_bn: true });
}

/** A victim that loses `lossOf` of the images, whatever the labels, which is also its fake logit, and calls everything real. */
export function victimThatLoses(lossOf: (images: tf.Tensor4D) => tf.Tensor1D): Victim {
  return {
    lossOf,
    logits: (images) => {
      const fake = lossOf(images);
      return tf.stack([tf.zerosLike(fake), fake], 1) as tf.Tensor2D;
    },
    predict: (images) => tf.zeros([images.shape[0]], 'int32'),
  };
}

/** The last moment of a game, with a stream of its own unless one is given. */
export function lastTurn(rng: Rng = createRng(5, 'opponent')): Turn {
  return { rng, progress: 1 };
}

/** Descent without momentum: an update is the gradient times the learning rate. Nothing is fine-tuned. */
export const SGD: OptimizerSettings & FineTuningSettings = {
  name: 'sgd',
  lr: 0.1,
  beta1: 0,
  beta2: 0,
  epsilon: 1e-8,
  weight_decay: 0,
  decay: 'l2',
  clip_norm: 0,
  layer_decay: 1,
  frozen: [],
  average: 0,
};

/** Adam as published, at a learning rate for few steps. */
export const ADAM: OptimizerSettings & FineTuningSettings = {
  ...SGD,
  name: 'adam',
  lr: 1e-2,
  beta1: 0.9,
  beta2: 0.999,
};
