import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { crossEntropy } from '../../src/game/objective.ts';
import { fgsm } from '../../src/generator/fgsm.ts';
import type { LossOf } from '../../src/generator/generator.ts';
import { createRng } from '../../src/ops/random.ts';
import { onEachEngine } from '../support/engines.ts';
import { expectClose, noise, noiseTensor } from '../support/tensors.ts';

const PIXELS = 4 * 4 * 3;

onEachEngine('FGSM against known answers', () => {
  const attack = (images: tf.Tensor4D, labels: number[], lossOf: LossOf, eps: number): tf.Tensor4D =>
    fgsm
      .create({ eps }, { imageSize: 4, seed: 1 })
      .perturb({ images, labels: tf.tensor1d(labels, 'int32') }, lossOf, createRng(1, 'x')).images;

  it('moves the loss of a linear model by eps · ‖w‖₁, the most that its ball allows', () => {
    const w = noise(1, PIXELS, -1, 1);
    const norm = w.reduce((sum, v) => sum + Math.abs(v), 0);
    tf.tidy(() => {
      // far from 0 and 1, so that clipping to valid pixels takes nothing
      const images = noiseTensor(2, [3, 4, 4, 3], 0.3, 0.7);
      const lossOf: LossOf = (x) => tf.sum(tf.mul(x, tf.tensor4d(w, [1, 4, 4, 3])), [1, 2, 3]) as tf.Tensor1D;
      for (const eps of [0, 1 / 255, 0.1]) {
        const rise = tf.sub(lossOf(attack(images, [0, 1, 1], lossOf, eps)), lossOf(images));
        expectClose(rise.dataSync(), new Array(3).fill(eps * norm), { absolute: 3e-6 });
      }
    });
  });

  it('ascends the cross-entropy to the TRUE label, for real and fake images alike', () => {
    const w = noise(3, PIXELS, -1, 1);
    const norm = w.reduce((sum, v) => sum + Math.abs(v), 0);
    tf.tidy(() => {
      const images = noiseTensor(4, [4, 4, 4, 3], 0.3, 0.7);
      const labels = [0, 1, 1, 0];
      const fakeLogit = (x: tf.Tensor): tf.Tensor =>
        tf.sum(tf.mul(x, tf.tensor4d(w, [1, 4, 4, 3])), [1, 2, 3]);
      const lossOf: LossOf = (x) => {
        const fake = fakeLogit(x);
        const logits = tf.stack([tf.zerosLike(fake), fake], 1) as tf.Tensor2D;
        return crossEntropy(logits, tf.tensor1d(labels, 'int32'));
      };
      const change = tf.sub(fakeLogit(attack(images, labels, lossOf, 0.05)), fakeLogit(images));
      expectClose(
        change.dataSync(),
        labels.map((label) => (label === 1 ? -1 : 1) * 0.05 * norm),
        { absolute: 3e-6 },
      );
    });
  });

  it('clips to valid pixels after the ball, and leaves pixels without gradient alone', () => {
    tf.tidy(() => {
      const images = tf.tensor4d([0, 0.02, 0.5, 0.98, 1, 0.3], [1, 1, 2, 3]);
      const w = tf.tensor4d([-1, -1, 1, 1, 1, 0], [1, 1, 2, 3]);
      const lossOf: LossOf = (x) => tf.sum(tf.mul(x, w), [1, 2, 3]) as tf.Tensor1D;
      const values = attack(images, [1], lossOf, 0.1).dataSync();
      expectClose(values, [0, 0, 0.6, 1, 1, 0.3], { absolute: 1e-7 });
      expect(values[5]).to.equal(Math.fround(0.3));
    });
  });
});
