/**
 * A small convolutional detector that trains from nothing in a minute or two on a laptop's processor. As it ships it sees a high-passed copy of the
 * image beside RGB (front-ends.ts), because what a forgery leaves behind lies in the residual.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, integer, list, number, type SettingsOf } from '../config/settings.ts';
import type { DiscriminatorContext, DiscriminatorVariant } from './discriminator.ts';
import { FRONT_END_DOC, FRONT_ENDS, frontEnd } from './front-ends.ts';
import { headed, headNeeds, headSetting } from './heads.ts';
import { convBlock, type BlockContext } from './model.ts';

/** Settings of convolutions behind a front end. */
export const trunkSettings = {
  channels: list(
    integer({ min: 1, max: 1024, doc: 'Output channels of each 3×3 convolution, first to last.' }),
  ),
  strides: list(integer({ min: 1, max: 2, doc: 'Stride of each convolution; as many as channels.' })),
  input: choice(FRONT_ENDS, FRONT_END_DOC),
  bn_momentum: number({
    min: 0,
    below: 1,
    doc: 'Share of the old running statistics kept at each training pass.',
  }),
  bn_epsilon: number({ above: 0, max: 1, doc: 'Added to the variance in batch norm.' }),
};

export type TrunkSettings = SettingsOf<typeof trunkSettings>;

const settings = { ...trunkSettings, head: headSetting };

/** Convolutions with batch norm and ReLU, global average pooling, a linear layer to two logits, or another head. */
export const smallCnn: DiscriminatorVariant<typeof settings> = {
  name: 'small-cnn',
  settings,
  needs: ({ head }) => headNeeds(head),
  create: (config, context) => {
    const { input, block } = trunkInput(config, context);
    const features = convolutions(input, config, [0, config.channels.length], block);
    return headed('small-cnn', config.head, { input, features, block }, context);
  },
};

/** The images as a trunk's input, and what its blocks are built with. Throws if channels and strides do not agree. */
export function trunkInput(
  config: TrunkSettings,
  context: DiscriminatorContext,
): { readonly input: tf.SymbolicTensor; readonly block: BlockContext } {
  if (config.channels.length !== config.strides.length) {
    throw new Error(
      `discriminator.strides has ${config.strides.length} entries, discriminator.channels ${config.channels.length}: give one stride a convolution`,
    );
  }
  return {
    input: tf.input({ shape: [context.imageSize, context.imageSize, 3], name: 'images' }),
    block: { ...context, batchNorm: { momentum: config.bn_momentum, epsilon: config.bn_epsilon } },
  };
}

/** Convolutions `from` to `to` (not included) of a trunk, behind its front end where `from` is 0. */
export function convolutions(
  input: tf.SymbolicTensor,
  { channels, strides, input: seen }: TrunkSettings,
  [from, to]: readonly [number, number],
  block: BlockContext,
): tf.SymbolicTensor {
  let x = from === 0 ? (frontEnd(seen, input.shape[1]!).apply(input) as tf.SymbolicTensor) : input;
  for (let i = from; i < to; i++) {
    const options = { kernel: 3, stride: strides[i]!, activation: 'relu' } as const;
    x = convBlock(x, `block${i + 1}`, channels[i]!, options, block);
  }
  return x;
}
