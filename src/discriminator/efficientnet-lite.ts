/**
 * EfficientNet-Lite (Google, "EfficientNet-Lite", 2020): EfficientNet (Tan & Le 2019) without squeeze and excitation, with ReLU6 for SiLU, and
 * with a stem, a head, and first and last stages that no scaling widens or deepens; the first of them has weights that anybody can fetch.
 * TensorFlow's SAME padding, input (255 x − 127) / 128.
 */
import * as tf from '@tensorflow/tfjs';
import { number, type SettingsOf } from '../config/settings.ts';
import { weightsSetting } from '../weights/pretrained.ts';
import type { DiscriminatorContext, DiscriminatorVariant } from './discriminator.ts';
import { STAGES } from './efficientnet-b0.ts';
import { efficientNetPytorchNames } from './torch-names/efficientnet-pytorch.ts';
import {
  apply,
  classifierHead,
  convBlock,
  depthwiseBlock,
  discriminatorOf,
  type BlockContext,
} from './model.ts';

const settings = {
  weights: weightsSetting,
  bn_momentum: number({
    min: 0,
    below: 1,
    doc: 'Share of the old running statistics kept at each training pass.',
  }),
  bn_epsilon: number({ above: 0, max: 1, doc: 'Added to the variance in batch norm.' }),
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

/** The family's detectors, each with two logits. */
export const efficientNetLites: readonly DiscriminatorVariant<typeof settings>[] = (
  Object.keys(SCALES) as EfficientNetLite[]
).map((name) => ({
  name,
  settings,
  create: (config, context) => discriminatorOf(name, buildEfficientNetLite(name, config, context), context),
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
    filters: rounded(stage.filters * width),
    blocks: i === 0 || i === STAGES.length - 1 ? stage.blocks : Math.ceil(stage.blocks * depth),
  }));
}

interface Stage {
  readonly expand: number;
  readonly kernel: number;
  readonly stride: number;
  readonly filters: number;
  readonly blocks: number;
}

/** To the nearest multiple of 8, and to the next one where that would take away more than a tenth. */
function rounded(filters: number): number {
  const nearest = Math.max(8, Math.floor((filters + 4) / 8) * 8);
  return nearest < 0.9 * filters ? nearest + 8 : nearest;
}

/** The network with so many logits: [N, size, size, 3] in [0, 1] → [N, classes]. */
export function buildEfficientNetLite(
  name: EfficientNetLite,
  config: Pick<EfficientNetLiteSettings, 'bn_momentum' | 'bn_epsilon'>,
  context: DiscriminatorContext,
  classes = 2,
): tf.LayersModel {
  const block: BlockContext = {
    ...context,
    batchNorm: { momentum: config.bn_momentum, epsilon: config.bn_epsilon },
  };
  const input = tf.input({ shape: [context.imageSize, context.imageSize, 3], name: 'images' });
  const centred = apply('centre', (x) => tf.div(tf.sub(tf.mul(x, 255), 127), 128));
  let x = centred.apply(input) as tf.SymbolicTensor;
  x = convBlock(x, 'stem', STEM_FILTERS, { kernel: 3, stride: 2, activation: 'relu6' }, block);
  stagesOf(name).forEach((stage, s) => {
    for (let i = 0; i < stage.blocks; i++) {
      x = bottleneck(
        x,
        `stage${s + 1}_block${i + 1}`,
        { ...stage, stride: i === 0 ? stage.stride : 1 },
        block,
      );
    }
  });
  x = convBlock(x, 'head', HEAD_FILTERS, { kernel: 1, stride: 1, activation: 'relu6' }, block);
  return tf.model({ name, inputs: input, outputs: classifierHead(x, block, classes) });
}

/** Inverted bottleneck (Sandler et al. 2018); a shortcut where input and output have one shape. */
function bottleneck(
  x: tf.SymbolicTensor,
  name: string,
  stage: Stage,
  block: BlockContext,
): tf.SymbolicTensor {
  const inputFilters = x.shape[3]!;
  const { expand, kernel, stride, filters } = stage;
  const pointwise = { kernel: 1, stride: 1 } as const;
  let y = x;
  if (expand !== 1) {
    y = convBlock(y, `${name}_expand`, inputFilters * expand, { ...pointwise, activation: 'relu6' }, block);
  }
  y = depthwiseBlock(y, name, { kernel, stride, activation: 'relu6' }, block);
  y = convBlock(y, `${name}_project`, filters, { ...pointwise, activation: 'none' }, block);
  if (stride === 1 && inputFilters === filters) {
    y = tf.layers.add({ name: `${name}_shortcut` }).apply([y, x]) as tf.SymbolicTensor;
  }
  return y;
}
