/**
 * An autoencoder whose latent features are halved between the classes (Cozzolino et al., "ForensicTransfer", arXiv 2018, section 3; with
 * segmentation: Nguyen et al., "Multi-task learning for detecting and segmenting manipulated facial images and videos", BTAS 2019).
 *
 * With h₀, h₁ the halves and a_c = mean |h_c|: the activation loss |a₁ − y| + |a₀ − (1 − y)| makes one half active for real and the other for fake
 * images. The half of the other class is set to 0, and from what is left a decoder draws the image, loss γ·|x̂ − x|, and the mask where it is known.
 * The probability of a class is a_c / (a₀ + a₁). ForensicTransfer works on residuals of images of 256 pixels; here the front end is
 * small-cnn's, and the image itself is drawn.
 */
import * as tf from '@tensorflow/tfjs';
import { number } from '../config/settings.ts';
import { conv2d } from '../ops/conv-layer.ts';
import { FLOAT32 } from '../ops/precision.ts';
import { decoder } from './decoder.ts';
import type {
  AuxiliaryLosses,
  DiscriminatorContext,
  DiscriminatorVariant,
  Targets,
} from './discriminator.ts';
import { binaryCrossEntropy, masksIn, overCells } from './mask-losses.ts';
import { apply, assemblyOf, layerSeed } from './model.ts';
import { convolutions, trunkInput, trunkSettings, type TrunkSettings } from './small-cnn.ts';

const settings = {
  ...trunkSettings,
  reconstruction_weight: number({ min: 0, max: 1e4, doc: 'γ, weight of the reconstruction’s loss.' }),
  mask_weight: number({
    min: 0,
    max: 1e4,
    doc: 'Weight of the segmentation’s loss; 0: no masks are needed.',
  }),
};

const NAME = 'autoencoder';
/** Activations below count as this much, so that a half that is silent has a logit. */
const LEAST = 1e-4;

export const autoencoder: DiscriminatorVariant<typeof settings> = {
  name: NAME,
  settings,
  needs: ({ mask_weight }) => (mask_weight === 0 ? [] : ['masks']),
  create: ({ reconstruction_weight, mask_weight, ...config }, context) => {
    const { run, ...assembly } = build(config, context);
    return {
      name: NAME,
      ...assembly,
      logits: (images, pass) =>
        tf.tidy(() => logitsOf(activations(run.encoder(images, pass) as tf.Tensor4D))),
      halves: {
        features: (images, pass) => run.encoder(images, pass) as tf.Tensor4D,
        logits: (latent) => tf.tidy(() => logitsOf(activations(latent))),
      },
      auxiliary: (images, targets, pass): AuxiliaryLosses => {
        const latent = run.encoder(images, pass) as tf.Tensor4D;
        const active = activations(latent);
        const drawn = run.decoder(ownHalf(latent, targets), pass) as tf.Tensor4D;
        const [picture, mask] = tf.split(drawn, [3, 1], 3) as [tf.Tensor4D, tf.Tensor4D];
        const away = tf.mean(tf.abs(tf.sub(picture, tf.sub(tf.mul(images, 2), 1))), [1, 2, 3]);
        const terms: Record<string, tf.Tensor1D> = { reconstruction: tf.mul(away, reconstruction_weight) };
        if (mask_weight > 0) {
          const masks = masksIn(NAME, targets, 1);
          terms['mask'] = overCells(binaryCrossEntropy(mask, masks.values), masks, mask_weight);
        }
        return { logits: logitsOf(active), losses: activationLosses(active, targets), terms };
      },
    };
  },
};

/** a_c, the mean |h_c| of each half of the channels: [N, h, w, 2c] → [N, 2]. */
export function activations(latent: tf.Tensor4D): tf.Tensor2D {
  const halves = tf.split(tf.abs(latent), 2, 3).map((half) => tf.mean(half, [1, 2, 3]));
  return tf.stack(halves, 1) as tf.Tensor2D;
}

/** ln a_c: the softmax of the two is a_c / (a₀ + a₁). */
export function logitsOf(active: tf.Tensor2D): tf.Tensor2D {
  return tf.log(tf.add(active, LEAST));
}

/** Σ_c |a_c − [c is the class]|, [N]. */
export function activationLosses(active: tf.Tensor2D, { labels }: Targets): tf.Tensor1D {
  return tf.sum(tf.abs(tf.sub(active, tf.oneHot(labels, 2))), 1);
}

/** The latent features with 0 in the half that is not the class's. */
export function ownHalf(latent: tf.Tensor4D, { labels }: Targets): tf.Tensor4D {
  const [n, , , channels] = latent.shape;
  const kept = tf.cast(tf.oneHot(labels, 2), 'float32');
  const each = tf.tile(tf.reshape(kept, [n, 2, 1]), [1, 1, channels / 2]);
  return tf.mul(latent, tf.reshape(each, [n, 1, 1, channels]));
}

/** Images → latent features, which have as many channels as the last convolution; latent features → picture (−1 … 1) and mask (a logit). */
function build(config: TrunkSettings, context: DiscriminatorContext) {
  const { channels, strides } = config;
  const last = channels.at(-1)!;
  const doublings = strides.filter((stride) => stride === 2).length;
  if (last % 2 !== 0 || context.imageSize % 2 ** doublings !== 0) {
    throw new Error(
      `detector ${NAME}: the last of discriminator.channels (${last}) must be even, and images of ${context.imageSize} pixels must be halved ${doublings} times without rest: set data.size to a multiple of ${2 ** doublings}`,
    );
  }
  const { input, block } = trunkInput(config, context);
  const { casts = FLOAT32 } = context;
  const features = convolutions(input, config, [0, channels.length], block);
  const latent = conv2d({
    name: 'latent',
    filters: last,
    kernelSize: 3,
    strides: 1,
    useBias: true,
    kernelInitializer: tf.initializers.glorotUniform({ seed: layerSeed(context.seed, 'latent') }),
    ...(context.casts === undefined ? {} : { casts }),
  }).apply(features);
  const outputs = apply('latent_leave', (x) => casts.leave(x)).apply(latent) as tf.SymbolicTensor;
  const read = tf.input({ shape: outputs.shape.slice(1), name: 'latent' });
  // back through the channels that each halving of the sides began with
  const back = strides.flatMap((stride, i) => (stride === 2 ? [channels[i]!] : [])).reverse();
  return assemblyOf(
    {
      encoder: tf.model({ name: 'encoder', inputs: input, outputs }),
      decoder: tf.model({ name: 'decoder', inputs: read, outputs: decoder(read, 'decoder', back, 4, block) }),
    },
    context,
  );
}
