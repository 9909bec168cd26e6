import { expect } from 'chai';
import type { AnyDiscriminatorVariant } from '../../src/discriminator/discriminator.ts';
import { DISCRIMINATORS } from '../../src/discriminator/index.ts';
import { mobileNetV3 } from '../../src/discriminator/mobilenet-v3.ts';
import { resNet } from '../../src/discriminator/resnet.ts';
import { xceptionOf } from '../../src/discriminator/xception.ts';
import { onTensorFlow } from '../support/engines.ts';
import { shippedSettings } from '../support/players.ts';
import { itIsADiscriminator, type DiscriminatorCase } from './discriminator.ts';

/** 3×3 convolutions without bias, scale and offset of batch norm, a linear layer to two logits. */
function smallCnnParameters(channels: readonly number[], input: number): number {
  return smallCnnConvolutions(channels, input) + 2 * channels.at(-1)! + 2;
}

function smallCnnConvolutions(channels: readonly number[], input: number): number {
  const convolutions = channels.map((filters, i) => 9 * (channels[i - 1] ?? input) * filters + 2 * filters);
  return convolutions.reduce((a, b) => a + b);
}

/** Batch norm's scale and offset, and all trainable parameters, of table 1 of the EfficientNet paper with two classes. */
function efficientNetParameters(): { readonly all: number; readonly batchNorm: number } {
  const stages = [
    [1, 3, 16, 1],
    [6, 3, 24, 2],
    [6, 5, 40, 2],
    [6, 3, 80, 3],
    [6, 5, 112, 3],
    [6, 5, 192, 4],
    [6, 3, 320, 1],
  ] as const;
  let weights = 3 * 3 * 3 * 32;
  let batchNorm = 2 * 32;
  let input = 32;
  for (const [expand, kernel, output, blocks] of stages) {
    for (let block = 0; block < blocks; block++) {
      const inner = input * expand;
      const squeezed = input / 4;
      if (expand > 1) {
        weights += input * inner;
        batchNorm += 2 * inner;
      }
      weights += kernel * kernel * inner + inner * output;
      weights += inner * squeezed + squeezed + squeezed * inner + inner;
      batchNorm += 2 * inner + 2 * output;
      input = output;
    }
  }
  weights += input * 1280 + 1280 * 2 + 2;
  batchNorm += 2 * 1280;
  return { all: weights + batchNorm, batchNorm };
}

/** A 3×3 convolution with a bias. */
const linear3 = (input: number, output: number): number => 9 * input * output + output;

const efficientNet = efficientNetParameters();
/** Trainable parameters of EfficientNet-Lite0 without its head, and batch norm's among them, by PyTorch's efficientnet_lite_pytorch 0.1.0. */
const LITE = { features: 3_371_008, batchNorm: 42_016 };

/** A scale and an offset, and a weight a class, for each statistic; running statistics are those of the last tracked pass. */
function statistical(
  name: string,
  count: number,
  settings: Readonly<Record<string, unknown>> = {},
): Omit<DiscriminatorCase, 'variant'> {
  return {
    settings: { ...shippedSettings('discriminator', name), bn_momentum: 0, ...settings },
    imageSize: 16,
    parameters: 4 * count + 2,
    auxiliaryParameters: 2 * count,
  };
}

const SMALL = [6, 8, 10];

/** Settings that the rivals have in common with small-cnn, and what these make. */
const TRUNK = (name: string): Record<string, unknown> => ({
  ...shippedSettings('discriminator', name),
  channels: SMALL,
  strides: [2, 1, 2],
  bn_momentum: 0,
});
const TRUNK_PARAMETERS = smallCnnParameters(SMALL, 6);

/** Settings as they ship, but for running statistics that one pass settles. */
function settled(name: string): Record<string, unknown> {
  return { ...shippedSettings('discriminator', name), bn_momentum: 0 };
}

/** Weights of 3×3 and 1×1 convolutions with their batch norms, and of the linear layer to two logits. */
const separable = (from: number, to: number): number => 9 * from + from * to + 2 * to;
const pointwise = (from: number, to: number): number => from * to + 2 * to;
const linear = (from: number, to: number): number => from * to + to;

