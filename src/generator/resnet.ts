/** CycleGAN's ResNet (Zhu et al., ICCV 2017; Johnson et al., ECCV 2016), the body of the paper's generators. */
import type { Blocks, BodyOptions, Symbolic } from './network-blocks.ts';

/**
 * Outer convolution, `depth` halvings, residual blocks, as many doublings, outer convolution: [N, S, S, 3] → [N, S, S, outputChannels].
 * The width doubles with each halving. What is lost on the way down is lost: compare the U-Net.
 */
export function resNetBody(input: Symbolic, name: string, blocks: Blocks, options: BodyOptions): Symbolic {
  const { width, depth, outerKernel } = options;
  let x = blocks.convNormRelu(input, `${name}_outer`, width, outerKernel);
  for (let level = 1; level <= depth; level++) {
    x = blocks.down(x, `${name}_down${level}`, width * 2 ** level);
  }
  for (let i = 1; i <= options.blocks; i++) {
    x = blocks.residual(x, `${name}_block${i}`, width * 2 ** depth);
  }
  for (let step = 1; step <= depth; step++) {
    const layer = `${name}_up${step}`;
    x = blocks.convNormRelu(blocks.twice(x, layer), layer, width * 2 ** (depth - step), 3);
  }
  return blocks.conv(x, `${name}_output`, options.outputChannels, outerKernel);
}
