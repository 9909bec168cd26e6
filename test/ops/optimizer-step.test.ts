import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { optimizerStep } from '../../src/ops/optimizer-step.ts';
import { attr, nodeBackend } from '../../src/tensorflow/backend.ts';
import { on, onEachEngine, onTensorFlow } from '../support/engines.ts';
import { MOMENTUM, severalUpdates, SQUARES, stateOf, update } from '../support/optimizer-updates.ts';
import { inOtherProcess } from '../support/other-process.ts';
import { expectClose, expectNoLeak } from '../support/tensors.ts';

const SUPPORT = new URL('../support/optimizer-updates.ts', import.meta.url).href;

onEachEngine('an optimiser’s update', () => {
  for (const [name, rule] of Object.entries({ MOMENTUM, SQUARES, unclipped: { ...SQUARES, clipNorm: 0 } })) {
    it(`is the formula’s, in 64 bits: ${name}`, () => {
      const sizes = [7, 1, 40];
      const { parameters, gradients, averages, numbers } = stateOf(rule, sizes, 1);
      const [theta, raw] = [parameters, gradients].map((of) => of.flatMap((values) => [...values]));
      const norm = Math.hypot(...raw!);
      const cut = rule.clipNorm > 0 ? Math.min(1, rule.clipNorm / norm) : 1;
      expect(cut < 1).to.equal(name === 'SQUARES');
      const g = raw!.map((value, i) => value * cut + rule.pull * theta![i]!);
      const m = g.map((value, i) => rule.mean.decay * averages[0]![i]! + rule.mean.gain * value);
      const { square } = rule;
      const v = square && g.map((value, i) => square.decay * averages[1]![i]! + square.gain * value ** 2);
      const [shrinkage, stepSize, ofRoot, besideRoot] = numbers;
      const next = theta!.map((value, i) => {
        const divisor = v === undefined ? 1 : Math.sqrt(v[i]!) * ofRoot! + besideRoot!;
        return value * shrinkage! - (m[i]! / divisor) * stepSize!;
      });
      const found = update(rule, sizes, 1);
      expectClose(
        found.slice(0, 3).flatMap((values) => [...values]),
        next,
        { absolute: 5e-7, relative: 1e-6 },
      );
      expectClose([...found[3]!], m, { absolute: 5e-7 });
      if (v !== undefined) expectClose([...found[4]!], v, { absolute: 5e-7 });
      expect(found.at(-1)![0]).to.be.closeTo(norm, 1e-6 * norm);
    });
  }

  it('shrinks and averages on where the gradient is 0, clipped or not', () => {
    for (const clipNorm of [0, 1]) {
      tf.tidy(() => {
        const state = { parameters: [tf.tensor1d([2, -4])], averages: [tf.tensor1d([1, 0])] };
        const numbers = tf.tensor1d([0.5, 0.1]);
        const next = optimizerStep({ ...MOMENTUM, pull: 0, clipNorm }, state, [tf.zeros([2])], numbers);
        expectClose(next.parameters[0]!.dataSync(), [0.91, -2], { absolute: 1e-6 });
        expectClose(next.averages[0]!.dataSync(), [0.9, 0], { absolute: 1e-6 });
        expect(next.gradientNorm.dataSync()[0]).to.equal(0);
      });
    }
  });

  it('tells a gradient that is not finite by its length', () => {
    tf.tidy(() => {
      for (const bad of [NaN, Infinity]) {
        const state = { parameters: [tf.zeros([9])], averages: [tf.zeros([9]) as tf.Tensor1D] };
        const gradient = tf.tensor1d([1, 2, 3, 4, 5, 6, 7, 8, bad]);
        const { gradientNorm, parameters } = optimizerStep(
          { ...MOMENTUM, clipNorm: 1 },
          state,
          [gradient],
          tf.tensor1d([1, 0.1]),
        );
        expect(gradientNorm.dataSync()[0]).to.deep.equal(bad);
        expect(parameters[0]!.dataSync()[8]).to.deep.equal(NaN);
      }
    });
  });

  it('leaves the old state as it is, and leaks no tensor', () => {
    const state = {
      parameters: [tf.ones([2, 2]), tf.scalar(1)],
      averages: [tf.ones([5]) as tf.Tensor1D, tf.ones([5]) as tf.Tensor1D],
    };
    const gradients = [tf.ones([2, 2]), tf.scalar(1)];
    const numbers = tf.tensor1d([1, 0.1, 1, 0]);
    expectNoLeak(() => {
      const next = optimizerStep(SQUARES, state, gradients, numbers);
      next.parameters.forEach((tensor, i) => expect(tensor.shape).to.deep.equal(state.parameters[i]!.shape));
      tf.dispose([...next.parameters, ...next.averages, next.gradientNorm]);
    });
    [...state.parameters, ...state.averages].forEach((tensor) =>
      expect([...tensor.dataSync()].every((value) => value === 1)).to.equal(true),
    );
    tf.dispose([...state.parameters, ...state.averages, ...gradients, numbers]);
  });

  it('refuses another number of averages, numbers or gradients', () => {
    tf.tidy(() => {
      const state = { parameters: [tf.zeros([2])], averages: [tf.zeros([2]) as tf.Tensor1D] };
      expect(() => optimizerStep(SQUARES, state, [tf.zeros([2])], tf.zeros([4]))).to.throw(
        'takes 2 averages, 4 numbers and 1 gradients, not 1, 4 and 1',
      );
      expect(() => optimizerStep(MOMENTUM, state, [tf.zeros([2])], tf.zeros([4]))).to.throw('not 1, 4 and 1');
      expect(() => optimizerStep(MOMENTUM, state, [], tf.zeros([2]))).to.throw('not 1, 2 and 0');
    });
  });
});

