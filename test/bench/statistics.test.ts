import { expect } from 'chai';
import fc from 'fast-check';
import { pairedRatios, powerLaw, spreadOf } from '../../bench/statistics.ts';

describe('bench: statistics', () => {
  it('quartiles interpolate between values, in any order', () => {
    expect(spreadOf([4, 1, 3, 2])).to.deep.equal({ min: 1, q1: 1.75, median: 2.5, q3: 3.25, max: 4 });
    expect(spreadOf([7])).to.deep.equal({ min: 7, q1: 7, median: 7, q3: 7, max: 7 });
    expect(() => spreadOf([])).to.throw(/nothing was measured/);
  });

  it('as many values lie below the median as above it', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
        const { median } = spreadOf(values);
        const below = values.filter((value) => value < median).length;
        const above = values.filter((value) => value > median).length;
        expect(Math.max(below, above)).to.be.at.most(values.length / 2);
      }),
    );
  });

  it('ratios are of rounds in their order', () => {
    expect(pairedRatios([1, 9], [2, 3])).to.deep.equal([0.5, 3]);
    expect(() => pairedRatios([1], [])).to.throw('1 rounds cannot be paired with 0');
  });

  it('finds the power law that points lie on', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 6 }),
        (exponent, factor, places) => {
          const law = powerLaw(places.map((x) => ({ x, cost: factor * x ** exponent })));
          expect(law.exponent).to.be.closeTo(exponent, 1e-9);
          expect(law.factor / factor).to.be.closeTo(1, 1e-9);
        },
      ),
    );
    expect(() => powerLaw([{ x: 2, cost: 1 }])).to.throw(/two different places/); // prettier-ignore
    expect(() => powerLaw([{ x: 0, cost: 1 }, { x: 1, cost: 1 }])).to.throw(/above 0/); // prettier-ignore
  });
});
