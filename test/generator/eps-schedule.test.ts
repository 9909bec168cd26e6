import { expect } from 'chai';
import fc from 'fast-check';
import { epsFactor } from '../../src/generator/eps-schedule.ts';

const GROWING = ['linear', 'cosine'] as const;
const progress = fc.double({ min: 0, max: 1, noNaN: true });
const share = fc.double({ min: 0.01, max: 1, noNaN: true });

describe('eps schedule', () => {
  it('is the full budget at every moment when constant', () => {
    fc.assert(fc.property(share, progress, (s, p) => epsFactor('constant', s, p) === 1));
  });

  it('grows from nothing on the named curves', () => {
    expect([0, 0.1, 0.2, 0.3, 0.4].map((p) => epsFactor('linear', 0.4, p))).to.deep.equal([
      0,
      0.25,
      0.5,
      0.3 / 0.4,
      1,
    ]);
    const cosine = [0, 0.1, 0.2, 0.4].map((p) => epsFactor('cosine', 0.4, p));
    [0, (1 - Math.SQRT1_2) / 2, 0.5, 1].forEach((expected, i) => {
      expect(cosine[i]).to.be.closeTo(expected, 1e-15);
    });
  });

  for (const growth of GROWING) {
    it(`never falls, stays in [0, 1], and is exactly full from its share on: ${growth}`, () => {
      fc.assert(
        fc.property(share, progress, progress, (s, p, q) => {
          const [early, late] = [Math.min(p, q), Math.max(p, q)].map((at) => epsFactor(growth, s, at));
          expect(early).to.be.within(0, 1);
          expect(late).to.be.within(early!, 1);
          if (Math.max(p, q) >= s) expect(late).to.equal(1);
        }),
      );
    });
  }
});
