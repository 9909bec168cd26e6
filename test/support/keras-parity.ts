/** Each network with Keras's weights, out of a file, against Keras's logits in float64. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { INFERENCE } from '../../src/discriminator/discriminator.ts';
import { DISCRIMINATORS } from '../../src/discriminator/index.ts';
import { assignWeights } from '../../src/weights/assign.ts';
import { kerasTensors } from '../../src/weights/keras-tensors.ts';
import { onTensorFlow } from './engines.ts';
import { imagesOf, kerasCase, tensorsOf, writtenH5 } from './keras-h5.ts';
import { shippedSettings } from './players.ts';
import { expectClose } from './tensors.ts';
import { undrawn } from './undrawn.ts';

/** What the settings must be for Keras's networks. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'efficientnet-b0': { normalisation: 'imagenet' },
  'mobilenet-v3-large': { normalisation: 'centred', padding: 'same' },
  'mobilenet-v3-small': { normalisation: 'centred', padding: 'same' },
  xception: { padding: 'same', bn_epsilon: 1e-3 },
};

export function settingsForKeras(network: string): Record<string, unknown> {
  return { ...shippedSettings('discriminator', network), ...SETTINGS[network] };
}

/** Declares the comparison of networks, logits included, to 2e-4 of the largest logit. */
export function itIsAsKerasSays(networks: readonly string[]): void {
  onTensorFlow('weights of Keras', () => {
    for (const network of networks) {
      it(`${network}: the logits are Keras's`, async () => {
        const given = kerasCase(network);
        const variant = DISCRIMINATORS[network]!;
        const settings = settingsForKeras(network);
        const { keras, unlike } = variant.pretrained!(settings);
        expect(unlike!.keras).to.deep.equal([]);
        const context = { imageSize: given.size, seed: 1, auxiliaryBatchNorm: false, recompute: false };
        const detector = undrawn(() => variant.create(settings, context));
        const tensors = await kerasTensors(await writtenH5(tensorsOf(given)));
        assignWeights(detector.state, tensors, {
          naming: keras!([...tensors.keys()]),
          keeps: () => false,
          source: network,
        });
        tf.tidy(() => {
          const logits = detector.logits(imagesOf(given), INFERENCE).arraySync() as [number, number][];
          const single = given.logits[0]!.length === 1;
          const ours = single ? logits.map(([real, fake]) => real - fake) : logits.flat();
          const expected = given.logits.flat();
          expectClose(ours, expected, { absolute: 2e-4 * Math.max(...expected.map(Math.abs)) });
        });
        detector.dispose();
      });
    }
  });
}