/** The same code as the published networks with few channels; those have their numbers in test/discriminator. */
const NARROW = {
  resNet: resNet('resnet-50', { width: 4, blocks: [2, 1] }),
  xception: xceptionOf('xception', { stem: [4, 6], entry: [8, 10], middle: 1, exit: [10, 12, 14, 16] }),
  mobileNetLarge: mobileNetV3(
    'mobilenet-v3-large',
    {
      stem: 8,
      lines: [
        [3, 8, 8, false, 'relu', 1],
        [5, 24, 16, true, 'hard-swish', 2],
      ],
      head: [24, 12],
    },
    () => undefined,
  ),
};

/** Small inputs; running statistics are those of the last tracked pass, so that one pass settles them. */
const CASES: Readonly<Record<string, Case>> = {
  'small-cnn': {
    settings: {
      ...shippedSettings('discriminator', 'small-cnn'),
      channels: SMALL,
      strides: [2, 1, 2],
      bn_momentum: 0,
    },
    imageSize: 16,
    parameters: smallCnnParameters(SMALL, 6),
    auxiliaryParameters: 2 * (6 + 8 + 10),
  },
  'face-xray': {
    settings: { ...TRUNK('face-xray'), decoder: [7, 5] },
    imageSize: 16,
    parameters: TRUNK_PARAMETERS + smallCnnConvolutions([7, 5], 10) + linear3(5, 1),
    auxiliaryParameters: 2 * (6 + 8 + 10 + 7 + 5),
  },
  attention: {
    settings: { ...TRUNK('attention'), attention_after: 2 },
    imageSize: 16,
    parameters: TRUNK_PARAMETERS + linear3(8, 1),
    auxiliaryParameters: 2 * (6 + 8 + 10),
  },
  autoencoder: {
    settings: TRUNK('autoencoder'),
    imageSize: 16,
    parameters:
      smallCnnConvolutions(SMALL, 6) + linear3(10, 10) + smallCnnConvolutions([10, 6], 10) + linear3(6, 4),
    auxiliaryParameters: 2 * (6 + 8 + 10 + 10 + 6),
  },
  'efficientnet-b0': {
    settings: { ...shippedSettings('discriminator', 'efficientnet-b0'), bn_momentum: 0 },
    imageSize: 64,
    parameters: efficientNet.all,
    auxiliaryParameters: efficientNet.batchNorm,
  },
  spectrum: statistical('spectrum', 9, { points: 9 }),
  noise: statistical('noise', 3 * (4 * 4 + 5), { grid: 4 }),
  illumination: statistical('illumination', 31),
  'efficientnet-lite0': {
    settings: settled('efficientnet-lite0'),
    imageSize: 64,
    parameters: LITE.features + linear(1280, 2),
    auxiliaryParameters: LITE.batchNorm,
    step: 5e-5,
  },
  'meso-4': {
    settings: settled('meso-4'),
    step: 1e-3,
    imageSize: 32,
    // the layer of 16 sees one pixel of 16 channels
    parameters: 27_977 - linear(1024, 16) + linear(16, 16) + 17,
    auxiliaryParameters: 2 * (8 + 8 + 16 + 16),
  },
  'meso-inception-4': {
    settings: settled('meso-inception-4'),
    step: 1e-3,
    imageSize: 32,
    parameters: 28_615 - linear(1024, 16) + linear(16, 16) + 17,
    auxiliaryParameters: 2 * (11 + 12 + 16 + 16),
  },
  'mobilenet-v3-large': {
    narrow: NARROW.mobileNetLarge,
    settings: settled('mobilenet-v3-large'),
    imageSize: 24,
    parameters:
      27 * 8 +
      2 * 8 + // stem
      (9 * 8 + 2 * 8 + pointwise(8, 8)) +
      (pointwise(8, 24) + 25 * 24 + 2 * 24 + linear(24, 8) + linear(8, 24) + pointwise(24, 16)) +
      (pointwise(16, 24) + linear(24, 12) + linear(12, 2)),
    auxiliaryParameters: 2 * (8 + 8 + 8 + 24 + 24 + 16 + 24),
  },
  'resnet-50': {
    narrow: NARROW.resNet,
    settings: settled('resnet-50'),
    step: 1e-3,
    imageSize: 24,
    parameters:
      49 * 3 * 4 +
      2 * 4 + // stem
      (pointwise(4, 4) + 9 * 16 + 2 * 4 + pointwise(4, 16) + pointwise(4, 16)) +
      (pointwise(16, 4) + 9 * 16 + 2 * 4 + pointwise(4, 16)) +
      (pointwise(16, 8) + 9 * 64 + 2 * 8 + pointwise(8, 32) + pointwise(16, 32)) +
      linear(32, 2),
    auxiliaryParameters: 2 * (4 + (4 + 4 + 16 + 16) + (4 + 4 + 16) + (8 + 8 + 32 + 32)),
  },
  xception: {
    narrow: NARROW.xception,
    settings: settled('xception'),
    step: 1e-3,
    imageSize: 36,
    parameters:
      27 * 4 +
      2 * 4 +
      9 * 24 +
      2 * 6 + // stem
      (separable(6, 8) + separable(8, 8) + pointwise(6, 8)) +
      (separable(8, 10) + separable(10, 10) + pointwise(8, 10)) +
      3 * separable(10, 10) +
      (separable(10, 10) + separable(10, 12) + pointwise(10, 12)) +
      (separable(12, 14) + separable(14, 16) + linear(16, 2)),
    auxiliaryParameters: 2 * (4 + 6 + 3 * 8 + 3 * 10 + 3 * 10 + (10 + 12 + 12) + 14 + 16),
  },
};

