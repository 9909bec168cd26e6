/**
 * Xception (Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017), the detector of FaceForensics++ (Rössler et al., ICCV
 * 2019), as its PyTorch port has it (timm's legacy_xception) or as Keras has it, which differ in the maxima's padding; the two convolutions of the stem have none;
 * input 2x − 1.
 */
import type * as tf from '@tensorflow/tfjs';
import type { SettingsOf } from '../config/settings.ts';
import { activated } from './activation-layers.ts';
import { fromTorchOrKeras, weightsSetting } from '../weights/pretrained.ts';
import { batchNormSettings, blockContext } from './batch-norm-settings.ts';
import type { DiscriminatorContext, DiscriminatorVariant } from './discriminator.ts';
import { headed, headNeeds, headSetting, type Trunk } from './heads.ts';
import { centred, imageInput } from './input.ts';
import { xceptionKerasNames } from './keras-names/xception.ts';
import { convBlock, depthwise, shortcut, type BlockActivation, type BlockContext } from './model.ts';
import { halvingMaximum, paddingSetting } from './padding.ts';
import { xceptionTimmNames } from './torch-names/xception.ts';

const settings = {
  weights: weightsSetting,
  ...batchNormSettings,
  padding: paddingSetting,
  head: headSetting,
};
type Settings = typeof settings;
type Symbolic = tf.SymbolicTensor;

/** Channels of figure 5 of the paper. */
export interface XceptionShape {
  /** Of the two convolutions of the stem. */
  readonly stem: readonly [number, number];
  /** Of the blocks of the entry flow, which halve the image. */
  readonly entry: readonly number[];
  /** Blocks of the middle flow; they keep the entry flow's last channels. */
  readonly middle: number;
  /** Of the last block's two separable convolutions and of the two after it. */
  readonly exit: readonly [number, number, number, number];
}

/** An Xception as a detector. */
export function xceptionOf(name: string, shape: XceptionShape): DiscriminatorVariant<Settings> {
  return {
    name,
    settings,
    pretrained: fromTorchOrKeras(
      { names: xceptionTimmNames, is: { padding: 'symmetric' } },
      { names: xceptionKerasNames, is: { padding: 'same', bn_epsilon: 1e-3 } },
    ),
    needs: ({ head }) => headNeeds(head),
    create: (config, context) =>
      headed(name, config.head, xceptionTrunk(name, shape, config, context), context),
  };
}

/** Xception as published. */
export const xception = xceptionOf('xception', {
  stem: [32, 64],
  entry: [128, 256, 728],
  middle: 8,
  exit: [728, 1024, 1536, 2048],
});

/** Smallest image that leaves the stem's convolutions without padding a pixel. */
const LEAST_SIZE = 7;

function xceptionTrunk(
  name: string,
  { stem, entry, middle, exit }: XceptionShape,
  config: SettingsOf<Settings>,
  context: DiscriminatorContext,
): Trunk {
  if (context.imageSize < LEAST_SIZE) {
    throw new Error(
      `${name} takes images of ${LEAST_SIZE} pixels or more, not ${context.imageSize}: its first convolutions have no padding`,
    );
  }
  const { padding } = config;
  const block = blockContext(config, context);
  const input = imageInput(context.imageSize);
  const unpadded = { kernel: 3, activation: 'relu', padding: 'valid' } as const;
  let x = convBlock(centred(input), 'stem1', stem[0], { ...unpadded, stride: 2 }, block);
  x = convBlock(x, 'stem2', stem[1], { ...unpadded, stride: 1 }, block);
  let number = 0;
  const next = (): string => `block${++number}`;
  entry.forEach((filters, i) => {
    // what the stem gives has been through ReLU already
    x = halving(x, next(), [filters, filters], { reluFirst: i > 0, padding }, block);
  });
  for (let i = 0; i < middle; i++) x = keeping(x, next(), block);
  x = halving(x, next(), [exit[0], exit[1]], { reluFirst: true, padding }, block);
  x = separable(x, 'exit1', exit[2], 'relu', block);
  x = separable(x, 'exit2', exit[3], 'relu', block);
  return { input, features: x, block };
}

/** Two separable convolutions and a maximum at stride 2, added to a 1×1 convolution at stride 2. */
function halving(
  x: Symbolic,
  name: string,
  [first, second]: readonly [number, number],
  { reluFirst, padding }: { readonly reluFirst: boolean } & Pick<SettingsOf<Settings>, 'padding'>,
  block: BlockContext,
): Symbolic {
  let y = reluFirst ? activated(x, name, 'relu') : x;
  y = separable(y, `${name}_sep1`, first, 'relu', block);
  y = separable(y, `${name}_sep2`, second, 'none', block);
  y = halvingMaximum(`${name}_pool`, padding).apply(y) as Symbolic;
  const projection = { kernel: 1, stride: 2, activation: 'none' } as const;
  return shortcut(name, y, convBlock(x, `${name}_projection`, second, projection, block));
}

/** Three separable convolutions, added to what came in. */
function keeping(x: Symbolic, name: string, block: BlockContext): Symbolic {
  const filters = x.shape[3]!;
  let y = activated(x, name, 'relu');
  (['relu', 'relu', 'none'] as const).forEach((activation, i) => {
    y = separable(y, `${name}_sep${i + 1}`, filters, activation, block);
  });
  return shortcut(name, y, x);
}

/** A 3×3 depthwise convolution, a 1×1 convolution right after it, batch norm, activation. */
function separable(
  x: Symbolic,
  name: string,
  filters: number,
  activation: BlockActivation,
  block: BlockContext,
): Symbolic {
  const y = depthwise(x, name, { kernel: 3, stride: 1 }, block);
  return convBlock(y, name, filters, { kernel: 1, stride: 1, activation }, block);
}
