/**
 * A small convolutional detector that trains from nothing in a minute or two on a laptop's processor.
 *
 * Beside RGB it sees a high-passed copy of the image, because what a forgery leaves behind (resampling, upsampling spectra, blending
 * borders) lies in the residual; a fixed high-pass front end is the idea of Fridrich & Kodovsky's rich models (TIFS 2012) and Bayar & Stamm (2016).
 */
import * as tf from '@tensorflow/tfjs';
import { choice, integer, list, type SettingsOf } from '../config/settings.ts';
import { reflectPad } from '../ops/reflect-pad.ts';
import { stock } from '../ops/standard-layer.ts';
import { batchNormSettings, blockContext } from './batch-norm-settings.ts';
import type { DiscriminatorContext, DiscriminatorVariant } from './discriminator.ts';
import { centred, imageInput } from './input.ts';
import { apply, classifierHead, convBlock, discriminatorOf } from './model.ts';

const settings = {
  channels: list(
    integer({ min: 1, max: 1024, doc: 'Output channels of each 3×3 convolution, first to last.' }),
  ),
  strides: list(integer({ min: 1, max: 2, doc: 'Stride of each convolution; as many as channels.' })),
  input: choice(
    ['rgb', 'rgb-highpass'],
    'What the first convolution sees: RGB, or RGB and a high-passed copy.',
  ),
  ...batchNormSettings,
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
  const block = blockContext(config, context);
  const input = imageInput(context.imageSize);
  let x = config.input === 'rgb' ? centred(input) : withHighpass(input);
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

/** 2x − 1 and the high-passed copy, one after the other: three channels → six. */
function withHighpass(images: tf.SymbolicTensor): tf.SymbolicTensor {
  const layer = apply(
    'highpass',
    (x) => tf.concat([tf.sub(tf.mul(x, 2), 1), highpass(x as tf.Tensor4D)], 3),
    (shape) => [...shape.slice(0, 3), 6],
    standardHighpass,
  );
  return layer.apply(images) as tf.SymbolicTensor;
}

/** The same by stock layers. A mirrored border is lines cut out and joined. */
function standardHighpass(x: tf.SymbolicTensor): tf.SymbolicTensor {
  const scaled = (of: tf.SymbolicTensor, name: string, scale: number, offset = 0): tf.SymbolicTensor =>
    stock(tf.layers.rescaling({ name: `highpass_${name}`, scale, offset }), of);
  const mirrored = standardMirrored(standardMirrored(x, 1), 2);
  const mean = tf.layers.averagePooling2d({
    name: 'highpass_mean',
    poolSize: 3,
    strides: 1,
    padding: 'valid',
  });
  const residual = stock(tf.layers.add({ name: 'highpass_residual' }), [
    scaled(x, 'image', 4),
    scaled(stock(mean, mirrored), 'smooth', -4),
  ]);
  const both = tf.layers.concatenate({ name: 'highpass', axis: 3 });
  return stock(both, [scaled(x, 'centre', 2, -1), residual]);
}

/** A border of one pixel along an axis, reflected without the edge's own line. */
function standardMirrored(x: tf.SymbolicTensor, axis: 1 | 2): tf.SymbolicTensor {
  const side = x.shape[axis]!;
  const line = (name: string, at: number): tf.SymbolicTensor => {
    const along: [number, number] = [at, side - 1 - at];
    const cropping: [[number, number], [number, number]] = axis === 1 ? [along, [0, 0]] : [[0, 0], along];
    return stock(tf.layers.cropping2D({ name: `highpass_${name}${axis}`, cropping }), x);
  };
  const joined = tf.layers.concatenate({ name: `highpass_mirrored${axis}`, axis });
  return stock(joined, [line('before', 1), x, line('after', side - 2)]);
}

/** 4·(x − mean of the 3×3 neighbourhood), reflected borders: [N, H, W, C] → the same shape, about unit scale on photos' edges. */
export function highpass(x: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    return tf.mul(tf.sub(x, tf.avgPool(reflectPad(x, 1), 3, 1, 'valid')), 4);
  });
}
