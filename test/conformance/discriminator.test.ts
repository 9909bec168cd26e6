import { expect } from 'chai';
import { DISCRIMINATORS } from '../../src/discriminator/index.ts';
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
/** Trainable parameters of EfficientNet-Lite without its head, and batch norm's among them, by PyTorch's efficientnet_lite_pytorch 0.1.0. */
const LITE = {
  'efficientnet-lite0': { features: 3_371_008, batchNorm: 42_016 },
  'efficientnet-lite1': { features: 4_135_680, batchNorm: 53_664 },
  'efficientnet-lite2': { features: 4_811_072, batchNorm: 58_096 },
} as const;

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

/** Small inputs; running statistics are those of the last tracked pass, so that one pass settles them. */
const CASES: Readonly<Record<string, Omit<DiscriminatorCase, 'variant'>>> = {
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
  ...Object.fromEntries(
    Object.entries(LITE).map(([name, { features, batchNorm }]) => [
      name,
      {
        settings: { ...shippedSettings('discriminator', name), bn_momentum: 0 },
        imageSize: 64,
        parameters: features + 1280 * 2 + 2,
        auxiliaryParameters: batchNorm,
        step: 5e-5,
      },
    ]),
  ),
};

describe('conformance: discriminator', () => {
  it('covers every detector that ships', () => {
    expect(Object.keys(CASES)).to.have.members(Object.keys(DISCRIMINATORS));
  });

  it('knows EfficientNet-B0: 4,007,548 parameters of features and 2,562 of the linear layer', () => {
    expect(efficientNet.all).to.equal(4_007_548 + 2_562);
  });

  for (const [name, given] of Object.entries(CASES)) {
    const variant = DISCRIMINATORS[name]!;
    it(`${name}: its YAML file holds all its settings, and they are accepted`, () => {
      const { name: chosen, ...shipped } = shippedSettings('discriminator', name);
      expect(chosen).to.equal(name);
      expect(Object.keys(shipped)).to.have.members(Object.keys(variant.settings));
      for (const [key, setting] of Object.entries(variant.settings)) {
        expect((setting.accepts as (value: unknown) => boolean)(shipped[key]), key).to.equal(true);
      }
    });
    onTensorFlow(name, () => itIsADiscriminator({ variant, ...given }));
  }
});
