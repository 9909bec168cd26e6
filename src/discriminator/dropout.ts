/** Dropout and stochastic depth of detectors: their settings, and the layers by them. A rate of 0 makes no layer. */
import type * as tf from '@tensorflow/tfjs';
import { number } from '../config/settings.ts';
import { dropoutLayer } from '../ops/dropout.ts';

type Symbolic = tf.SymbolicTensor;

export const dropoutSetting = number({
  min: 0,
  below: 1,
  doc: 'Dropout: probability that a number on its way into the linear layer (in Meso into both) is 0 while the detector descends; the others are divided by 1 − it. 0 = none. Opponents and evaluation never meet it.',
});

export const stochasticDepthSetting = number({
  min: 0,
  below: 1,
  doc: 'Stochastic depth (the released code’s drop-connect): probability that block n of n blocks would be left out for an image while the detector descends, its shortcut alone remaining; block i, from 0, has i/n of it. 0 = none.',
});

/** x with numbers dropped by a layer of that name. */
export function dropped(x: Symbolic, name: string, rate: number): Symbolic {
  return rate === 0 ? x : (dropoutLayer({ name, rate, unit: 'number' }).apply(x) as Symbolic);
}

/** x with whole images of the batch dropped by a layer of that name. */
export function droppedImages(x: Symbolic, name: string, rate: number): Symbolic {
  return rate === 0 ? x : (dropoutLayer({ name, rate, unit: 'image' }).apply(x) as Symbolic);
}

/** The rate of stochastic depth of block i of n, from 0 (Tan & Le's released code; Huang et al. 2016 have the same line from 1). */
export function depthRate(rate: number, i: number, n: number): number {
  return (rate * i) / n;
}
