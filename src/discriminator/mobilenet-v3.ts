/**
 * MobileNetV3 (Howard et al., "Searching for MobileNetV3", ICCV 2019) as torchvision has it (symmetric padding, ImageNet's normalisation) or as Keras has it (SAME padding, 2x − 1): hard-swish, squeeze
 * and excitation by ReLU and hard sigmoid.
 */
import * as tf from '@tensorflow/tfjs';
import type { SettingsOf } from '../config/settings.ts';
import { conv2d } from '../ops/conv-layer.ts';
import { apply } from '../ops/layers.ts';
import { spatialMean } from '../ops/spatial-mean.ts';
import { stock } from '../ops/standard-layer.ts';
import { activated } from './activation-layers.ts';
import { fromTorchOrKeras, weightsSetting, type Naming } from '../weights/pretrained.ts';
import { batchNormSettings, blockContext } from './batch-norm-settings.ts';
import type { DiscriminatorContext, DiscriminatorVariant } from './discriminator.ts';
import { dropped, dropoutSetting } from './dropout.ts';
import { roundFilters } from './efficientnet.ts';
import { headed, headNeeds, headSetting, type Trunk } from './heads.ts';
import { imageInput, normalisationSetting, normalised } from './input.ts';
import { invertedResidual } from './inverted-residual.ts';
import { mobileNetV3KerasNames } from './keras-names/mobilenet-v3.ts';
import { castsOf, convBlock, heNormal, linear, type BlockContext } from './model.ts';
import { paddingSetting } from './padding.ts';
import { mobileNetV3LargeNames, mobileNetV3SmallNames } from './torch-names/mobilenet-v3.ts';

const settings = {
  weights: weightsSetting,
  ...batchNormSettings,
  normalisation: normalisationSetting,
  padding: paddingSetting,
  dropout: dropoutSetting,
  head: headSetting,
};
type Settings = typeof settings;
type Symbolic = tf.SymbolicTensor;

/** A line of table 1 or 2: kernel, channels within, channels out, squeeze and excitation or none, activation, stride. */
type Line = readonly [
  kernel: number,
  expanded: number,
  filters: number,
  squeeze: boolean,
  activation: 'relu' | 'hard-swish',
  stride: number,
];

/** A table of the paper. */
export interface MobileNetShape {
  readonly stem: number;
  readonly lines: readonly Line[];
  /** Channels of the last convolution and of the layer before the logits. */
  readonly head: readonly [number, number];
}

const LARGE: MobileNetShape = {
  stem: 16,
  lines: [
    [3, 16, 16, false, 'relu', 1],
    [3, 64, 24, false, 'relu', 2],
    [3, 72, 24, false, 'relu', 1],
    [5, 72, 40, true, 'relu', 2],
    [5, 120, 40, true, 'relu', 1],
    [5, 120, 40, true, 'relu', 1],
    [3, 240, 80, false, 'hard-swish', 2],
    [3, 200, 80, false, 'hard-swish', 1],
    [3, 184, 80, false, 'hard-swish', 1],
    [3, 184, 80, false, 'hard-swish', 1],
    [3, 480, 112, true, 'hard-swish', 1],
    [3, 672, 112, true, 'hard-swish', 1],
    [5, 672, 160, true, 'hard-swish', 2],
    [5, 960, 160, true, 'hard-swish', 1],
    [5, 960, 160, true, 'hard-swish', 1],
  ],
  head: [960, 1280],
};

const SMALL: MobileNetShape = {
  stem: 16,
  lines: [
    [3, 16, 16, true, 'relu', 2],
    [3, 72, 24, false, 'relu', 2],
    [3, 88, 24, false, 'relu', 1],
    [5, 96, 40, true, 'hard-swish', 2],
    [5, 240, 40, true, 'hard-swish', 1],
    [5, 240, 40, true, 'hard-swish', 1],
    [5, 120, 48, true, 'hard-swish', 1],
    [5, 144, 48, true, 'hard-swish', 1],
    [5, 288, 96, true, 'hard-swish', 2],
    [5, 576, 96, true, 'hard-swish', 1],
    [5, 576, 96, true, 'hard-swish', 1],
  ],
  head: [576, 1024],
};

