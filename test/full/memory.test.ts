import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { variableGrads } from '../../src/ops/gradients.ts';
import { useEngine } from '../support/engines.ts';
import { noiseBatch, tinyDetector } from '../support/players.ts';

const ROUNDS = 2000;
/** After so many, V8's own heap has settled too. */
const SETTLED = 500;

/** Collects garbage now: what V8 has not come round to yet is no growth, and on a busy machine it comes round late. */
const collect = (() => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

/** Memory of this process that is in use by it, in bytes. */
function resident(): number {
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
}

describe('memory of the process', () => {
  before(function () {
    if (process.platform !== 'linux') this.skip();
    return useEngine('tensorflow');
  });

  it(`stays within 2 % over ${ROUNDS} steps of training`, () => {
    const detector = tinyDetector({ auxiliary: false });
    const { images, labels } = noiseBatch([0, 1, 0, 1]);
    const tensors: number[] = [];
    const sizes: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      tf.tidy(() => {
        const { grads } = variableGrads(() => {
          const logits = detector.logits(images, { training: true, trackStatistics: true, branch: 'main' });
          return tf.losses.softmaxCrossEntropy(tf.oneHot(labels, 2), logits);
        }, detector.trainable);
        for (const variable of detector.trainable) {
          variable.assign(tf.sub(variable, tf.mul(grads[variable.name]!, 0.01)));
        }
      });
      if (round % 100 === 0) {
        tensors.push(tf.memory().numTensors);
        collect();
        sizes.push(resident());
      }
    }
    expect(new Set(tensors).size, 'numbers of tensors met').to.equal(1);
    expect(sizes.at(-1)! / sizes[SETTLED / 100 - 1]!).to.be.below(1.02);
    tf.dispose([images, labels]);
    detector.dispose();
  });
});
