/**
 * Prints a digest of every bit that Winograd's filtering gives on a fixed set of shapes, and its largest error in units of the largest value.
 * A process of its own, because threads and instruction set are chosen at its start.
 */
import * as tf from '@tensorflow/tfjs';
import { createHash } from 'node:crypto';
import { openTensorFlow } from '../../src/tensorflow/binding.ts';
import { byDefinition, operandsOf, shapesOf, type Convolution } from '../support/convolution.ts';
import { winograd } from '../support/winograd.ts';

openTensorFlow({ device: 'cpu' });
await tf.setBackend('tensorflow');

const CASES: readonly Convolution[] = [
  { x: [5, 14, 17, 17], out: 40, stride: 1 },
  { x: [5, 14, 17, 17], out: 40, stride: 2 },
];
const hash = createHash('sha256');
let error = 0;
for (const convolution of CASES) {
  const [x, kernel, dy] = operandsOf(convolution).map((values, i) =>
    tf.tensor(values, shapesOf(convolution)[i]!, 'float32'),
  ) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const expected = byDefinition(convolution);
  winograd(convolution.stride, x, kernel, dy).forEach((result, i) => {
    const values = result.dataSync<'float32'>();
    hash.update(values);
    const errors = values.map((value, j) => Math.abs(value - expected[i]![j]!));
    const scale = expected[i]!.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    error = errors.reduce((largest, one) => Math.max(largest, one / scale), error);
  });
}
process.stdout.write(JSON.stringify({ bits: hash.digest('hex'), error }));