/** A MobileNetV3 as a detector. */
export function mobileNetV3(
  name: string,
  shape: MobileNetShape,
  torch: Naming,
): DiscriminatorVariant<Settings> {
  return {
    name,
    settings,
    pretrained: fromTorchOrKeras(
      { names: torch, is: { normalisation: 'imagenet', padding: 'symmetric' } },
      { names: mobileNetV3KerasNames, is: { normalisation: 'centred', padding: 'same', bn_epsilon: 1e-3 } },
    ),
    needs: ({ head }) => headNeeds(head),
    create: (config, context) => headed(name, config.head, mobileNetTrunk(shape, config, context), context),
  };
}

/** Table 1 of the paper. */
export const mobileNetV3Large = mobileNetV3('mobilenet-v3-large', LARGE, mobileNetV3LargeNames);

/** Table 2 of the paper. */
export const mobileNetV3Small = mobileNetV3('mobilenet-v3-small', SMALL, mobileNetV3SmallNames);

function mobileNetTrunk(
  { stem, lines, head }: MobileNetShape,
  config: SettingsOf<Settings>,
  context: DiscriminatorContext,
): Trunk {
  const { padding } = config;
  const block = blockContext(config, context);
  const input = imageInput(context.imageSize);
  const first = { kernel: 3, stride: 2, activation: 'hard-swish', padding } as const;
  let x = convBlock(normalised(input, config.normalisation), 'stem', stem, first, block);
  lines.forEach(([kernel, expanded, filters, squeeze, activation, stride], i) => {
    const own = `block${i + 1}`;
    const attention = squeeze ? { attention: (y: Symbolic) => squeezeExcite(y, own, block) } : {};
    const shape = {
      kernel,
      expanded,
      filters,
      activation,
      stride,
      padding,
      ...attention,
    } as const;
    x = invertedResidual(x, own, shape, block);
  });
  x = convBlock(x, 'head', head[0], { kernel: 1, stride: 1, activation: 'hard-swish' }, block);
  const hidden = (y: Symbolic): Symbolic =>
    dropped(
      activated(linear(y, 'hidden', head[1], block), 'hidden', 'hard-swish'),
      'dropout',
      config.dropout,
    );
  return { input, features: x, block, hidden };
}

/** x · hardSigmoid(relu(mean(x) · squeeze + bias) · excite + bias), to a quarter of the channels in eights. */
function squeezeExcite(x: Symbolic, name: string, block: BlockContext): Symbolic {
  const channels = x.shape[3]!;
  const pointwise = (y: Symbolic, part: string, filters: number): Symbolic => {
    const layer = conv2d({
      name: `${name}_${part}`,
      filters,
      kernelSize: 1,
      strides: 1,
      useBias: true,
      kernelInitializer: heNormal(block.seed, `${name}_${part}`),
      ...castsOf(block),
    });
    return layer.apply(y) as Symbolic;
  };
  const squeezed = pointwise(meanOf(x, name), 'squeeze', roundFilters(Math.floor(channels / 4), 1));
  const excited = pointwise(activated(squeezed, `${name}_squeeze`, 'relu'), 'excite', channels);
  const gate = activated(excited, `${name}_excite`, 'hard-sigmoid');
  return tf.layers.multiply({ name: `${name}_attention` }).apply([x, gate]) as Symbolic;
}

/** [N, h, w, c] → [N, 1, 1, c]. */
function meanOf(x: Symbolic, name: string): Symbolic {
  const layer = apply(
    `${name}_mean`,
    (features) => spatialMean(features as tf.Tensor4D),
    ([n, , , channels]) => [n!, 1, 1, channels!],
    (features) => {
      const pooled = stock(tf.layers.globalAveragePooling2d({ name: `${name}_pool` }), features);
      const targetShape = [1, 1, features.shape[3]!];
      return stock(tf.layers.reshape({ name: `${name}_mean`, targetShape }), pooled);
    },
  );
  return layer.apply(x) as Symbolic;
}