type Case = Omit<DiscriminatorCase, 'variant'> & {
  /** Of the same factory, to be quick. */
  readonly narrow?: unknown;
};

/** Other tables for the builder of another case. */
const SAME_CODE: Readonly<Record<string, string>> = {
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((b) => [`efficientnet-b${b}`, 'efficientnet-b0'])),
  'efficientnet-lite1': 'efficientnet-lite0',
  'efficientnet-lite2': 'efficientnet-lite0',
  'mobilenet-v3-small': 'mobilenet-v3-large',
};

describe('conformance: discriminator', () => {
  it('covers every detector that ships', () => {
    expect([...Object.keys(CASES), ...Object.keys(SAME_CODE)]).to.have.members(Object.keys(DISCRIMINATORS));
  });

  it('knows EfficientNet-B0: 4,007,548 parameters of features and 2,562 of the linear layer', () => {
    expect(efficientNet.all).to.equal(4_007_548 + 2_562);
  });

  for (const [name, variant] of Object.entries(DISCRIMINATORS)) {
    it(`${name}: its YAML file holds all its settings, and they are accepted`, () => {
      const { name: chosen, ...shipped } = shippedSettings('discriminator', name);
      expect(chosen).to.equal(name);
      expect(Object.keys(shipped)).to.have.members(Object.keys(variant.settings));
      for (const [key, setting] of Object.entries(variant.settings)) {
        expect((setting.accepts as (value: unknown) => boolean)(shipped[key]), key).to.equal(true);
      }
    });
  }

  for (const [name, { narrow, ...given }] of Object.entries(CASES)) {
    const variant = (narrow as AnyDiscriminatorVariant | undefined) ?? DISCRIMINATORS[name]!;
    onTensorFlow(name, () => itIsADiscriminator({ variant, ...given }));
  }

  // with a hidden layer, that every cell goes through; the others' heads are in test/discriminator/heads.test.ts
  for (const name of ['meso-4', 'mobilenet-v3-large']) {
    const { narrow, settings, ...given } = CASES[name]!;
    const variant = (narrow as AnyDiscriminatorVariant | undefined) ?? DISCRIMINATORS[name]!;
    onTensorFlow(`${name}, patches`, () =>
      itIsADiscriminator({ variant, settings: { ...settings, head: 'patches' }, ...given }),
    );
  }
});
