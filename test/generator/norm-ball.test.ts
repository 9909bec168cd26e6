import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { NORM_BALLS, type Norm } from '../../src/generator/norm-ball.ts';
import { createRng } from '../../src/ops/random.ts';
import { onEachEngine } from '../support/engines.ts';
import { bits, expectClose, expectNoLeak, noise, noiseTensor } from '../support/tensors.ts';

const NORMS: readonly Norm[] = ['linf', 'l2'];
const DUST = 1e-6;

/** The norm of each row of a flat difference, in float64. */
function normsOf(norm: Norm, a: ArrayLike<number>, b: ArrayLike<number>, rows: number): number[] {
  const size = a.length / rows;
  return Array.from({ length: rows }, (_, row) => {
    const delta = Array.from({ length: size }, (_, i) => a[row * size + i]! - b[row * size + i]!);
    return norm === 'linf' ? Math.max(...delta.map(Math.abs)) : Math.hypot(...delta);
  });
}

/** Batches of 1 to 4 images of odd sizes, clean ones with many values at exactly 0 and 1. */
const situations = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  shape: fc.tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 1, max: 5 }),
    fc.constant(3),
  ),
  eps: fc.oneof(fc.constant(0), fc.constant(1), fc.double({ min: 1e-4, max: 2, noNaN: true })),
  reach: fc.double({ min: 0, max: 3, noNaN: true }),
});

function clean(seed: number, shape: readonly number[]): tf.Tensor4D {
  return tf.tidy(() => tf.clipByValue(noiseTensor(seed, shape, -0.5, 1.5), 0, 1) as tf.Tensor4D);
}

