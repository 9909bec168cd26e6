/** From features back towards pixels: each step doubles the sides. */
import * as tf from '@tensorflow/tfjs';
import { conv2d } from '../ops/conv-layer.ts';
import { FLOAT32 } from '../ops/precision.ts';
import { doubleNearest } from '../ops/upsample.ts';
import { apply, convBlock, layerSeed, type BlockContext } from './model.ts';

/**
 * Doubling by repeated pixels and a 3×3 convolution with batch norm and ReLU, for each of `channels`; a linear 3×3 convolution in float32
 * ends it: [N, h, w, c] → [N, 2ᵏh, 2ᵏw, outputs].
 */
export function decoder(
  features: tf.SymbolicTensor,
  name: string,
  channels: readonly number[],
  outputs: number,
  block: BlockContext,
): tf.SymbolicTensor {
  const { casts = FLOAT32, seed } = block;
  let x = features;
  channels.forEach((filters, i) => {
    const doubled = apply(
      `${name}${i + 1}_double`,
      (of) => doubleNearest(of as tf.Tensor4D),
      ([n, h, w, c]) => [n!, 2 * h!, 2 * w!, c!],
    );
    const options = { kernel: 3, stride: 1, activation: 'relu' } as const;
    x = convBlock(doubled.apply(x) as tf.SymbolicTensor, `${name}${i + 1}`, filters, options, block);
  });
  const left = apply(`${name}_leave`, (of) => casts.leave(of)).apply(x) as tf.SymbolicTensor;
  const linear = conv2d({
    name: `${name}_output`,
    filters: outputs,
    kernelSize: 3,
    strides: 1,
    useBias: true,
    kernelInitializer: tf.initializers.glorotUniform({ seed: layerSeed(seed, `${name}_output`) }),
  });
  return linear.apply(left) as tf.SymbolicTensor;
}
