import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { squeezeExcite } from '../../src/ops/squeeze-excite.ts';
import { on, onEachEngine, onTensorFlow } from '../support/engines.ts';
import { inOtherProcess } from '../support/other-process.ts';
import { passes, severalPasses } from '../support/squeeze-excite-passes.ts';
import { expectClose, expectNoLeak, noise, noiseTensor } from '../support/tensors.ts';

const SUPPORT = new URL('../support/squeeze-excite-passes.ts', import.meta.url).href;

const weightsOf = (channels: number, squeezed: number, gate = 0) => ({
  squeeze: noiseTensor(1, [1, 1, channels, squeezed]),
  squeezeBias: tf.zeros([squeezed]) as tf.Tensor1D,
  excite: tf.zeros([1, 1, squeezed, channels]) as tf.Tensor4D,
  exciteBias: tf.fill([channels], gate) as tf.Tensor1D,
});

onEachEngine('squeeze and excitation', () => {
  it('weights each channel by a gate of the means of all, as in the paper’s section 3', () => {
    const [n, pixels, channels, squeezed] = [2, 6, 3, 2];
    const x = noise(1, n * pixels * channels, -1, 3);
    const [w1, b1] = [noise(2, channels * squeezed, -1, 1), noise(3, squeezed, -1, 1)];
    const [w2, b2] = [noise(4, squeezed * channels, -1, 1), noise(5, channels, -1, 1)];
    const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));
    const expected = Array.from(x, (value, i) => {
      const [image, channel] = [Math.floor(i / (pixels * channels)), i % channels];
      const mean = (c: number): number =>
        Array.from({ length: pixels }, (_, p) => x[(image * pixels + p) * channels + c]!).reduce(
          (a, b) => a + b / pixels,
          0,
        );
      let gate = b2[channel]!;
      for (let s = 0; s < squeezed; s++) {
        let z = b1[s]!;
        for (let c = 0; c < channels; c++) z += mean(c) * w1[c * squeezed + s]!;
        gate += z * sigmoid(z) * w2[s * channels + channel]!;
      }
      return value * sigmoid(gate);
    });
    tf.tidy(() => {
      const y = squeezeExcite(tf.tensor4d(x, [n, 2, 3, channels]), {
        squeeze: tf.tensor4d(w1, [1, 1, channels, squeezed]),
        squeezeBias: tf.tensor1d(b1),
        excite: tf.tensor4d(w2, [1, 1, squeezed, channels]),
        exciteBias: tf.tensor1d(b2),
      });
      expectClose(y.dataSync(), expected, { absolute: 2e-6 });
    });
  });

  it('lets all pass through gates that are wide open', () => {
    tf.tidy(() => {
      const x = noiseTensor(1, [1, 3, 3, 5], -1, 1);
      expectClose(squeezeExcite(x, weightsOf(5, 2, 50)).dataSync(), x.dataSync(), { relative: 1e-7 });
    });
  });

  it('leaks no tensor, forward or backward', () => {
    const x = noiseTensor(1, [2, 3, 3, 4]);
    const weights = weightsOf(4, 2);
    expectNoLeak(() => squeezeExcite(x, weights).dispose());
    expectNoLeak(() =>
      tf
        .grad((at) => squeezeExcite(at as tf.Tensor4D, weights))(x)
        .dispose(),
    );
    tf.dispose([x, ...Object.values(weights)]);
  });
});

describe('squeeze and excitation across engines', () => {
  it('is the plain version in values and gradients, for any number of channels', async () => {
    const side = fc.integer({ min: 1, max: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(fc.integer({ min: 1, max: 4 }), side, side, fc.integer({ min: 1, max: 40 })),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(1000),
        async (shape, squeezed, seed) => {
          const fast = await on('tensorflow', () => passes(shape, squeezed, seed));
          const plain = await on('cpu', () => passes(shape, squeezed, seed));
          fast.forEach((values, i) => expectClose(values, plain[i]!, { absolute: 1e-4, relative: 1e-5 }));
        },
      ),
      { numRuns: 50 },
    );
  });
});

onTensorFlow('the kernel of squeeze and excitation', () => {
  it('refuses kernels that do not fit, and no values at all', () => {
    const run = (shape: [number, number, number, number]) => () =>
      tf.tidy(() => squeezeExcite(tf.zeros(shape), weightsOf(4, 2)));
    expect(run([1, 2, 2, 3])).to.throw('are not [C, S] and [S, C] for x');
    expect(run([0, 2, 2, 4])).to.throw('x is not [N, H, W, C] with values');
  });

  it('gives the same bits on one thread and on three, and the same values by baseline instructions', () => {
    const here = severalPasses();
    for (const threads of ['1', '3']) {
      const there = inOtherProcess(SUPPORT, 'severalPasses', { TF_NUM_INTRAOP_THREADS: threads });
      expect(there).to.deep.equal(here);
    }
    const floats = (of: unknown): Float32Array[] =>
      (of as number[][]).map((values) => new Float32Array(Uint32Array.from(values).buffer));
    const plain = inOtherProcess(SUPPORT, 'severalPasses', { DEEPFAKE_GAME_INSTRUCTIONS: 'baseline' });
    floats(plain).forEach((values, i) =>
      expectClose(values, floats(here)[i]!, { absolute: 1e-4, relative: 1e-5 }),
    );
  });
});
