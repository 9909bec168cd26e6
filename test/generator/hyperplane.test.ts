import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { toHyperplane } from '../../src/generator/hyperplane.ts';
import type { Norm } from '../../src/generator/norm-ball.ts';
import { onTensorFlow } from '../support/engines.ts';

const VALUES = 6;
const SHAPE: [number, number, number, number] = [1, 1, 2, 3];

function solve(x: number[], w: number[], gap: number, norm: Norm): Float32Array {
  return tf.tidy(() =>
    toHyperplane(tf.tensor4d(x, SHAPE), tf.tensor4d(w, SHAPE), tf.tensor1d([gap]), norm)
      .dataSync<'float32'>()
      .slice(),
  );
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
const length = (d: ArrayLike<number>, norm: Norm): number =>
  norm === 'linf' ? Math.max(...Array.from(d, Math.abs)) : Math.hypot(...Array.from(d));

onTensorFlow('the nearest point of a hyperplane in the box', () => {
  it('is the closed form where the box is far', () => {
    const x = Array.from({ length: VALUES }, () => 0.5);
    const w = [1, -2, 0, 0.5, 0.5, 1];
    const linf = solve(x, w, 0.3, 'linf');
    Array.from(linf).forEach((d, i) => expect(d).to.be.closeTo((-0.3 / 5) * Math.sign(w[i]!), 1e-6));
    const l2 = solve(x, w, -0.3, 'l2');
    Array.from(l2).forEach((d, i) => expect(d).to.be.closeTo((0.3 / dot(w, w)) * w[i]!, 1e-6));
  });

  it('lies on the plane and in the box, and no feasible point is nearer', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    const many = fc.array(unit, { minLength: VALUES, maxLength: VALUES });
    const slope = fc.array(
      fc.integer({ min: -100, max: 100 }).map((percent) => percent / 100),
      { minLength: VALUES, maxLength: VALUES },
    );
    fc.assert(
      fc.property(many, slope, many, (x, w, other) => {
        fc.pre(length(w, 'linf') > 0.1);
        // the plane through another point of the box, so that it is met there
        const toOther = other.map((value, i) => value - x[i]!);
        const gap = -dot(w, toOther);
        for (const norm of ['linf', 'l2'] as const) {
          const d = solve(x, w, gap, norm);
          expect(dot(w, d) + gap).to.be.closeTo(0, 1e-5);
          expect(
            Array.from(d).every((value, i) => value + x[i]! >= -1e-6 && value + x[i]! <= 1 + 1e-6),
          ).to.equal(true);
          expect(length(d, norm)).to.be.at.most(length(toOther, norm) + 1e-5);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('is the corner that comes nearest where the box does not reach the plane, and stays without a slope', () => {
    const x = [0.2, 0.9, 0.5, 0.5, 0.5, 0.5];
    const w = [1, -1, 0, 0, 0, 0];
    for (const norm of ['linf', 'l2'] as const) {
      const d = solve(x, w, -100, norm);
      expect(d[0]).to.be.closeTo(0.8, 1e-6);
      expect(d[1]).to.be.closeTo(-0.9, 1e-6);
      expect([...solve(x, [0, 0, 0, 0, 0, 0], 1, norm)].map(Math.abs)).to.deep.equal([0, 0, 0, 0, 0, 0]);
    }
  });
});
