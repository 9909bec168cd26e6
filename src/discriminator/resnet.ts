/**
 * ResNet of bottleneck blocks (He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", CVPR 2016) as torchvision has it: version 1.5, with the
 * stride on the 3×3 convolution of a block, symmetric padding, ImageNet's normalisation.
 */
import type * as tf from '@tensorflow/tfjs';
import type { SettingsOf } from '../config/settings.ts';
import { maxPool3 } from '../ops/max-pool.ts';
import { activated } from './activation-layers.ts';
import { fromTorchOrKeras, weightsSetting } from '../weights/pretrained.ts';
import { batchNormSettings, blockContext } from './batch-norm-settings.ts';
import type { DiscriminatorContext, DiscriminatorVariant } from './discriminator.ts';
import { headed, headNeeds, headSetting, type Trunk } from './heads.ts';
import { imageInput, imageNetNormalised } from './input.ts';
import { resNetKerasNames } from './keras-names/resnet.ts';
import { convBlock, shortcut, type BlockContext } from './model.ts';
import { resNetTorchvisionNames } from './torch-names/resnet.ts';

const settings = { weights: weightsSetting, ...batchNormSettings, head: headSetting };
type Settings = typeof settings;
type Symbolic = tf.SymbolicTensor;

/** Channels of the stem, and blocks of each stage; channels within a block double from stage to stage, and four times as many come out. */
export interface ResNetShape {
  readonly width: number;
  readonly blocks: readonly number[];
}

const EXPANSION = 4;

/** A ResNet as a detector. */
export function resNet(name: string, shape: ResNetShape): DiscriminatorVariant<Settings> {
  return {
    name,
    settings,
    pretrained: fromTorchOrKeras(
      { names: resNetTorchvisionNames, is: {} },
      { names: resNetKerasNames, is: {} },
    ),
    needs: ({ head }) => headNeeds(head),
    create: (config, context) => headed(name, config.head, resNetTrunk(shape, config, context), context),
  };
}

/** ResNet-50, table 1 of the paper. */
export const resNet50 = resNet('resnet-50', { width: 64, blocks: [3, 4, 6, 3] });

function resNetTrunk(
  { width, blocks }: ResNetShape,
  config: SettingsOf<typeof batchNormSettings>,
  context: DiscriminatorContext,
): Trunk {
  const block = blockContext(config, context);
  const input = imageInput(context.imageSize);
  const stem = { kernel: 7, stride: 2, activation: 'relu', padding: 'symmetric' } as const;
  let x = convBlock(imageNetNormalised(input), 'stem', width, stem, block);
  x = maxPool3('stem_pool').apply(x) as Symbolic;
  blocks.forEach((count, s) => {
    for (let i = 0; i < count; i++) {
      const stride = s > 0 && i === 0 ? 2 : 1;
      x = bottleneck(x, `stage${s + 1}_block${i + 1}`, width * 2 ** s, stride, block);
    }
  });
  return { input, features: x, block };
}

/** 1×1 narrower, 3×3, 1×1 wider; added to what came in, by a convolution where the shapes differ; ReLU of the sum. */
function bottleneck(x: Symbolic, name: string, width: number, stride: number, block: BlockContext): Symbolic {
  const pointwise = { kernel: 1, stride: 1 } as const;
  const spatial = { kernel: 3, stride, activation: 'relu', padding: 'symmetric' } as const;
  const filters = EXPANSION * width;
  let y = convBlock(x, `${name}_reduce`, width, { ...pointwise, activation: 'relu' }, block);
  y = convBlock(y, `${name}_spatial`, width, spatial, block);
  y = convBlock(y, `${name}_expand`, filters, { ...pointwise, activation: 'none' }, block);
  const same = stride === 1 && x.shape[3] === filters;
  const projection = { kernel: 1, stride, activation: 'none' } as const;
  const beside = same ? x : convBlock(x, `${name}_projection`, filters, projection, block);
  return activated(shortcut(name, y, beside), name, 'relu');
}
