import { expect } from 'chai';
import { evaluateScores } from '../../src/evaluation/evaluate-scores.ts';
import { macroAucs } from '../../src/evaluation/macro-auc.ts';
import type { ScoreRow } from '../../src/evaluation/scores.ts';
import { noise } from '../support/tensors.ts';

/** Twenty people, each with a real and a fake of two manipulations; ties among the scores. */
const rows: ScoreRow[] = Array.from({ length: 60 }, (_, i) => {
  const manipulation = ['real', 'swap', 'blend'][i % 3]!;
  const label = manipulation === 'real' ? 0 : 1;
  const score = Math.round(10 * (noise(i + 1, 1)[0]! + 0.3 * label)) / 13;
  return { id: `${i}`, label, manipulation, videoId: `${Math.floor(i / 3)}`, split: 'test', score };
});
const groups = { all: ['swap', 'blend'], swap: ['swap'] };

describe('AUCs of groups of manipulations', () => {
  it('are those of evaluateScores, with intervals of the same kind around them', () => {
    const found = macroAucs(rows, groups, { seed: 1, resamples: 400 });
    const options = { threshold: 0.5, seed: 1, resamples: 400, groups };
    for (const { group, macroAuc } of evaluateScores(rows, options).groups) {
      const { value, interval } = found[group]!;
      expect(value).to.equal(macroAuc.value);
      expect(interval!.low).to.be.closeTo(macroAuc.interval!.low, 0.03);
      expect(interval!.high).to.be.closeTo(macroAuc.interval!.high, 0.03);
    }
  });

  it('have no intervals where none are asked for, and refuse a manipulation without rows', () => {
    expect(macroAucs(rows, groups, { seed: 1, resamples: 0 })['all']!.interval).to.equal(null);
    expect(() => macroAucs(rows, { all: [] }, { seed: 1, resamples: 0 })).to.throw(/'all' has no manip/);
    expect(() => macroAucs(rows, { all: ['none'] }, { seed: 1, resamples: 0 })).to.throw(/none.*only reals/);
  });
});
