/** Network bodies of learned generators: CycleGAN's ResNet (Zhu et al. 2017; Johnson et al. 2016), as the paper uses. */
import * as tf from '@tensorflow/tfjs';
import { conv2d } from '../ops/conv-layer.ts';
import { apply, batchNorm, type Pass } from '../ops/layers.ts';

export interface ResNetOptions {
  /** Channels after the first convolution; doubled at each of the two down-samplings. */
  readonly width: number;
  /** Residual blocks at a quarter of the resolution. */
  readonly blocks: number;
  /** Kernel of the first and last convolution. */
  readonly outerKernel: number;
  readonly outputChannels: number;
  readonly seed: number;
}

/** Learned generators always normalise by their batch: they are players of the game, and are never used outside it. */
export const GENERATOR_PASS: Pass = { training: true, trackStatistics: false, branch: 'main' };

type Symbolic = tf.SymbolicTensor;

/**
 * c_o-width, two down-samplings, residual blocks, two up-samplings, c_o-out: [N, S, S, 3] in [0, 1] → [N, S, S, outputChannels],
 * linear output. S must be a multiple of 4.
 */
export function resNetGenerator(name: string, imageSize: number, options: ResNetOptions): tf.LayersModel {
  if (imageSize % 4 !== 0) {
    throw new Error(`generator ${name} halves its input twice: image size ${imageSize} is no multiple of 4`);
  }
  let seed = options.seed;
  const conv = (x: Symbolic, layer: string, filters: number, kernelSize: number, strides: number): Symbolic =>
    conv2d({
      name: `${layer}_conv`,
      filters,
      kernelSize,
      strides,
      useBias: true,
      kernelInitializer: tf.initializers.heNormal({ seed: seed++ }),
    }).apply(x) as Symbolic;
  const normRelu = (x: Symbolic, layer: string): Symbolic => {
    const norm = batchNorm({ name: `${layer}_bn`, momentum: 0.9, epsilon: 1e-5, auxiliary: false });
    return tf.layers.reLU({ name: `${layer}_relu` }).apply(norm.apply(x)) as Symbolic;
  };
  const block = (x: Symbolic, layer: string, filters: number): Symbolic => {
    const inner = normRelu(conv(x, `${layer}_a`, filters, 3, 1), `${layer}_a`);
    return tf.layers
      .add({ name: `${layer}_sum` })
      .apply([x, conv(inner, `${layer}_b`, filters, 3, 1)]) as Symbolic;
  };
  const up = (x: Symbolic, layer: string): Symbolic =>
    tf.layers.upSampling2d({ name: `${layer}_up`, size: [2, 2] }).apply(x) as Symbolic;

  const { width, outerKernel } = options;
  const input = tf.input({ shape: [imageSize, imageSize, 3], name: `${name}_images` });
  let x = apply(`${name}_centre`, (images) => tf.sub(tf.mul(images, 2), 1)).apply(input) as Symbolic;
  x = normRelu(conv(x, `${name}_outer`, width, outerKernel, 1), `${name}_outer`);
  x = normRelu(conv(x, `${name}_down1`, width * 2, 3, 2), `${name}_down1`);
  x = normRelu(conv(x, `${name}_down2`, width * 4, 3, 2), `${name}_down2`);
  for (let i = 1; i <= options.blocks; i++) {
    x = block(x, `${name}_block${i}`, width * 4);
  }
  x = normRelu(conv(up(x, `${name}_up1`), `${name}_up1`, width * 2, 3, 1), `${name}_up1`);
  x = normRelu(conv(up(x, `${name}_up2`), `${name}_up2`, width, 3, 1), `${name}_up2`);
  const output = conv(x, `${name}_output`, options.outputChannels, outerKernel, 1);
  return tf.model({ name, inputs: input, outputs: output });
}