onEachEngine('norm balls', () => {
  it('projects onto the L∞ ball value by value, then onto valid pixels', () => {
    tf.tidy(() => {
      const x = tf.tensor4d([0.5, 0.5, 0.5, 0.05, 0.95, 1], [1, 1, 2, 3]);
      const moved = tf.tensor4d([0.9, 0.45, 0.1, -0.9, 1.5, 1], [1, 1, 2, 3]);
      const projected = NORM_BALLS.linf.project(moved, x, 0.1).dataSync();
      expectClose(projected, [0.6, 0.45, 0.4, 0, 1, 1], { absolute: 1e-7 });
    });
  });

  it('projects onto the L2 ball by shortening the whole of an image’s change, image by image', () => {
    tf.tidy(() => {
      const x = tf.fill([3, 1, 1, 3], 0.5) as tf.Tensor4D;
      const delta = [0.3, 0, -0.4, 0.03, 0, -0.04, 0, 0, 0];
      const projected = NORM_BALLS.l2.project(tf.add(x, tf.tensor4d(delta, [3, 1, 1, 3])), x, 0.1);
      const expected = [0.06, 0, -0.08, 0.03, 0, -0.04, 0, 0, 0].map((d) => 0.5 + d);
      expectClose(projected.dataSync(), expected, { absolute: 1e-7 });
    });
  });

  for (const norm of NORMS) {
    const ball = NORM_BALLS[norm];

    it(`${norm}: every projected image is valid and within its own ball, and projecting again changes nothing`, () => {
      fc.assert(
        fc.property(situations, ({ seed, shape, eps, reach }) => {
          tf.tidy(() => {
            const x = clean(seed, shape);
            const moved = tf.add(x, noiseTensor(seed + 1, shape, -reach, reach)) as tf.Tensor4D;
            const once = ball.project(moved, x, eps);
            const values = once.dataSync();
            expect(values.every((v) => v >= 0 && v <= 1)).to.equal(true);
            for (const length of normsOf(norm, values, x.dataSync(), shape[0])) {
              expect(length).to.be.at.most(eps + DUST);
            }
            expectClose(ball.project(once, x, eps).dataSync(), values, { absolute: 1e-6 });
          });
        }),
        { numRuns: 60 },
      );
    });

    it(`${norm}: valid images inside stay bit for bit`, () => {
      tf.tidy(() => {
        const x = clean(3, [2, 3, 4, 3]);
        const inside = tf.clipByValue(tf.add(x, noiseTensor(4, x.shape, -0.01, 0.01)), 0, 1) as tf.Tensor4D;
        expect(bits(ball.project(inside, x, 0.5).dataSync())).to.deep.equal(bits(inside.dataSync()));
      });
    });

    it(`${norm}: a ball of radius 0 is the clean image bit for bit, projected or drawn`, () => {
      tf.tidy(() => {
        const x = clean(5, [2, 3, 3, 3]);
        const far = noiseTensor(6, x.shape, -2, 2);
        for (const at of [
          ball.project(far, x, 0),
          ball.project(x, x, 0),
          ball.draw(createRng(1, 'x'), x, 0),
        ]) {
          expect(bits(at.dataSync())).to.deep.equal(bits(x.dataSync()));
        }
      });
    });

    it(`${norm}: every draw is valid and within its own ball`, () => {
      fc.assert(
        fc.property(situations, ({ seed, shape, eps }) => {
          tf.tidy(() => {
            const x = clean(seed, shape);
            const values = ball.draw(createRng(seed, 'start'), x, eps).dataSync();
            expect(values.every((v) => v >= 0 && v <= 1)).to.equal(true);
            for (const length of normsOf(norm, values, x.dataSync(), shape[0])) {
              expect(length).to.be.at.most(eps + DUST);
            }
          });
        }),
        { numRuns: 60 },
      );
    });

    it(`${norm}: draws repeat from the same seed and place of the stream, and differ otherwise`, () => {
      tf.tidy(() => {
        const x = noiseTensor(7, [2, 3, 3, 3], 0.4, 0.6);
        const rng = createRng(1, 'start');
        const first = bits(ball.draw(rng, x, 0.1).dataSync());
        const second = bits(ball.draw(rng, x, 0.1).dataSync());
        expect(bits(ball.draw(createRng(1, 'start'), x, 0.1).dataSync())).to.deep.equal(first);
        expect(second).not.to.deep.equal(first);
        // the two images of a batch are drawn apart
        const delta = tf.sub(ball.draw(createRng(1, 'start'), x, 0.1), x).dataSync();
        expect([...delta.slice(0, 27)]).not.to.deep.equal([...delta.slice(27)]);
      });
    });

    it(`${norm}: keeps nothing but its result`, () => {
      const x = clean(8, [2, 3, 3, 3]);
      const moved = noiseTensor(9, [2, 3, 3, 3]);
      expectNoLeak(() => {
        ball.project(moved, x, 0.1).dispose();
        ball.draw(createRng(1, 'x'), x, 0.1).dispose();
      });
      tf.dispose([x, moved]);
    });
  }

  it('draws uniformly over the volume: shares of the ball within a radius, and the spread along each axis', () => {
    const count = 4000;
    const eps = 0.25;
    for (const norm of NORMS) {
      tf.tidy(() => {
        const x = tf.fill([count, 1, 1, 3], 0.5) as tf.Tensor4D;
        const delta = tf.sub(NORM_BALLS[norm].draw(createRng(2, 'volume'), x, eps), x).dataSync();
        const radii = normsOf(norm, delta, new Float32Array(delta.length), count).sort((a, b) => a - b);
        // the largest gap to the distribution (r/eps)³; 1.95/√n is passed once in a thousand
        const gap = Math.max(...radii.map((r, i) => Math.abs((r / eps) ** 3 - (i + 0.5) / count)));
        expect(gap, norm).to.be.below(1.95 / Math.sqrt(count));
        // E δ_i² of a uniform point is eps²/3 in the cube and eps²/(d + 2) in the ball
        const second = norm === 'linf' ? eps ** 2 / 3 : eps ** 2 / 5;
        for (const axis of [0, 1, 2]) {
          const along = Array.from({ length: count }, (_, i) => delta[i * 3 + axis]!);
          const mean = along.reduce((a, b) => a + b) / count;
          const spread = along.reduce((a, b) => a + b * b, 0) / count;
          expect(Math.abs(mean), norm).to.be.below((4 * Math.sqrt(second)) / Math.sqrt(count));
          expect(spread / second, norm).to.be.within(0.93, 1.07);
        }
      });
    }
  });

  it('draws uniformly in many dimensions too: half of the points of 27 lie in the outermost fortieth of the radius', () => {
    tf.tidy(() => {
      const x = tf.fill([400, 3, 3, 3], 0.5) as tf.Tensor4D;
      const values = NORM_BALLS.l2.draw(createRng(3, 'volume'), x, 0.4).dataSync();
      const radii = normsOf('l2', values, x.dataSync(), 400).map((r) => r / 0.4);
      const outer = radii.filter((r) => r > 0.5 ** (1 / 27)).length;
      expect(outer).to.be.within(150, 250);
    });
  });
});

describe('norm balls on known noise', () => {
  it('the oracle of lengths is right', () => {
    expect(normsOf('l2', [0.3, 0.4, 0, 0], [0, 0, 0, 0], 2)[0]).to.be.closeTo(0.5, 1e-12);
    expect(normsOf('linf', noise(1, 4), noise(1, 4), 1)).to.deep.equal([0]);
  });
});
