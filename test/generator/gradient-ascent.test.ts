import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { momentum, raw, sign, type Direction } from '../../src/generator/directions.ts';
import { goalOf, type Goal } from '../../src/generator/goal.ts';
import { gradientAscent, ONE_ATTEMPT, type Ascent } from '../../src/generator/gradient-ascent.ts';
import type { Victim } from '../../src/generator/generator.ts';
import { onEachEngine } from '../support/engines.ts';
import { expectClose, expectNoLeak } from '../support/tensors.ts';

onEachEngine('gradient ascent', () => {
  /** Two images of one value each; their value is −(x − peak)². */
  const PEAKS = [0.3, 0.8];
  const points = (values: readonly number[]): tf.Tensor4D => tf.tensor4d([...values], [2, 1, 1, 1]);
  const hill = (x: tf.Tensor4D): tf.Tensor1D => tf.neg(tf.square(tf.sub(x.reshape([2]), tf.tensor1d(PEAKS))));
  const problem = (changes: Partial<Ascent> = {}): Ascent => ({
    start: () => points([0.5, 0.5]),
    perturbedBy: (images) => ({ images, maps: {}, bounds: {} }),
    project: (x) => tf.clipByValue(x, 0, 1),
    direction: raw,
    stepSize: 0.25,
    ...changes,
  });
  const reached = (ascent: Ascent, steps: Parameters<typeof gradientAscent>[2]): Float32Array =>
    tf.tidy(() => gradientAscent(hill, ascent, steps).dataSync<'float32'>());

  it('halves the way to the peak with each step of a quarter of the raw gradient', () => {
    for (const steps of [0, 1, 2, 5]) {
      const expected = PEAKS.map((peak) => peak + (0.5 - peak) * 0.5 ** steps);
      expectClose(reached(problem(), { steps, ...ONE_ATTEMPT }), expected, { absolute: 1e-6 });
    }
  });

  it('does not depend on what else is in the batch', () => {
    const alone = tf.tidy(() =>
      gradientAscent(
        (x) => tf.neg(tf.square(tf.sub(x.reshape([1]), PEAKS[1]!))),
        problem({ start: () => tf.fill([1, 1, 1, 1], 0.5) }),
        { steps: 3, ...ONE_ATTEMPT },
      ).dataSync<'float32'>(),
    );
    expect(alone[0]).to.equal(reached(problem(), { steps: 3, ...ONE_ATTEMPT })[1]);
  });

  it('keep=best gives the best point on the way, image by image, where steps overshoot', () => {
    // steps of 0.3 by sign: 0.5 → 0.2 → 0.5 …, and 0.5 → 0.8 (the peak) → 0.5 or on
    const jumping = problem({ direction: sign, stepSize: 0.3 });
    const last = reached(jumping, { steps: 2, restarts: 1, keep: 'last' });
    const best = reached(jumping, { steps: 2, restarts: 1, keep: 'best' });
    expectClose(last.subarray(0, 1), [0.5], { absolute: 1e-6 });
    expectClose(best, [0.2, 0.8], { absolute: 1e-6 });
  });

  it('of several attempts each image keeps its best', () => {
    const starts = [points([0.35, 0]), points([1, 0.75]), points([0.9, 0.1])];
    let attempt = 0;
    const given = problem({ start: () => starts[attempt++]! });
    expectClose(reached(given, { steps: 0, restarts: 3, keep: 'last' }), [0.35, 0.75], { absolute: 1e-6 });
    expect(attempt).to.equal(3);
    tf.dispose(starts);
  });

  it('climbs the value less its penalty', () => {
    // −(x − p)² − (x − ½)² has its peak half way
    const penalty = (x: tf.Tensor4D): tf.Tensor1D => tf.square(tf.sub(x.reshape([2]), 0.5));
    const found = reached(problem({ penalty, start: () => points([0.9, 0.1]) }), {
      steps: 40,
      ...ONE_ATTEMPT,
    });
    expectClose(found, [0.4, 0.65], { absolute: 1e-4 });
  });

  it('remembers from step to step what its direction asks for', () => {
    // the gradient's sign alone stands still between two points; accumulated it carries over the peak
    const found = reached(problem({ direction: momentum(1, sign), stepSize: 0.1 }), {
      steps: 3,
      ...ONE_ATTEMPT,
    });
    expectClose(found, [0.2, 0.8], { absolute: 1e-6 });
  });

  it('takes a direction that hands its memories back as they were, or each other’s', () => {
    const of = (back: (memories: readonly tf.Tensor[]) => tf.Tensor[]): Direction => ({
      memories: 2,
      next: (gradient, memories) => ({
        direction: tf.addN([gradient, ...memories]),
        memories: back(memories),
      }),
    });
    const [keeping, swapping] = [of((memories) => [...memories]), of(([first, second]) => [second!, first!])];
    for (const direction of [keeping, swapping]) {
      const expected = PEAKS.map((peak) => peak + (0.5 - peak) * 0.5 ** 3);
      expectClose(reached(problem({ direction }), { steps: 3, ...ONE_ATTEMPT }), expected, {
        absolute: 1e-6,
      });
      expectNoLeak(() =>
        gradientAscent(hill, problem({ direction }), { steps: 3, ...ONE_ATTEMPT }).dispose(),
      );
    }
  });

  it('keeps nothing when the gradient cannot be had', () => {
    // the value does not depend on what is varied
    const flat = (x: tf.Tensor4D): tf.Tensor1D => tf.zeros([x.shape[0]]);
    expectNoLeak(() => {
      expect(() => gradientAscent(flat, problem(), { steps: 1, ...ONE_ATTEMPT })).to.throw(/gradient/);
    });
  });

  it('keeps nothing but its result, and leaves its start', () => {
    const start = points([0.5, 0.5]);
    for (const keep of ['last', 'best'] as const) {
      expectNoLeak(() => {
        const given = problem({ start: () => start, direction: momentum(0.5, sign) });
        gradientAscent(hill, given, { steps: 3, restarts: 2, keep }).dispose();
      });
    }
    expectNoLeak(() =>
      gradientAscent(hill, problem({ start: () => start }), { steps: 0, ...ONE_ATTEMPT }).dispose(),
    );
    expect([...start.dataSync()]).to.deep.equal([0.5, 0.5]);
    start.dispose();
  });
});

