/**
 * Generative AT: networks predict the blur map, one for real and one for fake images, and learn to make the detector fail
 * (Wang, Guo, Zuo 2022): min over D, max over G of L(x, y) + λ·L(G(x), y). Both classes are changed, or the change would be the label.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, integer, number, type SettingsOf } from '../config/settings.ts';
import { gaussianBlur } from '../ops/gaussian-blur.ts';
import { modelState, modelTrainable } from '../ops/model-state.ts';
import type { Generator, GeneratorContext, GeneratorVariant, LabelledImages } from './generator.ts';
import { GENERATOR_PASS, resNetGenerator } from './networks.ts';

const settings = {
  k: choice([3, 5, 7, 9], 'Side of the blur window in pixels.'),
  sigma_max: number({
    above: 0,
    doc: 'Largest standard deviation in pixels; the networks reach from no blur at all to this.',
  }),
  width: integer({ min: 1, max: 256, doc: 'Channels of the networks at full resolution.' }),
  blocks: integer({ min: 0, max: 32, doc: 'Residual blocks of each network.' }),
  outer_kernel: choice([3, 5, 7], 'Kernel of the first and last convolution.'),
};

/** σ = sigma_max · sigmoid(network(x)), one network a class, then the pixel-wise Gaussian blur. */
export const generative: GeneratorVariant<typeof settings> = {
  name: 'generative',
  settings,
  create: createGenerative,
};

function createGenerative(config: SettingsOf<typeof settings>, context: GeneratorContext): Generator {
  const network = (name: string, seed: number): tf.LayersModel =>
    resNetGenerator(name, context.imageSize, {
      width: config.width,
      blocks: config.blocks,
      outerKernel: config.outer_kernel,
      outputChannels: 1,
      seed,
    });
  // seeds far apart: a network takes one per layer
  const networks = [
    network('generator_real', context.seed),
    network('generator_fake', context.seed + 1000),
  ] as const;
  return {
    name: 'generative',
    trainable: networks.flatMap(modelTrainable),
    state: new Map(networks.flatMap((model) => [...modelState(model)])),
    perturb: (batch) =>
      tf.tidy(() => {
        const sigma = sigmaMap(networks, batch, config.sigma_max);
        return { images: gaussianBlur(batch.images, sigma, config.k), maps: { sigma } };
      }),
    dispose: () => {
      networks.forEach((model) => model.dispose());
    },
  };
}

/** [N, H, W, 1] in [0, sigmaMax]: each image's map from the network of its class, rows in the batch's order. */
function sigmaMap(
  networks: readonly [tf.LayersModel, tf.LayersModel],
  batch: LabelledImages,
  sigmaMax: number,
): tf.Tensor4D {
  const labels = batch.labels.dataSync();
  const rowsOf = [0, 1].map((label) => [...labels.keys()].filter((row) => labels[row] === label));
  const maps = rowsOf.flatMap((rows, label) =>
    rows.length === 0
      ? []
      : [
          networks[label]!.apply(tf.gather(batch.images, tf.tensor1d(rows, 'int32')), {
            ...GENERATOR_PASS,
          }) as tf.Tensor4D,
        ],
  );
  const order = rowsOf.flat();
  const backToBatch = tf.tensor1d(
    [...order.keys()].sort((a, b) => order[a]! - order[b]!),
    'int32',
  );
  const logits = tf.gather(tf.concat(maps, 0), backToBatch) as tf.Tensor4D;
  return tf.mul(tf.sigmoid(logits), sigmaMax);
}
