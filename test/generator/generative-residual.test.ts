import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { checkPerturbed } from '../../src/game/perturbation.ts';
import { generativeResidual } from '../../src/generator/generative-residual.ts';
import { onTensorFlow } from '../support/engines.ts';
import { lastTurn, noiseBatch, victimThatLoses } from '../support/players.ts';
import { expectClose, noiseTensor } from '../support/tensors.ts';

const SETTINGS = {
  eps: 0.1,
  body: 'resnet',
  width: 2,
  depth: 1,
  blocks: 0,
  outer_kernel: 3,
  norm: 'batch',
  shared: true,
  spectral_norm: false,
  ema: 0,
  penalty: 0,
} as const;
const unused = victimThatLoses(() => {
  throw new Error('a learned generator does not look at the loss when it perturbs');
});

onTensorFlow('learned residual images', () => {
  it('are eps · tanh of what the network says, added and clipped', () => {
    const opponent = generativeResidual.create(SETTINGS, { imageSize: 8, seed: 1 });
    tf.tidy(() => {
      const kernel = opponent.state.get('generator_output_conv/kernel')!;
      kernel.assign(tf.zeros(kernel.shape));
      const says = [0.4, -1, 30];
      opponent.state.get('generator_output_conv/bias')!.assign(tf.tensor1d(says));
      const batch = noiseBatch([0, 1], 8);
      const clean = batch.images.dataSync<'float32'>();
      const expected = clean.map((v, i) => Math.min(1, Math.max(0, v + 0.1 * Math.tanh(says[i % 3]!))));
      const perturbed = opponent.perturb(batch, unused, lastTurn());
      expectClose(perturbed.images.dataSync(), expected, { absolute: 1e-6 });
      expect(expected.some((v) => v === 1) && expected.some((v) => v === 0)).to.equal(true);
      const residual = clean.map((_, i) => 0.1 * Math.tanh(says[i % 3]!));
      expect(Object.keys(perturbed.maps)).to.deep.equal(['residual']);
      expectClose(perturbed.maps['residual']!.dataSync(), residual, { absolute: 1e-6 });
      expect(perturbed.bounds).to.deep.equal({
        pixels: { norm: 'linf', limit: 0.1 },
        residual: { norm: 'pixel', limit: 0.1 * Math.sqrt(3) },
      });
    });
    opponent.dispose();
  });

  it('stay within eps for every eps, at the ends of the range too', () => {
    for (const eps of [0, 1 / 255, 8 / 255, 0.5, 1]) {
      const opponent = generativeResidual.create({ ...SETTINGS, eps }, { imageSize: 8, seed: 3 });
      tf.tidy(() => {
        const images = tf.clipByValue(noiseTensor(2, [3, 8, 8, 3], -1, 2), 0, 1) as tf.Tensor4D;
        const batch = { images, labels: tf.tensor1d([1, 0, 1], 'int32') };
        checkPerturbed('generative-residual', images, opponent.perturb(batch, unused, lastTurn()));
      });
      opponent.dispose();
    }
  });
});
