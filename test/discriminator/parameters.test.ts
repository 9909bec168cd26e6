import { expect } from 'chai';
import { DISCRIMINATORS } from '../../src/discriminator/index.ts';
import { parameterCount } from '../../src/ops/flat-parameters.ts';
import { onTensorFlow } from '../support/engines.ts';
import { shippedSettings } from '../support/players.ts';
import { undrawn } from '../support/undrawn.ts';

/** Trainable parameters as the papers and libraries count them: with 1000 classes; Meso's with one output at 256 pixels. */
const PUBLISHED: Readonly<Record<string, { readonly parameters: number; readonly outputs: number }>> = {
  // timm 1.0.31, tf_efficientnet_b*
  'efficientnet-b0': { parameters: 5_288_548, outputs: 1000 },
  'efficientnet-b1': { parameters: 7_794_184, outputs: 1000 },
  'efficientnet-b2': { parameters: 9_109_994, outputs: 1000 },
  'efficientnet-b3': { parameters: 12_233_232, outputs: 1000 },
  'efficientnet-b4': { parameters: 19_341_616, outputs: 1000 },
  'efficientnet-b5': { parameters: 30_389_784, outputs: 1000 },
  'efficientnet-b6': { parameters: 43_040_704, outputs: 1000 },
  'efficientnet-b7': { parameters: 66_347_960, outputs: 1000 },
  // efficientnet_lite_pytorch 0.1.0
  'efficientnet-lite0': { parameters: 4_652_008, outputs: 1000 },
  'efficientnet-lite1': { parameters: 5_416_680, outputs: 1000 },
  'efficientnet-lite2': { parameters: 6_092_072, outputs: 1000 },
  // the authors' Keras model, trainable
  'meso-4': { parameters: 27_977, outputs: 1 },
  'meso-inception-4': { parameters: 28_615, outputs: 1 },
  // torchvision
  'mobilenet-v3-large': { parameters: 5_483_032, outputs: 1000 },
  'mobilenet-v3-small': { parameters: 2_542_856, outputs: 1000 },
  'resnet-50': { parameters: 25_557_032, outputs: 1000 },
  // timm, legacy_xception
  xception: { parameters: 22_855_952, outputs: 1000 },
};

onTensorFlow('parameters of published networks', () => {
  it('are known of every detector but our own', () => {
    const ours = ['attention', 'autoencoder', 'face-xray', 'illumination', 'noise', 'small-cnn', 'spectrum'];
    expect([...Object.keys(PUBLISHED), ...ours]).to.have.members(Object.keys(DISCRIMINATORS));
  });

  for (const [name, { parameters, outputs }] of Object.entries(PUBLISHED)) {
    it(`${name} has ${parameters} with ${outputs} output${outputs > 1 ? 's' : ''}`, () => {
      const context = { imageSize: 256, seed: 1, auxiliaryBatchNorm: false, recompute: false };
      const settings = shippedSettings('discriminator', name);
      const detector = undrawn(() => DISCRIMINATORS[name]!.create(settings, context));
      const [features] = detector.state.get('logits/kernel')!.shape as [number, number];
      const all = parameterCount(detector.trainable);
      detector.dispose();
      expect(all - 2 * (features + 1) + outputs * (features + 1)).to.equal(parameters);
    });
  }
});
