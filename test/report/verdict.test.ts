import { expect } from 'chai';
import type { Comparison } from '../../src/report/comparisons.ts';
import { sentence } from '../../src/report/sections/verdict.ts';

function comparison(value: number, low: number, high: number, pHolm: number): Comparison {
  const difference = {
    a: 0.8 + value,
    b: 0.8,
    value,
    interval: { low, high },
    p: pHolm / 2,
    resamples: 1000,
    redrawn: 0,
  };
  return { set: 'faces', metric: 'AUC seen', names: ['blur', 'none'], seeds: [1, 2], difference, pHolm };
}

describe('the verdict', () => {
  it('says so when an interval crosses zero', () => {
    const pair = [
      comparison(-0.02, -0.03, -0.01, 0.004),
      { ...comparison(0.02, -0.001, 0.03, 0.06), metric: 'AUC unseen' },
    ];
    expect(sentence(pair, false)).to.equal(
      'blur against none, seeds 1 and 2: worse in AUC seen −0.020 [−0.030, −0.010] (p 0.004); ' +
        'no difference shown, the interval crosses zero, in AUC unseen +0.020 [−0.001, +0.030] (p 0.06).',
    );
    expect(sentence([comparison(0.02, 0.001, 0.03, 0.06)], true)).to.equal(
      'blur against none on faces, seeds 1 and 2: no difference shown, though the interval leaves out zero (of many comparisons some do), ' +
        'in AUC seen +0.020 [+0.001, +0.030] (p 0.06).',
    );
  });
});
