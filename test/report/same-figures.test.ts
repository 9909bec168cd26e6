import { expect } from 'chai';
import { firstDifference } from '../../src/report/same-figures.ts';

describe('figures held against scores', () => {
  const computed = {
    overall: { auc: { value: 0.9, interval: null }, redrawn: 0 },
    bins: [{ count: 1, confidence: null }],
  };

  it('are the same but for rounding, and for intervals, which are not computed again', () => {
    const stored = {
      overall: { auc: { value: 0.9 + 1e-12, interval: { low: 0.8, high: 0.95 } }, redrawn: 7 },
      bins: [{ count: 1, confidence: null }],
      more: 1,
    };
    expect(firstDifference(computed, stored)).to.equal(null);
  });

  it('are named where they differ or are missing', () => {
    const auc = (value: unknown, interval: unknown = null) => ({
      ...computed,
      overall: { auc: { value, interval } },
    });
    expect(firstDifference(computed, auc(0.91))).to.equal('overall.auc.value is 0.91, the scores give 0.9');
    expect(firstDifference(computed, auc(null))).to.equal('overall.auc.value is null, the scores give 0.9');
    expect(firstDifference(computed, { ...computed, bins: [{ count: 1, confidence: 0.5 }] })).to.match(
      /^bins.0.confidence is 0.5/,
    );
    expect(firstDifference(computed, { overall: computed.overall })).to.equal('bins is missing');
    expect(firstDifference(computed, auc(0.9, { low: 0.95, high: 0.8 }))).to.match(/no two numbers in order/);
    expect(firstDifference(computed, auc(0.9, { low: 0.5, high: null }))).to.match(/no two numbers in order/);
  });
});
