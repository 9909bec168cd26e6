import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import type { Discriminator } from '../../src/discriminator/discriminator.ts';
import { crossEntropy } from '../../src/game/objective.ts';
import { victimOf } from '../../src/game/victim.ts';
import { goalOf } from '../../src/generator/goal.ts';
import type { LabelledImages } from '../../src/generator/generator.ts';
import { onTensorFlow } from '../support/engines.ts';
import { noiseBatch, settle, tinyDetector } from '../support/players.ts';
import { changed, expectClose, snapshot } from '../support/tensors.ts';

onTensorFlow('the detector as its opponent sees it', () => {
  let detector: Discriminator;
  let batch: LabelledImages;
  before(() => {
    detector = tinyDetector();
    batch = noiseBatch([0, 1, 1, 0, 1]);
    settle(detector, batch.images);
  });
  after(() => {
    detector.dispose();
    tf.dispose([batch.images, batch.labels]);
  });

  it('loses and says what the detector does in that pass, of any class', () => {
    for (const crafting of ['eval', 'train'] as const) {
      for (const auxiliary_bn of [true, false]) {
        tf.tidy(() => {
          const logits = detector.logits(batch.images, {
            training: crafting === 'train',
            trackStatistics: false,
            branch: auxiliary_bn ? 'auxiliary' : 'main',
          });
          const victim = victimOf(detector, { crafting, auxiliary_bn });
          const others = tf.sub(1, batch.labels).cast('int32') as tf.Tensor1D;
          for (const labels of [batch.labels, others]) {
            expect([...victim.lossOf(batch.images, labels).dataSync()]).to.deep.equal([
              ...crossEntropy(logits, labels).dataSync(),
            ]);
          }
          expect([...victim.predict(batch.images).dataSync()]).to.deep.equal([
            ...tf.argMax(logits, 1).dataSync(),
          ]);
        });
      }
    }
  });

  it('moves nothing of the detector, whatever is asked, and leaves what can be trained as it was', () => {
    const before = snapshot(detector.state);
    const trainable = detector.trainable.map((variable) => variable.trainable);
    for (const crafting of ['eval', 'train'] as const) {
      tf.tidy(() => {
        const victim = victimOf(detector, { crafting, auxiliary_bn: true });
        tf.grad((x) => tf.sum(victim.lossOf(x as tf.Tensor4D, batch.labels)))(batch.images).dataSync();
        victim.predict(batch.images).dataSync();
        // an attack that dies half way must leave it untouched too
        expect(() =>
          tf.grad((x) => {
            victim.lossOf(x as tf.Tensor4D, batch.labels);
            throw new Error('half way');
          })(batch.images),
        ).to.throw('half way');
      });
    }
    expect(changed(before, snapshot(detector.state))).to.deep.equal([]);
    expect(detector.trainable.map((variable) => variable.trainable)).to.deep.equal(trainable);
  });

  it('of two classes: away from one is towards the other, with the same signs and another length', () => {
    // so targeted attacks bring nothing new here, and losses that need a third class (DLR) do not apply
    tf.tidy(() => {
      const victim = victimOf(detector, { crafting: 'eval', auxiliary_bn: true });
      const gradient = (goal: 'true-label' | 'other-label'): Float32Array =>
        tf
          .grad((x) => tf.sum(goalOf(goal, batch, victim)(x as tf.Tensor4D)))(batch.images)
          .dataSync<'float32'>();
      const [away, towards] = [gradient('true-label'), gradient('other-label')];
      const pixels = away.length / batch.labels.shape[0];
      const probabilities = tf.exp(tf.neg(victim.lossOf(batch.images, batch.labels))).dataSync();
      // ∂L_y = (1 − p) · ∂(z_other − z_y), −∂L_other = p · ∂(z_other − z_y)
      const expected = away.map((g, i) => {
        const p = probabilities[Math.floor(i / pixels)]!;
        return (g * p) / (1 - p);
      });
      expectClose(towards, expected, { absolute: 1e-7, relative: 1e-4 });
    });
  });
});