onEachEngine('goals', () => {
  /** Loses (class + 1) · x, and says fake of whatever is brighter than a half. */
  const victim: Victim = {
    lossOf: (images, labels) => tf.mul(tf.add(labels, 1), images.reshape([3])),
    logits: () => {
      throw new Error('a goal asks for losses');
    },
    predict: (images) => tf.cast(tf.greater(images.reshape([3]), 0.5), 'int32'),
  };

  it('climb away from a class, or towards one, by the sign of its loss', () => {
    const x = [0.2, 0.6, 0.9];
    const labels = [0, 0, 1];
    const expected: Readonly<Record<Goal, number[]>> = {
      'true-label': [0.2, 0.6, 1.8],
      'predicted-label': [0.2, 1.2, 1.8],
      'other-label': [-0.4, -1.2, -0.9],
      real: [-0.2, -0.6, -0.9],
      fake: [-0.4, -1.2, -1.8],
    };
    tf.tidy(() => {
      const images = tf.tensor4d(x, [3, 1, 1, 1]);
      const batch = { images, labels: tf.tensor1d(labels, 'int32') };
      for (const [goal, values] of Object.entries(expected)) {
        expectClose(goalOf(goal as Goal, batch, victim)(images).dataSync(), values, { absolute: 1e-6 });
      }
    });
  });

  it('predict once, on the clean images', () => {
    tf.tidy(() => {
      let asked = 0;
      const counting: Victim = { ...victim, predict: (x) => (asked++, victim.predict(x)) };
      const images = tf.tensor4d([0.4, 0.4, 0.4], [3, 1, 1, 1]);
      const value = goalOf('predicted-label', { images, labels: tf.tensor1d([1, 1, 1], 'int32') }, counting);
      // brighter ones would be called fake now; what is left is still the clean images' class
      expectClose(value(tf.fill([3, 1, 1, 1], 0.8)).dataSync(), [0.8, 0.8, 0.8], { absolute: 1e-6 });
      value(images);
      expect(asked).to.equal(1);
    });
  });
});
