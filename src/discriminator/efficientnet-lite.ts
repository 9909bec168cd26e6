/**
 * EfficientNet-Lite (Google, "EfficientNet-Lite", 2020): EfficientNet (Tan & Le 2019) without squeeze and excitation, with ReLU6 for SiLU, and
 * with a stem, a head, and first and last stages that no scaling widens or deepens; the first of them has weights that anybody can fetch.
 * TensorFlow's SAME padding, input (255 x − 127) / 128.
 */
import * as tf from '@tensorflow/tfjs';
import type { SettingsOf } from '../config/settings.ts';
import { weightsSetting } from '../weights/pretrained.ts';
import type { DiscriminatorContext, DiscriminatorVariant } from './discriminator.ts';
import { batchNormSettings, blockContext } from './batch-norm-settings.ts';
import { dropped, dropoutSetting, stochasticDepthSetting } from './dropout.ts';
import { eachBlock, roundFilters, roundRepeats, STAGES, type Stage } from './efficientnet.ts';
import { headed, headNeeds, headSetting, type Trunk } from './heads.ts';
import { imageInput } from './input.ts';
import { invertedResidual } from './inverted-residual.ts';
import { apply, convBlock } from './model.ts';
import { stock } from '../ops/standard-layer.ts';
import { efficientNetPytorchNames } from './torch-names/efficientnet-pytorch.ts';

const settings = {
  weights: weightsSetting,
  ...batchNormSettings,
  dropout: dropoutSetting,
  stochastic_depth: stochasticDepthSetting,
  head: headSetting,
};

export type EfficientNetLiteSettings = SettingsOf<typeof settings>;

/** How many channels and blocks a stage has against the first of the family. */
const SCALES = {
  'efficientnet-lite0': { width: 1, depth: 1 },
  'efficientnet-lite1': { width: 1, depth: 1.1 },
  'efficientnet-lite2': { width: 1.1, depth: 1.2 },
} as const;

export type EfficientNetLite = keyof typeof SCALES;

const STEM_FILTERS = 32;
const HEAD_FILTERS = 1280;

/** The family's detectors. */
export const efficientNetLites: readonly DiscriminatorVariant<typeof settings>[] = (
  Object.keys(SCALES) as EfficientNetLite[]
).map((name) => ({
  name,
  settings,
  needs: ({ head }) => headNeeds(head),
  create: (config, context) =>
    headed(name, config.head, efficientNetLiteTrunk(name, config, context), context),
  pretrained: () => ({
    imagenet: name,
    torch: efficientNetPytorchNames(stagesOf(name).map(({ blocks }) => blocks)),
    ownStart: (variable) => variable.startsWith('logits/'),
  }),
}));

/** The stages of one of the family: those of EfficientNet-B0, scaled. Widths are rounded to multiples of 8, as Tan & Le do. */
export function stagesOf(name: EfficientNetLite): readonly Stage[] {
  const { width, depth } = SCALES[name];
  return STAGES.map((stage, i) => ({
    ...stage,
    filters: roundFilters(stage.filters, width),
    blocks: i === 0 || i === STAGES.length - 1 ? stage.blocks : roundRepeats(stage.blocks, depth),
  }));
}

/** The network up to its head, on images [N, size, size, 3] in [0, 1]. */
export function efficientNetLiteTrunk(
  name: EfficientNetLite,
  config: Omit<EfficientNetLiteSettings, 'weights' | 'head'>,
  context: DiscriminatorContext,
): Trunk {
  const block = blockContext(config, context);
  const input = imageInput(context.imageSize);
  let x = centred(input);
  x = convBlock(x, 'stem', STEM_FILTERS, { kernel: 3, stride: 2, activation: 'relu6' }, block);
  eachBlock(stagesOf(name), config.stochastic_depth, (own, { expand, ...shape }) => {
    const expanded = x.shape[3]! * expand;
    x = invertedResidual(x, own, { ...shape, expanded, activation: 'relu6' }, block);
  });
  x = convBlock(x, 'head', HEAD_FILTERS, { kernel: 1, stride: 1, activation: 'relu6' }, block);
  return { input, features: x, block, hidden: (y) => dropped(y, 'dropout', config.dropout) };
}

/** (255 x − 127) / 128, as its images were given to it in training. */
function centred(images: tf.SymbolicTensor): tf.SymbolicTensor {
  const layer = apply(
    'centre',
    (x) => tf.div(tf.sub(tf.mul(x, 255), 127), 128),
    undefined,
    (x) => stock(tf.layers.rescaling({ name: 'centre', scale: 255 / 128, offset: -127 / 128 }), x),
  );
  return layer.apply(images) as tf.SymbolicTensor;
}
