/**
 * What the learned opponents share (Generative AT: Wang, Guo, Zuo 2022): networks that look at an image and say something of each pixel,
 * one for real and one for fake images or one for both, and the learner that trains them. Each opponent adds what is done with the
 * networks' output. Both classes are changed, or the change would be the label.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, flag, integer, number, type SettingsOf } from '../config/settings.ts';
import { modelState, modelTrainable } from '../ops/model-state.ts';
import { iterateSpectralNorms } from '../ops/spectral-norm.ts';
import type {
  Generator,
  GeneratorContext,
  LabelledImages,
  Learner,
  Perturbed,
  PlayName,
  SettingsProblem,
} from './generator.ts';
import { moveAverages } from './moving-average.ts';
import { depthProblem, GENERATOR_PASS, generatorNetwork } from './networks.ts';

/** How learned opponents can be played. */
export const LEARNED_PLAYS: readonly PlayName[] = ['alternating', 'simultaneous'];

/** Settings of the networks, the same for every learned opponent. */
export const networkSettings = {
  body: choice(
    ['resnet', 'unet'],
    "resnet: CycleGAN's, the paper's; unet: each resolution on the way up also sees the same one on the way down.",
  ),
  width: integer({
    min: 1,
    max: 256,
    doc: 'Channels of the networks at full resolution; each halving doubles them.',
  }),
  depth: integer({
    min: 1,
    max: 6,
    doc: 'How often the networks halve the image; its size must be a multiple of 2^depth, and at least twice that.',
  }),
  blocks: integer({ min: 0, max: 32, doc: 'Residual blocks of each network, at its lowest resolution.' }),
  outer_kernel: choice([3, 5, 7], 'Kernel of the first and last convolution.'),
  norm: choice(
    ['batch', 'instance'],
    'Normalisation between convolutions: over the batch, or over the pixels of each image alone.',
  ),
  shared: flag(
    "Whether one network changes both classes; otherwise there is one for real and one for fake images, the paper's form.",
  ),
  spectral_norm: flag(
    'Whether every convolution kernel is used over its spectral norm. Where a normalisation follows, its length never mattered: what this holds down is residual blocks and the last convolution.',
  ),
  ema: number({
    min: 0,
    below: 1,
    doc: "Decay of a moving average of the weights, which then makes the detector's images, while the live weights learn; 0 = none. In simultaneous play the detector meets the live ones, and the average only pictures, probes and attacks.",
  }),
  penalty: number({
    min: 0,
    doc: 'What a mean squared pixel change of 1 costs the networks, in nats of the detector’s loss; 0 = the change is free.',
  }),
};

export type NetworkSettings = SettingsOf<typeof networkSettings>;

/** What sets one learned opponent apart: how many numbers a pixel it wants from its networks, and what it makes of them. */
export interface Use {
  readonly outputChannels: number;
  /** Differentiable in the output, [N, H, W, outputChannels]. */
  change(images: tf.Tensor4D, output: tf.Tensor4D): Perturbed;
}

/** What is wrong with the networks for images of that size; nothing is known to be while the size is not. */
export function networkProblems(
  { depth }: Pick<NetworkSettings, 'depth'>,
  imageSize: number | null,
): readonly SettingsProblem[] {
  const problem = imageSize === null ? null : depthProblem(depth, imageSize);
  return problem === null ? [] : [{ key: 'depth', problem }];
}

/**
 * Builds a learned opponent. Throws if the image size does not fit the depth.
 *
 * `perturb` runs the averaged networks where there are any and the live ones otherwise; it moves nothing. `play` runs the live ones.
 * After each step `stepped` moves the averages and the vectors of spectral normalisation.
 */
