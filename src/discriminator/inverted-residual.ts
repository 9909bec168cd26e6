/** The inverted residual block (Sandler et al., "MobileNetV2", CVPR 2018) with an attention over channels, as EfficientNet and MobileNetV3 have it. */
import type * as tf from '@tensorflow/tfjs';
import { droppedImages } from './dropout.ts';
import {
  convBlock,
  depthwiseBlock,
  shortcut,
  type BlockActivation,
  type BlockContext,
  type DepthwiseOptions,
} from './model.ts';

type Symbolic = tf.SymbolicTensor;

export interface InvertedResidual {
  /** Channels within; as many as come in: no convolution widens them. */
  readonly expanded: number;
  /** Side and stride of the depthwise convolution. */
  readonly kernel: number;
  readonly stride: number;
  /** Channels that come out. */
  readonly filters: number;
  readonly activation: BlockActivation;
  /** Left out: same. */
  readonly padding?: DepthwiseOptions['padding'];
  /** What follows the depthwise convolution, of the same shape. */
  readonly attention?: (x: Symbolic) => Symbolic;
  /** Rate of stochastic depth, where there is a shortcut; left out: 0. */
  readonly depthRate?: number;
}

/** 1×1 wider, depthwise, attention, 1×1 narrower without activation; a shortcut where input and output have one shape. */
export function invertedResidual(
  x: Symbolic,
  name: string,
  shape: InvertedResidual,
  context: BlockContext,
): Symbolic {
  const { expanded, kernel, stride, filters, activation, padding = 'same', depthRate = 0 } = shape;
  const inputFilters = x.shape[3]!;
  const pointwise = { kernel: 1, stride: 1 } as const;
  let y = x;
  if (expanded !== inputFilters) {
    y = convBlock(y, `${name}_expand`, expanded, { ...pointwise, activation }, context);
  }
  y = depthwiseBlock(y, name, { kernel, stride, activation, padding }, context);
  y = shape.attention?.(y) ?? y;
  y = convBlock(y, `${name}_project`, filters, { ...pointwise, activation: 'none' }, context);
  return stride === 1 && inputFilters === filters
    ? shortcut(name, droppedImages(y, `${name}_drop`, depthRate), x)
    : y;
}
