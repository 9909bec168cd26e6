/**
 * Meso-4 and MesoInception-4 (Afchar, Nozick, Yamagishi & Echizen, "MesoNet: a Compact Facial Video Forgery Detection Network", WIFS 2018), as the authors
 * released them: ReLU before batch norm, a hidden layer of 16 with leaky ReLU, images as they are. Designed for 256 pixels; any size goes, and the hidden layer's
 * weights depend on it, but with the head `patches`, where every cell goes through it. Two logits instead of one sigmoid, z / 2 and −z / 2 of the authors' z
 * (1 is real there).
 */
import * as tf from '@tensorflow/tfjs';
import type { SettingsOf } from '../config/settings.ts';
import { conv2d } from '../ops/conv-layer.ts';
import { leakyRelu } from '../ops/hard-activations.ts';
import { apply } from '../ops/layers.ts';
import { FLOAT32 } from '../ops/precision.ts';
import { stock } from '../ops/standard-layer.ts';
import { activated } from './activation-layers.ts';
import { unlike, weightsSetting, type NamingOfFile } from '../weights/pretrained.ts';
import { batchNormSettings, blockContext } from './batch-norm-settings.ts';
import type { DiscriminatorContext, DiscriminatorVariant } from './discriminator.ts';
import { dropped, dropoutSetting } from './dropout.ts';
import { headed, headNeeds, headSetting, type Trunk } from './heads.ts';
import { imageInput } from './input.ts';
import { meso4KerasNames, mesoInception4KerasNames } from './keras-names/meso.ts';
import { castsOf, heNormal, linear, normalise, type BlockContext } from './model.ts';

const settings = {
  weights: weightsSetting,
  ...batchNormSettings,
  dropout: dropoutSetting,
  head: headSetting,
};
type Settings = typeof settings;
type Symbolic = tf.SymbolicTensor;
type Stage = (x: Symbolic, name: string, block: BlockContext) => Symbolic;

const HIDDEN = 16;
/** Of the hidden layer's leaky ReLU. */
const SLOPE = 0.1;

/** Four convolutions; 27,977 parameters at 256 pixels with the authors' single output. */
export const meso4 = meso(
  'meso-4',
  [convolution(8, 3), convolution(8, 5), convolution(16, 5), convolution(16, 5)],
  meso4KerasNames,
);

/** Two inception modules in place of the first two convolutions; 28,615 parameters. */
export const mesoInception4 = meso(
  'meso-inception-4',
  [inception([1, 4, 4, 2]), inception([2, 4, 4, 2]), convolution(16, 5), convolution(16, 5)],
  mesoInception4KerasNames,
);

function meso(name: string, stages: readonly Stage[], keras: NamingOfFile): DiscriminatorVariant<Settings> {
  return {
    name,
    settings,
    pretrained: (config) => ({
      imagenet: null,
      torch: null,
      keras,
      unlike: { torch: [], keras: unlike(config, { bn_epsilon: 1e-3 }) },
      // the authors' classes are ours, so the head is theirs too
      ownStart: () => false,
    }),
    needs: ({ head }) => headNeeds(head),
    create: (config, context) => headed(name, config.head, mesoTrunk(stages, config, context), context),
  };
}

function mesoTrunk(
  stages: readonly Stage[],
  config: SettingsOf<Settings>,
  context: DiscriminatorContext,
): Trunk {
  const block = blockContext(config, context);
  const input = imageInput(context.imageSize);
  let x = input;
  stages.forEach((stage, i) => {
    const own = `block${i + 1}`;
    x = normalise(stage(x, own, block), own, 'none', block);
    const side = i === stages.length - 1 ? 4 : 2;
    const pool = tf.layers.maxPooling2d({
      name: `${own}_pool`,
      poolSize: side,
      strides: side,
      padding: 'same',
    });
    x = pool.apply(x) as Symbolic;
  });
  const rate = config.dropout;
  return {
    input,
    features: x,
    block,
    pooled: (y) => tf.layers.flatten({ name: 'flat' }).apply(leaving(y, block)) as Symbolic,
    hidden: (y) =>
      dropped(
        leaky(linear(dropped(y, 'hidden_dropout', rate), 'hidden', HIDDEN, block)),
        'logits_dropout',
        rate,
      ),
  };
}

/** A convolution of stride 1 and ReLU. */
function convolution(filters: number, kernel: number): Stage {
  return (x, name, block) => reluConv(x, name, filters, { kernel, dilation: 1 }, block);
}

/** Four ways side by side: 1×1 alone, and before a 3×3 convolution of dilation 1, 2 and 3. */
function inception(filters: readonly [number, number, number, number]): Stage {
  return (x, name, block) => {
    const ways = filters.map((count, i) => {
      const own = `${name}_way${i + 1}`;
      const first = reluConv(x, `${own}_first`, count, { kernel: 1, dilation: 1 }, block);
      return i === 0 ? first : reluConv(first, own, count, { kernel: 3, dilation: i }, block);
    });
    return tf.layers.concatenate({ name: `${name}_ways`, axis: 3 }).apply(ways) as Symbolic;
  };
}

function reluConv(
  x: Symbolic,
  name: string,
  filters: number,
  { kernel, dilation }: { readonly kernel: number; readonly dilation: number },
  block: BlockContext,
): Symbolic {
  const conv = conv2d({
    name: `${name}_conv`,
    filters,
    kernelSize: kernel,
    strides: 1,
    dilation,
    useBias: true,
    kernelInitializer: heNormal(block.seed, name),
    ...castsOf(block),
  });
  return activated(conv.apply(x) as Symbolic, name, 'relu');
}

/** Out of the network's precision. */
function leaving(x: Symbolic, { casts = FLOAT32 }: BlockContext): Symbolic {
  const layer = apply(
    'leave',
    (features) => casts.leave(features),
    undefined,
    (features) => features,
  );
  return layer.apply(x) as Symbolic;
}

function leaky(x: Symbolic): Symbolic {
  const layer = apply(
    'hidden_leaky-relu',
    (values) => leakyRelu(values, SLOPE),
    undefined,
    (values) => stock(tf.layers.leakyReLU({ name: 'hidden_leaky-relu', alpha: SLOPE }), values),
  );
  return layer.apply(x) as Symbolic;
}
