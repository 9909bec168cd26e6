/**
 * A small convolutional detector that trains from nothing in a minute or two on a laptop's processor. As it ships it sees a high-passed copy of the
 * image beside RGB (front-ends.ts), because what a forgery leaves behind lies in the residual.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, integer, list, number, type SettingsOf } from '../config/settings.ts';
import type { DiscriminatorContext, DiscriminatorVariant } from './discriminator.ts';
import { FRONT_END_DOC, FRONT_ENDS, frontEnd } from './front-ends.ts';
import { classifierHead, convBlock, discriminatorOf, type BlockContext } from './model.ts';

const settings = {
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

/** Convolutions with batch norm and ReLU, global average pooling, a linear layer to two logits. */
export const smallCnn: DiscriminatorVariant<typeof settings> = {
  name: 'small-cnn',
  settings,
  create: (config, context) => discriminatorOf('small-cnn', buildSmallCnn(config, context), context),
};

function buildSmallCnn(config: SettingsOf<typeof settings>, context: DiscriminatorContext): tf.LayersModel {
  if (config.channels.length !== config.strides.length) {
    throw new Error(
      `discriminator.strides has ${config.strides.length} entries, discriminator.channels ${config.channels.length}: give one stride a convolution`,
    );
  }
  const block: BlockContext = {
    ...context,
    batchNorm: { momentum: config.bn_momentum, epsilon: config.bn_epsilon },
  };
  const input = tf.input({ shape: [context.imageSize, context.imageSize, 3], name: 'images' });
  let x = frontEnd(config.input, context.imageSize).apply(input) as tf.SymbolicTensor;
  config.channels.forEach((filters, i) => {
    x = convBlock(
      x,
      `block${i + 1}`,
      filters,
      { kernel: 3, stride: config.strides[i]!, activation: 'relu' },
      block,
    );
  });
  return tf.model({ name: 'small-cnn', inputs: input, outputs: classifierHead(x, block) });
}
