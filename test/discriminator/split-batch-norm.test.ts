/** The auxiliary batch norm against timm's SplitBatchNorm2d, whose batch is clean images and then adversarial ones. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { Branch } from '../../src/discriminator/discriminator.ts';
import { batchNorm } from '../../src/ops/layers.ts';
import { hashed } from '../bench/hashed.ts';
import { onEachEngine } from '../support/engines.ts';
import { expectClose } from '../support/tensors.ts';
import { formulaValue } from '../support/torch-weights.ts';

const BRANCHES: readonly Branch[] = ['main', 'auxiliary'];
const given = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../fixtures/discriminator/split-batch-norm.json'), 'utf8'),
) as {
  readonly shape: readonly [number, number, number, number];
  readonly output: readonly number[];
  readonly statistics: Readonly<
    Record<Branch, { readonly mean: readonly number[]; readonly variance: readonly number[] }>
  >;
};

onEachEngine('auxiliary batch norm beside timm’s SplitBatchNorm2d', () => {
  it('normalises each half by its own statistics, and moves the running ones of its branch', () => {
    tf.tidy(() => {
      const [n, h, w, channels] = given.shape;
      const norm = batchNorm({
        name: 'split',
        momentum: 0.9,
        epsilon: 1e-3,
        auxiliary: true,
        activation: 'none',
      });
      norm.build([null, h, w, channels]);
      const weights = BRANCHES.flatMap((_, b) =>
        ['a.weight', 'a.bias', 'a.running_mean', 'a.running_var'].map((name, at) =>
          tf.tensor1d(formulaValue(name, [channels], 4 * b + at, 1)),
        ),
      );
      // in the order in which a layer lists them: what is trained first
      norm.setWeights([0, 1, 4, 5, 2, 3, 6, 7].map((at) => weights[at]!));
      const images = tf.tensor4d(hashed(1000, n * h * w * channels), [n, h, w, channels]);
      const halves = tf.split(images, 2);
      const outputs = BRANCHES.map(
        (branch, b) => norm.call(halves[b]!, { training: true, trackStatistics: true, branch }) as tf.Tensor,
      );
      expectClose(tf.concat(outputs).dataSync(), given.output, { absolute: 1e-6, relative: 1e-6 });
      const after = norm.getWeights().slice(4);
      BRANCHES.forEach((branch, b) => {
        const { mean, variance } = given.statistics[branch];
        expectClose(after[2 * b]!.dataSync(), mean, { absolute: 1e-6 });
        expectClose(after[2 * b + 1]!.dataSync(), variance, { absolute: 1e-6 });
      });
    });
  });
});
