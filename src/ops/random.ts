/**
 * Random tensors by counter: draw number n of a stream is a pure function of (seed, stream, n), so that a resumed run
 * draws what it would have drawn, and the state to save is one integer a stream.
 *
 * The bits are those of TensorFlow's StatelessRandomUniform: Philox 4×32-10 (Salmon et al., "Parallel random numbers: as easy
 * as 1, 2, 3", SC 2011), so the plain version below and TensorFlow's kernel give the same values, bit for bit.
 */
import * as tf from '@tensorflow/tfjs';
import { fed } from './fed.ts';
import { hasKernel, runKernel } from './fast-kernel.ts';

/** Kernel that a fast engine registers: input seed [2] int32, attrs {shape}, output float32 in [0, 1). */
export const STATELESS_RANDOM_UNIFORM = 'StatelessRandomUniform';

export interface Rng {
  /** Uniform in [low, high), float32. */
  uniform(shape: readonly number[], low?: number, high?: number): tf.Tensor;
  /** Standard normal times `stddev`, float32, by Box-Muller. */
  normal(shape: readonly number[], stddev?: number): tf.Tensor;
  /** How many draws were made; the whole state. */
  readonly counter: number;
  /** Continues from a saved counter. */
  seek(counter: number): void;
}

/**
 * A stream of draws. Streams of different names under one seed are independent.
 *
 * @param seed any safe integer
 * @param stream what the stream is for, e.g. 'opponent' or 'init/detector'
 */
export function createRng(seed: number, stream: string, counter = 0): Rng {
  const seed0 = hash32(`${seed}/${stream}`);
  let next = counter;
  const unit = (shape: readonly number[]): tf.Tensor =>
    tf.tidy(() =>
      hasKernel(STATELESS_RANDOM_UNIFORM)
        ? runKernel<tf.Tensor>(
            STATELESS_RANDOM_UNIFORM,
            { seed: fed(() => [seed0, next++], [2], 'int32') },
            { shape },
          )
        : fed(
            () =>
              philoxUniform(
                seed0,
                next++,
                shape.reduce((a, b) => a * b, 1),
              ),
            shape,
          ),
    );
  return {
    uniform: (shape, low = 0, high = 1) => tf.tidy(() => tf.add(tf.mul(unit(shape), high - low), low)),
    normal: (shape, stddev = 1) =>
      tf.tidy(() => {
        // 1 − u lies in (0, 1], so the logarithm is finite
        const radius = tf.sqrt(tf.mul(tf.log(tf.sub(1, unit(shape))), -2));
        return tf.mul(tf.mul(radius, tf.cos(tf.mul(unit(shape), 2 * Math.PI))), stddev);
      }),
    get counter() {
      return next;
    },
    seek: (to) => {
      next = to;
    },
  };
}

/** One draw of a stream, shared by readers that each have a name: the same numbers however often and in whatever order it is read. */
export interface Draw {
  /** Uniform in [0, 1), float32. */
  uniform(name: string, shape: readonly number[]): tf.Tensor;
}

/** A stream of such draws. */
export interface Draws {
  /** Draws so far; the whole state. */
  readonly counter: number;
  /** Continues from a saved counter. */
  readonly seek: (counter: number) => void;
  /** The next draw. It holds a tensor of the tidy that it was made in, and is of no use after that. */
  readonly next: () => Draw;
}

/**
 * A stream whose draw number n gives a reader a pure function of (seed, stream, name, n).
 *
 * @param seed any safe integer
 * @param stream what the stream is for
 */
export function createDraws(seed: number, stream: string): Draws {
  let counter = 0;
  return {
    get counter() {
      return counter;
    },
    seek: (to) => {
      counter = to;
    },
    next: () => {
      const n = counter;
      const drawn = fed(() => [0, counter++], [2], 'int32');
      return {
        uniform: (name, shape) =>
          tf.tidy(() => {
            const own = hash32(`${seed}/${stream}/${name}`);
            return hasKernel(STATELESS_RANDOM_UNIFORM)
              ? runKernel<tf.Tensor>(
                  STATELESS_RANDOM_UNIFORM,
                  { seed: tf.add(drawn, tf.tensor1d([own, 0], 'int32')) },
                  { shape },
                )
              : tf.tensor(philoxUniform(own, n, tf.util.sizeFromShape([...shape])), [...shape]);
          }),
      };
    },
  };
}

/** `count` float32 values in [0, 1) as TensorFlow's StatelessRandomUniform gives for seed [seed0, seed1] (int32). */
export function philoxUniform(seed0: number, seed1: number, count: number): Float32Array {
  // TensorFlow mixes the two seeds through one Philox block into the key and the upper half of the counter.
  const high = (value: number): number => (value < 0 ? 0xffffffff : 0);
  const mixed = philox4x32([seed0 >>> 0, high(seed0), seed1 >>> 0, high(seed1)], [0x3ec8f720, 0x02461e29]);
  const key: [number, number] = [mixed[0], mixed[1]];
  const values = new Float32Array(count);
  const bits = new Uint32Array(values.buffer);
  for (let block = 0; block * 4 < count; block++) {
    const four = philox4x32([block, 0, mixed[2], mixed[3]], key);
    for (let i = 0; i < 4 && block * 4 + i < count; i++) {
      // 23 random bits under the exponent of 1 give a float in [1, 2)
      bits[block * 4 + i] = (four[i]! & 0x7fffff) | 0x3f800000;
    }
  }
  return values.map((value) => value - 1);
}

type Four = [number, number, number, number];

/** One block of Philox 4×32-10: four unsigned 32-bit words from a counter of four and a key of two, low word first. */
export function philox4x32(counter: Four, key: readonly [number, number]): Four {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [low0, high0] = multiply(0xd2511f53, c0);
    const [low1, high1] = multiply(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The 64-bit product of two unsigned 32-bit integers as [low, high]. */
function multiply(a: number, b: number): [number, number] {
  const product = BigInt(a) * BigInt(b);
  return [Number(product & 0xffffffffn), Number(product >> 32n)];
}

/** FNV-1a over the text's UTF-16 units, as a signed 32-bit integer. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash | 0;
}
