/**
 * Prints a digest of every bit that convolutions give on a fixed set of shapes, and their largest error in units of the largest value.
 * A process of its own, because threads and instruction set are chosen at its start.
 */
import * as tf from '@tensorflow/tfjs';
import { createHash } from 'node:crypto';
import { fewChannelsConv, fewChannelsKernelGradient } from '../../src/tensorflow/kernels/few-channels.ts';
import { openTensorFlow } from '../../src/tensorflow/binding.ts';
import { byDefinition, tensorsOf, type Convolution } from '../support/convolution.ts';
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
  const [x, kernel, dy] = tensorsOf(convolution);
  const [y, dx, dkernel] = byDefinition(convolution) as [number[], number[], number[]];
  const { stride } = convolution;
  const [values, inputGradient, kernelGradient] = winograd(stride, x, kernel, dy);
  for (const [result, expected] of [
    [values, y],
    [inputGradient, dx],
    [kernelGradient, dkernel],
    [fewChannelsConv(x, kernel, stride), y],
    [fewChannelsKernelGradient(x, dy, stride, 3), dkernel],
  ] as const) {
    const actual = result.dataSync<'float32'>();
    hash.update(actual);
    const errors = actual.map((value, i) => Math.abs(value - expected[i]!));
    const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    error = errors.reduce((largest, one) => Math.max(largest, one / scale), error);
  }
}
process.stdout.write(JSON.stringify({ bits: hash.digest('hex'), error }));
