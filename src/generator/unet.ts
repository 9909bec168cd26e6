/** A U-Net (Ronneberger, Fischer, Brox, MICCAI 2015) with residual blocks at its lowest resolution. */
import * as tf from '@tensorflow/tfjs';
import type { Blocks, BodyOptions, Symbolic } from './network-blocks.ts';

/**
 * As the ResNet, but each doubling is joined with what had that resolution on the way down, so fine detail reaches the output by
 * itself: [N, S, S, 3] → [N, S, S, outputChannels].
 */
export function uNetBody(input: Symbolic, name: string, blocks: Blocks, options: BodyOptions): Symbolic {
  const { width, depth, outerKernel } = options;
  let x = blocks.convNormRelu(input, `${name}_outer`, width, outerKernel);
  const skips: Symbolic[] = [];
  for (let level = 1; level <= depth; level++) {
    skips.push(x);
    x = blocks.down(x, `${name}_down${level}`, width * 2 ** level);
  }
  for (let i = 1; i <= options.blocks; i++) {
    x = blocks.residual(x, `${name}_block${i}`, width * 2 ** depth);
  }
  for (let step = 1; step <= depth; step++) {
    const layer = `${name}_up${step}`;
    const joined = tf.layers
      .concatenate({ name: `${layer}_join` })
      .apply([blocks.twice(x, layer), skips[depth - step]!]) as Symbolic;
    x = blocks.convNormRelu(joined, layer, width * 2 ** (depth - step), 3);
  }
  return blocks.conv(x, `${name}_output`, options.outputChannels, outerKernel);
}
