/** The networks of learned opponents: image in, one or more numbers a pixel out. */
import * as tf from '@tensorflow/tfjs';
import { apply, type Pass } from '../ops/layers.ts';
import { FLOAT32 } from '../ops/precision.ts';
import { modelState } from '../ops/model-state.ts';
import { iterateSpectralNorms } from '../ops/spectral-norm.ts';
import { networkBlocks, type BlockOptions, type BodyOptions, type Symbolic } from './network-blocks.ts';
import { resNetBody } from './resnet.ts';
import { uNetBody } from './unet.ts';

export interface NetworkOptions extends BodyOptions, BlockOptions {
  readonly body: 'resnet' | 'unet';
}

/** Learned opponents always normalise by their batch: they are players of the game, and are never used outside it. */
export const GENERATOR_PASS: Pass = { training: true, trackStatistics: false, branch: 'main' };

/** Power iterations before the first use, so that training starts from normalised kernels. */
const FIRST_POWER_ITERATIONS = 15;

/** What is wrong with a depth for images of a size, or null. */
export function depthProblem(depth: number, imageSize: number): string | null {
  const divisor = 2 ** depth;
  if (imageSize % divisor !== 0) {
    return `image size ${imageSize} is no multiple of ${divisor}, and ${depth} halvings need one`;
  }
  return imageSize / divisor < 2
    ? `image size ${imageSize} halved ${depth} times is a single pixel, which normalisation turns into a constant: halve less`
    : null;
}

/**
 * [N, S, S, 3] in [0, 1] → [N, S, S, outputChannels], linear output, both float32, as a model to be called with `GENERATOR_PASS`. Weights are drawn
 * from the seed, one seed a convolution. Throws if S does not fit the depth.
 *
 * @param name start of every layer's name
 * @param imageSize S, a multiple of 2^depth and at least twice that
 */
export function generatorNetwork(name: string, imageSize: number, options: NetworkOptions): tf.LayersModel {
  const problem = depthProblem(options.depth, imageSize);
  if (problem !== null) {
    throw new Error(`${name}: ${problem}`);
  }
  const input = tf.input({ shape: [imageSize, imageSize, 3], name: `${name}_images` });
  const centred = apply(`${name}_centre`, (images) => tf.sub(tf.mul(images, 2), 1)).apply(input) as Symbolic;
  const body = { resnet: resNetBody, unet: uNetBody }[options.body];
  const { casts = FLOAT32 } = options;
  const narrow = body(centred, name, networkBlocks(options), options);
  const output = apply(`${name}_output`, (values) => casts.leave(values)).apply(narrow) as Symbolic;
  const model = tf.model({ name, inputs: input, outputs: output });
  if (options.spectralNorm) {
    const state = modelState(model);
    for (let i = 0; i < FIRST_POWER_ITERATIONS; i++) iterateSpectralNorms(state);
  }
  return model;
}
