// What an attack costs: one forward pass and one input-gradient pass of the detector, and nothing more.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { smallCnn } from '../../src/discriminator/small-cnn.ts';
import { fgsm } from '../../src/generator/fgsm.ts';
import { crossEntropy } from '../../src/game/objective.ts';
import { victimOf } from '../../src/game/victim.ts';
import { createRng } from '../../src/ops/random.ts';
import { nodeBackend } from '../../src/tensorflow/backend.ts';
import { openTensorFlow } from '../../src/tensorflow/binding.ts';
import { registerFastKernels } from '../../src/tensorflow/kernels.ts';
import { lastTurn } from '../support/players.ts';

/** How often each TensorFlow op runs in `body`. */
function countOps(body: () => void): Map<string, number> {
  const backend = nodeBackend();
  const counts = new Map<string, number>();
  const executeSingleOutput = backend.executeSingleOutput.bind(backend);
  const executeMultipleOutputs = backend.executeMultipleOutputs.bind(backend);
  const count = (op: string): void => void counts.set(op, (counts.get(op) ?? 0) + 1);
  backend.executeSingleOutput = (op, attributes, inputs) => {
    count(op);
    return executeSingleOutput(op, attributes, inputs);
  };
  backend.executeMultipleOutputs = (op, attributes, inputs, outputs) => {
    count(op);
    return executeMultipleOutputs(op, attributes, inputs, outputs);
  };
  try {
    body();
  } finally {
    Object.assign(backend, { executeSingleOutput, executeMultipleOutputs });
  }
  return counts;
}

describe('the cost of an attack', () => {
  before(async () => {
    openTensorFlow({ device: 'cpu' });
    await tf.setBackend('tensorflow');
    registerFastKernels();
  });

  const config = {
    channels: [4, 8, 8],
    strides: [2, 1, 2],
    input: 'rgb',
    bn_momentum: 0.9,
    bn_epsilon: 1e-5,
  } as const;

  it('is one convolution forward and one input gradient a layer, and no kernel gradient', () => {
    const detector = smallCnn.create(config, { imageSize: 16, seed: 1, auxiliaryBatchNorm: false });
    const labels = tf.tensor1d([0, 1], 'int32');
    const images = createRng(1, 'images').uniform([2, 16, 16, 3]) as tf.Tensor4D;
    const counts = countOps(() => {
      const settings = { eps: 0.01, alpha: null, random_start: false, goal: 'true-label' } as const;
      const growth = { eps_growth: 'constant', eps_growth_share: 1 } as const;
      const opponent = fgsm.create({ ...settings, ...growth }, { imageSize: 16, seed: 1 });
      const victim = victimOf(detector, { crafting: 'eval', auxiliary_bn: false });
      tf.dispose(opponent.perturb({ images, labels }, victim, lastTurn()).images);
    });
    expect(counts.get('Conv2D')).to.equal(config.channels.length);
    expect(counts.get('Conv2DBackpropInput')).to.equal(config.channels.length);
    expect(counts.has('Conv2DBackpropFilter')).to.equal(false);
    tf.dispose([images, labels]);
    detector.dispose();
  });

  it('training asks for no gradient of the images: one input gradient a layer but the first', () => {
    const detector = smallCnn.create(config, { imageSize: 16, seed: 1, auxiliaryBatchNorm: false });
    const labels = tf.tensor1d([0, 1], 'int32');
    const images = createRng(1, 'images').uniform([2, 16, 16, 3]) as tf.Tensor4D;
    const counts = countOps(() => {
      const pass = { training: true, trackStatistics: true, branch: 'main' } as const;
      const { value, grads } = tf.variableGrads(
        () => tf.mean(crossEntropy(detector.logits(images, pass), labels)),
        [...detector.trainable],
      );
      tf.dispose([value, ...Object.values(grads)]);
    });
    expect(counts.get('Conv2DBackpropInput')).to.equal(config.channels.length - 1);
    expect(counts.get('Conv2DBackpropFilter')).to.equal(config.channels.length);
    tf.dispose([images, labels]);
    detector.dispose();
  });
});
