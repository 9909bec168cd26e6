/** What the bodies of learned opponents are built of: convolutions, normalisation, residual blocks, halving and doubling. */
import * as tf from '@tensorflow/tfjs';
import { conv2d } from '../ops/conv-layer.ts';
import { instanceNormLayer } from '../ops/instance-norm.ts';
import { apply, batchNorm } from '../ops/layers.ts';
import { FLOAT32, type Casts } from '../ops/precision.ts';
import { doubleNearest } from '../ops/upsample.ts';

export type Symbolic = tf.SymbolicTensor;

/** How every block of a network is made; a seed is drawn for each convolution in the order of their making. */
export interface BlockOptions {
  readonly seed: number;
  readonly norm: 'batch' | 'instance';
  readonly spectralNorm: boolean;
  /** In what the convolutions compute; left out: float32. */
  readonly casts?: Casts;
}

/** What a body is to be. */
export interface BodyOptions {
  /** Channels at full resolution; doubled at each halving. */
  readonly width: number;
  /** Number of halvings. */
  readonly depth: number;
  /** Residual blocks at the lowest resolution. */
  readonly blocks: number;
  /** Kernel of the first and last convolution. */
  readonly outerKernel: number;
  readonly outputChannels: number;
}

/** Each takes what comes in, the new layers' name and their number of channels. All convolutions have a bias and SAME padding. */
export interface Blocks {
  /** Convolution alone. */
  conv(x: Symbolic, layer: string, filters: number, kernelSize: number): Symbolic;
  /** Convolution, normalisation, ReLU. */
  convNormRelu(x: Symbolic, layer: string, filters: number, kernelSize: number): Symbolic;
  /** The same, 3×3, at half the resolution. */
  down(x: Symbolic, layer: string, filters: number): Symbolic;
  /** Every pixel becomes four. */
  twice(x: Symbolic, layer: string): Symbolic;
  /** x + conv(relu(norm(conv(x)))), 3×3. */
  residual(x: Symbolic, layer: string, filters: number): Symbolic;
}

/** The blocks of one network. */
export function networkBlocks(options: BlockOptions): Blocks {
  let seed = options.seed;
  const casts = options.casts ?? FLOAT32;
  const convolution = (
    x: Symbolic,
    layer: string,
    filters: number,
    kernelSize: number,
    strides: number,
  ): Symbolic => {
    const own = seed++;
    return conv2d({
      name: `${layer}_conv`,
      filters,
      kernelSize,
      strides,
      useBias: true,
      kernelInitializer: tf.initializers.heNormal({ seed: own }),
      casts,
      ...(options.spectralNorm ? { spectralNorm: { seed: own } } : {}),
    }).apply(x) as Symbolic;
  };
  const normRelu = (x: Symbolic, layer: string): Symbolic => {
    if (options.norm === 'batch') {
      const settings = { momentum: 0.9, epsilon: 1e-5, auxiliary: false, activation: 'relu', casts } as const;
      return batchNorm({ name: `${layer}_bn`, ...settings }).apply(x) as Symbolic;
    }
    const norm = instanceNormLayer({ name: `${layer}_in`, epsilon: 1e-5, casts });
    return tf.layers.reLU({ name: `${layer}_relu` }).apply(norm.apply(x)) as Symbolic;
  };
  return {
    conv: (x, layer, filters, kernelSize) => convolution(x, layer, filters, kernelSize, 1),
    convNormRelu: (x, layer, filters, kernelSize) =>
      normRelu(convolution(x, layer, filters, kernelSize, 1), layer),
    down: (x, layer, filters) => normRelu(convolution(x, layer, filters, 3, 2), layer),
    twice: (x, layer) => {
      const doubled = apply(
        `${layer}_up`,
        (images) => doubleNearest(images as tf.Tensor4D),
        ([n, height, width, channels]) => [n!, 2 * height!, 2 * width!, channels!],
      );
      return doubled.apply(x) as Symbolic;
    },
    residual: (x, layer, filters) => {
      const inner = normRelu(convolution(x, `${layer}_a`, filters, 3, 1), `${layer}_a`);
      const outer = convolution(inner, `${layer}_b`, filters, 3, 1);
      return tf.layers.add({ name: `${layer}_sum` }).apply([x, outer]) as Symbolic;
    },
  };
}
