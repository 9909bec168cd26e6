/** Numbers for tests of tensors: seeded noise, tolerances that say where they were missed, central differences, leaks. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';

/** `count` values in [low, high) from a linear congruential generator: independent of the code under test. */
export function noise(seed: number, count: number, low = 0, high = 1): Float32Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + ((high - low) * (state >>> 8)) / 2 ** 24;
  });
}

/** A tensor of noise. */
export function noiseTensor<T extends tf.Tensor = tf.Tensor4D>(
  seed: number,
  shape: readonly number[],
  low = 0,
  high = 1,
): T {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(noise(seed, size, low, high), [...shape], 'float32') as T;
}

/** Fails, naming the first place, unless |actual − expected| ≤ absolute + relative·|expected| everywhere. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { absolute = 0, relative = 0 }: { readonly absolute?: number; readonly relative?: number },
): void {
  expect(actual.length, 'number of values').to.equal(expected.length);
  for (let i = 0; i < actual.length; i++) {
    const allowed = absolute + relative * Math.abs(expected[i]!);
    // the negation catches NaN too
    if (!(Math.abs(actual[i]! - expected[i]!) <= allowed)) {
      expect.fail(`value ${i}: ${actual[i]} is not within ${allowed} of ${expected[i]}`);
    }
  }
}

/** The bits of float32 values, so that −0 and 0 differ and equal means equal. */
export function bits(values: ArrayLike<number>): number[] {
  return [...new Uint32Array(Float32Array.from(values).buffer)];
}

/** ∂f/∂x_i by central differences of a float64 function. */
export function centralDifferences(
  f: (x: readonly number[]) => number,
  x: ArrayLike<number>,
  step = 1e-5,
): number[] {
  const at = Array.from(x);
  return at.map((value, i) => {
    const moved = (by: number): number => f(at.with(i, value + by));
    return (moved(step) - moved(-step)) / (2 * step);
  });
}

/** Fails unless a second call of `job` leaves as many tensors as it found; `job` disposes what it returns itself. */
export function expectNoLeak(job: () => void): void {
  const dataIds = (): number => tf.engine().backend.numDataIds();
  job();
  const before = { ...tf.memory(), dataIds: dataIds() };
  job();
  const after = { ...tf.memory(), dataIds: dataIds() };
  expect(after.numTensors, 'tensors').to.equal(before.numTensors);
  expect(after.numDataBuffers, 'data buffers').to.equal(before.numDataBuffers);
  expect(after.dataIds, 'the engine’s own count').to.equal(before.dataIds);
}

/** Bytes of variables by name. */
export type Snapshot = ReadonlyMap<string, Buffer>;

/** A copy of every variable's values by name. */
export function snapshot(variables: ReadonlyMap<string, tf.Variable>): Snapshot {
  return new Map(
    [...variables].map(([name, variable]) => [
      name,
      Buffer.from(variable.dataSync<'float32'>().slice().buffer),
    ]),
  );
}

/** The names whose values differ in any bit between two snapshots. */
export function changed(before: Snapshot, after: Snapshot): readonly string[] {
  return [...before].filter(([name, old]) => !old.equals(after.get(name)!)).map(([name]) => name);
}
