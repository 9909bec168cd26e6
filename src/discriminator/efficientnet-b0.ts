/**
 * EfficientNet-B0 (Tan & Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019), the family that the
 * paper's detectors come from: TensorFlow's SAME padding, SiLU, squeeze and excitation, input 2x − 1 (AdvProp's convention).
 */
import * as tf from '@tensorflow/tfjs';
import { number, type SettingsOf } from '../config/settings.ts';
import { squeezeExciteLayer } from '../ops/squeeze-excite.ts';
import type { DiscriminatorContext, DiscriminatorVariant } from './discriminator.ts';
import { headed, headNeeds, headSetting, type Trunk } from './heads.ts';
import { apply, convBlock, depthwiseBlock, layerSeed, type BlockContext } from './model.ts';

const settings = {
  bn_momentum: number({
    min: 0,
    below: 1,
    doc: 'Share of the old running statistics kept at each training pass.',
  }),
  bn_epsilon: number({ above: 0, max: 1, doc: 'Added to the variance in batch norm.' }),
  head: headSetting,
};

/** Table 1 of the paper: MBConv expansion, kernel, stride of the first block, output channels, number of blocks. */
export const STAGES = [
  { expand: 1, kernel: 3, stride: 1, filters: 16, blocks: 1 },
  { expand: 6, kernel: 3, stride: 2, filters: 24, blocks: 2 },
  { expand: 6, kernel: 5, stride: 2, filters: 40, blocks: 2 },
  { expand: 6, kernel: 3, stride: 2, filters: 80, blocks: 3 },
  { expand: 6, kernel: 5, stride: 1, filters: 112, blocks: 3 },
  { expand: 6, kernel: 5, stride: 2, filters: 192, blocks: 4 },
  { expand: 6, kernel: 3, stride: 1, filters: 320, blocks: 1 },
] as const;
const STEM_FILTERS = 32;
const HEAD_FILTERS = 1280;

/** EfficientNet-B0 with two logits, from random weights. */
export const efficientNetB0: DiscriminatorVariant<typeof settings> = {
  name: 'efficientnet-b0',
  settings,
  needs: ({ head }) => headNeeds(head),
  create: (config, context) =>
    headed('efficientnet-b0', config.head, buildEfficientNet(config, context), context),
};

function buildEfficientNet(config: SettingsOf<typeof settings>, context: DiscriminatorContext): Trunk {
  const block: BlockContext = {
    ...context,
    batchNorm: { momentum: config.bn_momentum, epsilon: config.bn_epsilon },
  };
  const input = tf.input({ shape: [context.imageSize, context.imageSize, 3], name: 'images' });
  const centred = apply('centre', (x) => tf.sub(tf.mul(x, 2), 1)).apply(input) as tf.SymbolicTensor;
  let x = convBlock(centred, 'stem', STEM_FILTERS, { kernel: 3, stride: 2, activation: 'silu' }, block);
  STAGES.forEach((stage, s) => {
    for (let i = 0; i < stage.blocks; i++) {
      x = mbConv(x, `stage${s + 1}_block${i + 1}`, { ...stage, stride: i === 0 ? stage.stride : 1 }, block);
    }
  });
  x = convBlock(x, 'head', HEAD_FILTERS, { kernel: 1, stride: 1, activation: 'silu' }, block);
  return { input, features: x, block };
}

interface MbConv {
  readonly expand: number;
  readonly kernel: number;
  readonly stride: number;
  readonly filters: number;
}

/** Mobile inverted bottleneck with squeeze and excitation; a shortcut where input and output have one shape. */
function mbConv(x: tf.SymbolicTensor, name: string, shape: MbConv, block: BlockContext): tf.SymbolicTensor {
  const inputFilters = x.shape[3]!;
  let y = x;
  if (shape.expand !== 1) {
    y = convBlock(
      y,
      `${name}_expand`,
      inputFilters * shape.expand,
      { kernel: 1, stride: 1, activation: 'silu' },
      block,
    );
  }
  y = depthwiseBlock(y, name, { kernel: shape.kernel, stride: shape.stride, activation: 'silu' }, block);
  y = squeezeExcite(y, name, Math.max(1, Math.floor(inputFilters / 4)), block);
  y = convBlock(y, `${name}_project`, shape.filters, { kernel: 1, stride: 1, activation: 'none' }, block);
  if (shape.stride === 1 && inputFilters === shape.filters) {
    y = tf.layers.add({ name: `${name}_shortcut` }).apply([y, x]) as tf.SymbolicTensor;
  }
  return y;
}

/** Channels weighted by what the whole image says of them (Hu et al. 2018). */
function squeezeExcite(
  x: tf.SymbolicTensor,
  name: string,
  squeezed: number,
  block: BlockContext,
): tf.SymbolicTensor {
  const initializer = (role: string): ReturnType<typeof tf.initializers.heNormal> =>
    tf.initializers.heNormal({ seed: layerSeed(block.seed, `${name}_${role}`) });
  const layer = squeezeExciteLayer({
    name,
    squeezed,
    squeezeInitializer: initializer('squeeze'),
    exciteInitializer: initializer('excite'),
    ...(block.casts === undefined ? {} : { casts: block.casts }),
  });
  return layer.apply(x) as tf.SymbolicTensor;
}
