import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { crossEntropy, generatorLoss, objectiveWeights, weighted } from '../../src/game/objective.ts';
import { onEachEngine } from '../support/engines.ts';
import { expectClose, expectNoLeak } from '../support/tensors.ts';

onEachEngine('objective', () => {
  const ce = (logits: number[][], labels: number[]): Float32Array =>
    tf.tidy(() => crossEntropy(tf.tensor2d(logits), tf.tensor1d(labels, 'int32')).dataSync<'float32'>());

  it('cross-entropy of each image is −ln softmax of its label', () => {
    const logits = [
      [0, 0],
      [2, -1],
      [2, -1],
      [-0.5, 3],
    ];
    const expected = [
      Math.log(2),
      Math.log(1 + Math.exp(-3)),
      Math.log(1 + Math.exp(3)),
      Math.log(1 + Math.exp(-3.5)),
    ];
    expectClose(ce(logits, [0, 0, 1, 1]), expected, { absolute: 1e-6 });
  });

  it('cross-entropy takes more classes than two', () => {
    const expected = Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3)) - 2;
    expectClose(ce([[1, 2, 3]], [1]), [expected], { absolute: 1e-6 });
  });

  it('cross-entropy of huge logits is finite, and so is its gradient', () => {
    expectClose(
      ce(
        [
          [1e4, -1e4],
          [1e4, -1e4],
        ],
        [0, 1],
      ),
      [0, 2e4],
      { absolute: 1e-6 },
    );
    tf.tidy(() => {
      const gradient = tf.grad((x) => crossEntropy(x as tf.Tensor2D, tf.tensor1d([1], 'int32')));
      expectClose(gradient(tf.tensor2d([[500, -500]])).dataSync(), [1, -1], { absolute: 1e-6 });
    });
  });

  it('cross-entropy’s gradient is softmax − one-hot', () => {
    tf.tidy(() => {
      const gradient = tf.grad((x) => crossEntropy(x as tf.Tensor2D, tf.tensor1d([0, 1], 'int32')));
      const p = 1 / (1 + Math.exp(-1));
      expectClose(
        gradient(
          tf.tensor2d([
            [0, 1],
            [0, 1],
          ]),
        ).dataSync(),
        [1 - p - 1, p, 1 - p, p - 1],
        { absolute: 1e-6 },
      );
    });
  });

  it('the generator descends the negative of the detector’s mean loss', () => {
    tf.tidy(() => {
      expect(generatorLoss(tf.tensor1d([4, 6, 8])).dataSync()[0]).to.equal(-6);
    });
  });

  it('keeps no tensor', () => {
    const logits = tf.tensor2d([[0, 1]]);
    const labels = tf.tensor1d([1], 'int32');
    expectNoLeak(() => crossEntropy(logits, labels).dispose());
    expectNoLeak(() => generatorLoss(labels).dispose());
    tf.dispose([logits, labels]);
  });
});

describe('what the detector descends', () => {
  const losses = { clean: 3, adversarial: 6 };

  it('clean: the mean of the clean images alone', () => {
    const weights = objectiveWeights('clean', 0.5);
    expect(weights).to.deep.equal({ clean: 1 });
    expect(weighted(weights, { ...losses, adversarial: undefined })).to.equal(3);
  });

  it('adversarial: the mean of the opponent’s images alone', () => {
    const weights = objectiveWeights('adversarial', 0.5);
    expect(weights).to.deep.equal({ adversarial: 1 });
    expect(weighted(weights, { adversarial: 6 })).to.equal(6);
  });

  it('clean+adversarial: clean + λ · adversarial, in float32 as a tensor would be', () => {
    for (const lambda of [0, 0.5, 1, 3, 0.1]) {
      const weights = objectiveWeights('clean+adversarial', lambda);
      expect(weights).to.deep.equal({ clean: 1, adversarial: lambda });
      const given = { clean: Math.fround(0.7), adversarial: Math.fround(1.3) };
      const [sum] = tf.tidy(() =>
        tf.add(tf.scalar(given.clean), tf.mul(tf.scalar(given.adversarial), lambda)).dataSync(),
      );
      expect(weighted(weights, given)).to.equal(sum);
    }
  });
});