export function learnedGenerator(
  name: string,
  settings: NetworkSettings,
  context: GeneratorContext,
  use: Use,
): Generator {
  const live = createNetworks('generator', settings, context, use.outputChannels);
  // from the same seeds, so that the average starts at the weights
  const averaged = settings.ema > 0 ? createNetworks('average', settings, context, use.outputChannels) : null;
  const models = [...live.models, ...(averaged?.models ?? [])];
  const state = new Map(models.flatMap((model) => [...modelState(model)]));
  const changeWith = (networks: Networks, batch: LabelledImages): Perturbed =>
    use.change(batch.images, networks.outputFor(batch));
  const learner: Learner = {
    trainable: live.trainable,
    play: (batch) => {
      const perturbed = changeWith(live, batch);
      return { ...perturbed, cost: cost(settings.penalty, perturbed.images, batch.images) };
    },
    stepped: () => {
      if (averaged !== null) moveAverages(averaged.trainable, live.trainable, settings.ema);
      iterateSpectralNorms(state);
    },
  };
  return {
    name,
    learners: [learner],
    state,
    perturb: (batch) => tf.tidy(() => changeWith(averaged ?? live, batch)),
    dispose: () => {
      models.forEach((model) => model.dispose());
    },
  };
}

/** penalty · mean of the squared pixel change, [N]. */
function cost(penalty: number, images: tf.Tensor4D, clean: tf.Tensor4D): tf.Tensor1D {
  return penalty === 0
    ? tf.zeros([clean.shape[0]])
    : tf.tidy(() => tf.mul(tf.mean(tf.square(tf.sub(images, clean)), [1, 2, 3]), penalty) as tf.Tensor1D);
}

/** The networks of an opponent, as one function of a batch. */
interface Networks {
  readonly models: readonly tf.LayersModel[];
  readonly trainable: readonly tf.Variable[];
  /** [N, H, W, outputChannels], rows in the batch's order. */
  outputFor(batch: LabelledImages): tf.Tensor4D;
}

function createNetworks(
  name: string,
  settings: NetworkSettings,
  context: GeneratorContext,
  outputChannels: number,
): Networks {
  const network = (suffix: string, seed: number): tf.LayersModel =>
    generatorNetwork(`${name}${suffix}`, context.imageSize, {
      body: settings.body,
      width: settings.width,
      depth: settings.depth,
      blocks: settings.blocks,
      outerKernel: settings.outer_kernel,
      norm: settings.norm,
      spectralNorm: settings.spectral_norm,
      outputChannels,
      seed,
      ...(context.casts === undefined ? {} : { casts: context.casts }),
    });
  if (settings.shared) {
    const both = network('', context.seed);
    return {
      models: [both],
      trainable: modelTrainable(both),
      outputFor: ({ images }) => run(both, images),
    };
  }
  // seeds far apart: a network takes one per convolution
  const models = [network('_real', context.seed), network('_fake', context.seed + 1000)] as const;
  return {
    models,
    trainable: models.flatMap(modelTrainable),
    outputFor: (batch) => byClass(models, batch),
  };
}

function run(model: tf.LayersModel, images: tf.Tensor4D): tf.Tensor4D {
  return model.apply(images, { ...GENERATOR_PASS }) as tf.Tensor4D;
}

/** Each image through the network of its class, rows back in the batch's order. */
function byClass(
  models: readonly [tf.LayersModel, tf.LayersModel],
  { images, labels }: LabelledImages,
): tf.Tensor4D {
  const label = labels.dataSync();
  const rowsOf = models.map((_, of) => [...label.keys()].filter((row) => label[row] === of));
  const outputs = rowsOf.flatMap((rows, of) =>
    rows.length === 0 ? [] : [run(models[of]!, tf.gather(images, tf.tensor1d(rows, 'int32')))],
  );
  const order = rowsOf.flat();
  const backToBatch = [...order.keys()].sort((a, b) => order[a]! - order[b]!);
  return tf.gather(tf.concat(outputs, 0), tf.tensor1d(backToBatch, 'int32')) as tf.Tensor4D;
}