describe('an optimiser’s update across engines', () => {
  it('is the plain version, whatever the sizes', async () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(4100)), {
      minLength: 1,
      maxLength: 6,
    });
    const rules = fc.record({
      mean: fc.constantFrom(MOMENTUM.mean, SQUARES.mean),
      square: fc.constantFrom(undefined, SQUARES.square),
      pull: fc.constantFrom(0, 0.3),
      clipNorm: fc.constantFrom(0, 0.5, 100),
    });
    await fc.assert(
      fc.asyncProperty(sizes, rules, fc.nat(1000), async (list, { square, ...rest }, seed) => {
        const rule = square === undefined ? rest : { ...rest, square };
        const fast = await on('tensorflow', () => update(rule, list, seed));
        const plain = await on('cpu', () => update(rule, list, seed));
        expect(fast.length).to.equal(plain.length);
        fast.forEach((values, i) => expectClose(values, plain[i]!, { absolute: 1e-6, relative: 3e-6 }));
      }),
      { numRuns: 50 },
    );
  });
});

onTensorFlow('the kernel of an optimiser’s update', () => {
  const run =
    (rule: typeof MOMENTUM, theta: number[], gradient: number[], average: number, averages = 1) =>
    () =>
      tf.tidy(
        () =>
          optimizerStep(
            rule,
            {
              parameters: [tf.zeros(theta)],
              averages: Array.from({ length: averages }, () => tf.zeros([average]) as tf.Tensor1D),
            },
            [tf.zeros(gradient)],
            tf.zeros([2 * averages]),
          ).gradientNorm,
      );

  it('refuses shapes and sizes that do not fit', () => {
    expect(run(MOMENTUM, [4], [2, 2], 4)).to.throw('gradient 0 is not of the shape of its parameters');
    expect(run(MOMENTUM, [4], [4], 3)).to.throw('average 0 has fewer values than the parameters');
    expect(run(SQUARES, [4], [4], 5, 2)).to.throw('average 0 has more values than the parameters');
  });

  it('refuses a third average', () => {
    const constants = ['decay', 'gain', 'square_decay', 'square_gain', 'pull', 'clip_norm'];
    const call = () =>
      tf.tidy(() =>
        nodeBackend().executeMultipleOutputs(
          'DeepfakeGame>OptimizerStep',
          [attr.int('N', 1), attr.int('M', 3), ...constants.map((name) => attr.float(name, 0))],
          [1, 1, 1, 1, 1, 6].map((size) => tf.zeros([size])),
          5,
        ),
      );
    expect(call).to.throw('it keeps one average or two, not 3');
  });

  it('gives the same bits on one thread and on three, and the same values by baseline instructions', () => {
    const here = severalUpdates();
    for (const threads of ['1', '3']) {
      const there = inOtherProcess(SUPPORT, 'severalUpdates', { TF_NUM_INTRAOP_THREADS: threads });
      expect(there).to.deep.equal(here);
    }
    const floats = (of: unknown): Float32Array[] =>
      (of as number[][]).map((values) => new Float32Array(Uint32Array.from(values).buffer));
    const plain = inOtherProcess(SUPPORT, 'severalUpdates', { DEEPFAKE_GAME_INSTRUCTIONS: 'baseline' });
    floats(plain).forEach((values, i) =>
      expectClose(values, floats(here)[i]!, { absolute: 1e-6, relative: 3e-6 }),
    );
  });
});
