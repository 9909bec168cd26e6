import { expect } from 'chai';
import { DISCRIMINATORS } from '../../src/discriminator/index.ts';
import { dropoutSetting, stochasticDepthSetting } from '../../src/discriminator/dropout.ts';
import { onTensorFlow } from '../support/engines.ts';
import { shippedSettings } from '../support/players.ts';
import { undrawn } from '../support/undrawn.ts';

/**
 * Dropout as published: `params_dict` of efficientnet_builder.py and efficientnet_lite_builder.py (Tan & Le), whose drop_connect_rate is 0.2 in all;
 * torchvision's `dropout` of MobileNetV3; meso.py of Meso's authors.
 */
const PUBLISHED: Readonly<Record<string, number>> = {
  'efficientnet-b0': 0.2,
  'efficientnet-b1': 0.2,
  'efficientnet-b2': 0.3,
  'efficientnet-b3': 0.3,
  'efficientnet-b4': 0.4,
  'efficientnet-b5': 0.4,
  'efficientnet-b6': 0.5,
  'efficientnet-b7': 0.5,
  'efficientnet-lite0': 0.2,
  'efficientnet-lite1': 0.2,
  'efficientnet-lite2': 0.3,
  'meso-4': 0.5,
  'meso-inception-4': 0.5,
  'mobilenet-v3-large': 0.2,
  'mobilenet-v3-small': 0.2,
};

describe('dropout of detectors', () => {
  it('is in those whose papers have it, at the published rate', () => {
    const of = (setting: unknown, key: string): Record<string, unknown> =>
      Object.fromEntries(
        Object.entries(DISCRIMINATORS)
          .filter(([, { settings }]) => settings[key] === setting)
          .map(([name]) => [name, shippedSettings('discriminator', name)[key]]),
      );
    expect(of(dropoutSetting, 'dropout')).to.deep.equal(PUBLISHED);
    const networks = Object.keys(PUBLISHED).filter((name) => name.startsWith('efficientnet'));
    expect(of(stochasticDepthSetting, 'stochastic_depth')).to.deep.equal(
      Object.fromEntries(networks.map((name) => [name, 0.2])),
    );
  });

  it('takes rates from 0 up to 1, without 1', () => {
    for (const setting of [dropoutSetting, stochasticDepthSetting]) {
      expect([0, 0.5, 0.999].map(setting.accepts)).to.deep.equal([true, true, true]);
      expect([1, -0.1, Number.NaN, '0.5'].map((value) => setting.accepts(value))).to.deep.equal(
        Array(4).fill(false),
      );
    }
  });
});

onTensorFlow('layers of dropout', () => {
  /** Layers that drop, by name, with what they drop and at which rate. */
  const layersOf = (
    name: string,
    settings: Readonly<Record<string, unknown>> = {},
  ): Record<string, unknown> => {
    const context = { imageSize: 32, seed: 1, auxiliaryBatchNorm: false, recompute: false };
    const all = { ...shippedSettings('discriminator', name), ...settings };
    const detector = undrawn(() => DISCRIMINATORS[name]!.create(all, context));
    const dropping = detector.model!.layers.filter((layer) => 'rate' in layer.getConfig());
    const told = dropping.map((layer) => [
      layer.name,
      [layer.getConfig()['unit'], layer.getConfig()['rate']],
    ]);
    expect(detector.drops).to.equal(told.length > 0);
    detector.dispose();
    return Object.fromEntries(told) as Record<string, unknown>;
  };

  it('lie where the papers have them', () => {
    expect(layersOf('meso-4')).to.deep.equal({
      hidden_dropout: ['number', 0.5],
      logits_dropout: ['number', 0.5],
    });
    expect(layersOf('mobilenet-v3-small')).to.deep.equal({ dropout: ['number', 0.2] });
  });

  it('of stochastic depth lie before EfficientNet-B0’s nine shortcuts, block i of 16 with i/16 of the rate', () => {
    const blocks = [1, 2, 2, 3, 3, 4, 1].flatMap((count, s) =>
      Array.from({ length: count }, (_, i) => [`stage${s + 1}_block${i + 1}`, i > 0] as const),
    );
    const expected = blocks.flatMap(([name, shortcut], i) =>
      shortcut ? [[`${name}_drop`, ['image', (0.2 * i) / 16]] as const] : [],
    );
    expect(expected).to.have.length(9);
    expect(layersOf('efficientnet-b0')).to.deep.equal({
      ...Object.fromEntries(expected),
      dropout: ['number', 0.2],
    });
  });

  it('are none where the rates are 0', () => {
    expect(layersOf('efficientnet-lite0', { dropout: 0, stochastic_depth: 0 })).to.deep.equal({});
  });
});
