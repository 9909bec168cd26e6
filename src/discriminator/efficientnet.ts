/**
 * EfficientNet (Tan & Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019), the family that the
 * paper's detectors come from: TensorFlow's SAME padding, SiLU, squeeze and excitation, input 2x − 1 (AdvProp's convention) or normalised as
 * ImageNet (the first publication's).
 */
import type * as tf from '@tensorflow/tfjs';
import type { SettingsOf } from '../config/settings.ts';
import { squeezeExciteLayer } from '../ops/squeeze-excite.ts';
import { fromTorchOrKeras, weightsSetting } from '../weights/pretrained.ts';
import { batchNormSettings, blockContext } from './batch-norm-settings.ts';
import type { DiscriminatorContext, DiscriminatorVariant } from './discriminator.ts';
import { depthRate, dropped, dropoutSetting, stochasticDepthSetting } from './dropout.ts';
import { headed, headNeeds, headSetting, type Trunk } from './heads.ts';
import { imageInput, normalisationSetting, normalised } from './input.ts';
import { invertedResidual } from './inverted-residual.ts';
import { efficientNetKerasNames } from './keras-names/efficientnet.ts';
import { castsOf, convBlock, heNormal, type BlockContext } from './model.ts';
import { efficientNetTimmNames } from './torch-names/efficientnet.ts';

const settings = {
  weights: weightsSetting,
  ...batchNormSettings,
  normalisation: normalisationSetting,
  dropout: dropoutSetting,
  stochastic_depth: stochasticDepthSetting,
  head: headSetting,
};
type Settings = typeof settings;

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

/** Factors on the channels and on the blocks of a stage. */
export interface Scaling {
  readonly width: number;
  readonly depth: number;
}

/** Compound scaling of the published networks; b0 is table 1 itself. */
const SCALINGS: Readonly<Record<string, Scaling>> = {
  b0: { width: 1.0, depth: 1.0 },
  b1: { width: 1.0, depth: 1.1 },
  b2: { width: 1.1, depth: 1.2 },
  b3: { width: 1.2, depth: 1.4 },
  b4: { width: 1.4, depth: 1.8 },
  b5: { width: 1.6, depth: 2.2 },
  b6: { width: 1.8, depth: 2.6 },
  b7: { width: 2.0, depth: 3.1 },
};

/** `efficientnet-b0` to `efficientnet-b7`, from random weights. */
export const efficientNets: readonly DiscriminatorVariant<Settings>[] = Object.entries(SCALINGS).map(
  ([member, scaling]) => {
    const name = `efficientnet-${member}`;
    return {
      name,
      settings,
      pretrained: fromTorchOrKeras(
        { names: efficientNetTimmNames, is: {} },
        { names: efficientNetKerasNames, is: { normalisation: 'imagenet', bn_epsilon: 1e-3 } },
      ),
      needs: ({ head }) => headNeeds(head),
      create: (config, context) =>
        headed(name, config.head, buildEfficientNet(scaling, config, context), context),
    };
  },
);

/** Table 1 of the paper. */
export const efficientNetB0 = efficientNets[0]!;

/** Channels by a factor, in eights, and never less than nine tenths of what was asked for. */
export function roundFilters(filters: number, width: number): number {
  const wanted = filters * width;
  const rounded = Math.max(8, Math.floor((wanted + 4) / 8) * 8);
  return rounded < 0.9 * wanted ? rounded + 8 : rounded;
}

/** Blocks of a stage by a factor, rounded up. */
export function roundRepeats(blocks: number, depth: number): number {
  return Math.ceil(blocks * depth);
}

function buildEfficientNet(
  { width, depth }: Scaling,
  config: Omit<SettingsOf<Settings>, 'weights' | 'head'>,
  context: DiscriminatorContext,
): Trunk {
  const block = blockContext(config, context);
  const input = imageInput(context.imageSize);
  const stem = { kernel: 3, stride: 2, activation: 'silu' } as const;
  let x = convBlock(
    normalised(input, config.normalisation),
    'stem',
    roundFilters(STEM_FILTERS, width),
    stem,
    block,
  );
  const stages = STAGES.map(({ filters, blocks, ...stage }) => ({
    ...stage,
    filters: roundFilters(filters, width),
    blocks: roundRepeats(blocks, depth),
  }));
  eachBlock(stages, config.stochastic_depth, (name, shape) => {
    x = mbConv(x, name, shape, block);
  });
  const head = { kernel: 1, stride: 1, activation: 'silu' } as const;
  x = convBlock(x, 'head', roundFilters(HEAD_FILTERS, width), head, block);
  return { input, features: x, block, hidden: (y) => dropped(y, 'dropout', config.dropout) };
}

/** What the blocks of a stage have in common; the stride is the first one's. */
export interface Stage {
  readonly expand: number;
  readonly kernel: number;
  readonly stride: number;
  readonly filters: number;
  readonly blocks: number;
}

/** A block of a stage. */
export type StageBlock = Omit<Stage, 'blocks'> & {
  /** Of stochastic depth. */
  readonly depthRate: number;
};

/** The blocks of all stages in their order, `stage1_block1` the first. */
export function eachBlock(
  stages: readonly Stage[],
  stochasticDepth: number,
  visit: (name: string, shape: StageBlock) => void,
): void {
  const count = stages.reduce((sum, { blocks }) => sum + blocks, 0);
  let before = 0;
  stages.forEach(({ blocks, stride, ...shape }, s) => {
    for (let i = 0; i < blocks; i++) {
      const rate = depthRate(stochasticDepth, before++, count);
      visit(`stage${s + 1}_block${i + 1}`, { ...shape, stride: i === 0 ? stride : 1, depthRate: rate });
    }
  });
}

/** Mobile inverted bottleneck with squeeze and excitation to a quarter of the channels that come in. */
function mbConv(
  x: tf.SymbolicTensor,
  name: string,
  { expand, ...shape }: StageBlock,
  block: BlockContext,
): tf.SymbolicTensor {
  const inputFilters = x.shape[3]!;
  const attention = squeezeExciteLayer({
    name,
    squeezed: Math.max(1, Math.floor(inputFilters / 4)),
    squeezeInitializer: heNormal(block.seed, `${name}_squeeze`),
    exciteInitializer: heNormal(block.seed, `${name}_excite`),
    ...castsOf(block),
  });
  return invertedResidual(
    x,
    name,
    {
      ...shape,
      expanded: inputFilters * expand,
      activation: 'silu',
      attention: (y) => attention.apply(y) as tf.SymbolicTensor,
    },
    block,
  );
}
