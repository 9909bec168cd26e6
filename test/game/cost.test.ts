// What an attack costs: one forward pass and one input-gradient pass of the detector, and nothing more.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { smallCnn } from '../../src/discriminator/small-cnn.ts';
import { GENERATORS } from '../../src/generator/index.ts';
import { crossEntropy } from '../../src/game/objective.ts';
import { victimOf } from '../../src/game/victim.ts';
import { createRng } from '../../src/ops/random.ts';
import { nodeBackend } from '../../src/tensorflow/backend.ts';
import { openTensorFlow } from '../../src/tensorflow/binding.ts';
import { registerFastKernels } from '../../src/tensorflow/kernels.ts';
import { lastTurn, shippedSettings } from '../support/players.ts';

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

  /** What an opponent's images cost, in ops of the detector's layers. */
  const costOf = (name: string, settings: Readonly<Record<string, unknown>>): Map<string, number> => {
    const detector = smallCnn.create(config, { imageSize: 16, seed: 1, auxiliaryBatchNorm: false });
    const labels = tf.tensor1d([0, 1], 'int32');
    const images = createRng(1, 'images').uniform([2, 16, 16, 3]) as tf.Tensor4D;
    const opponent = GENERATORS[name]!.create(
      { ...shippedSettings('generator', name), ...settings },
      { imageSize: 16, seed: 1 },
    );
    const victim = victimOf(detector, { crafting: 'eval', auxiliary_bn: false });
    const counts = countOps(() => {
      const { images: made, maps } = opponent.perturb({ images, labels }, victim, lastTurn());
      tf.dispose([made, ...Object.values(maps)]);
    });
    tf.dispose([images, labels]);
    opponent.dispose();
    detector.dispose();
    return counts;
  };
  const layers = config.channels.length;

  for (const [name, settings, steps] of [
    ['fgsm', {}, 1],
    ['pgd', { steps: 4, alpha: 0.01, keep: 'last', restarts: 1 }, 4],
    ['sat', { steps: 3, step_size: 1, keep: 'last' }, 3],
    ['blur', { steps: 2, keep: 'last' }, 2],
  ] as const) {
    it(`is one convolution forward and one input gradient a layer and step, and no kernel gradient: ${name}`, () => {
      const counts = costOf(name, settings);
      // an opponent's own ring sums may be convolutions too: once, and without a gradient
      const own = name === 'blur' ? 1 : 0;
      expect(counts.get('Conv2D')).to.be.within(layers * steps, layers * steps + own);
      expect(counts.get('Conv2DBackpropInput')).to.equal(layers * steps);
      expect(counts.has('Conv2DBackpropFilter')).to.equal(false);
    });
  }

  it('grows by one forward pass for the best iterate, and by one for the predicted label', () => {
    const settings = { steps: 4, alpha: 0.01, restarts: 1 };
    const best = costOf('pgd', { ...settings, keep: 'best' });
    expect(best.get('Conv2D')).to.equal(layers * 5);
    expect(best.get('Conv2DBackpropInput')).to.equal(layers * 4);
    const unlabelled = costOf('pgd', { ...settings, keep: 'last', goal: 'predicted-label' });
    expect(unlabelled.get('Conv2D')).to.equal(layers * 5);
    expect(unlabelled.get('Conv2DBackpropInput')).to.equal(layers * 4);
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
