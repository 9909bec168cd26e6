import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { bootstrapIntervals, quantile } from '../../src/evaluation/bootstrap.ts';
import { countAbove, rankByScore } from '../../src/evaluation/counts.ts';
import { aucOf } from '../../src/evaluation/metrics.ts';

const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/evaluation/metrics.json', import.meta.url), 'utf8'),
) as {
  clustered: { labels: number[]; scores: number[]; videos: number[]; low: number; high: number };
  quantiles: { values: number[]; at: number[]; expected: number[] };
};

describe('quantile', () => {
  it('equals numpy', () => {
    const { values, at, expected } = fixture.quantiles;
    const sorted = Float64Array.from(values).sort();
    at.forEach((q, index) => expect(quantile(sorted, q)).to.be.closeTo(expected[index]!, 1e-12));
  });
});

describe('bootstrapIntervals', () => {
  const { labels, scores, videos, low, high } = fixture.clustered;
  const ranking = rankByScore(labels, scores);
  const auc = (multiplicity: Int32Array) => ({ auc: aucOf(countAbove(ranking, multiplicity)) });

  it('agrees with an independent bootstrap over whole videos (20,000 resamples in numpy)', () => {
    const { intervals, redrawn } = bootstrapIntervals(videos.map(String), auc, {
      seed: 1,
      resamples: 4000,
      group: 'clustered',
    });
    expect(redrawn).to.equal(0);
    expect(intervals.auc.low).to.be.closeTo(low, 0.006);
    expect(intervals.auc.high).to.be.closeTo(high, 0.006);
    const rowwise = bootstrapIntervals(
      videos.map((_, row) => String(row)),
      auc,
      { seed: 1, resamples: 1000, group: 'rows' },
    );
    expect(Math.abs(rowwise.intervals.auc.low - low)).to.be.greaterThan(0.01);
  });

  it('the same seed gives the same interval, another seed or group another', () => {
    const run = (seed: number, group: string) =>
      bootstrapIntervals(videos.map(String), auc, { seed, resamples: 50, group }).intervals.auc;
    expect(run(7, 'a')).to.deep.equal(run(7, 'a'));
    expect(run(7, 'a')).not.to.deep.equal(run(8, 'a'));
    expect(run(7, 'a')).not.to.deep.equal(run(7, 'b'));
  });

  it('draws whole units, as many as there are', () => {
    bootstrapIntervals(
      ['a', 'a', 'b', 'c', 'c', 'c'],
      (times) => {
        expect(times[0]).to.equal(times[1]);
        expect([times[4], times[5]]).to.deep.equal([times[3], times[3]]);
        expect(times[0]! + times[2]! + times[3]!).to.equal(3);
        return { one: 1 };
      },
      { seed: 0, resamples: 100, group: 'units' },
    );
  });

  it('redraws and counts resamples on which the statistic is not defined', () => {
    const { intervals, redrawn } = bootstrapIntervals(
      ['a', 'b'],
      (times) => (times[0] === 1 ? { value: 3 } : null),
      { seed: 0, resamples: 200, group: 'half' },
    );
    expect(redrawn).to.be.within(120, 290); // half of the draws miss a unit: 200 expected, sd 20
    expect(intervals.value).to.deep.equal({ low: 3, high: 3 });
  });

  it('one unit only, no end of redraws, and wrong options are errors', () => {
    const options = { seed: 0, resamples: 10, group: 'tiny' };
    expect(() => bootstrapIntervals(['a', 'a'], () => ({ v: 1 }), options)).to.throw(
      'tiny: all 2 rows are of one video',
    );
    expect(() => bootstrapIntervals(['a', 'b'], () => null, options)).to.throw(
      'tiny: 1001 of 1001 resamples',
    );
    expect(() => bootstrapIntervals(['a', 'b'], () => null, { ...options, resamples: 0 })).to.throw(
      'resamples',
    );
    expect(() => bootstrapIntervals(['a', 'b'], () => null, { ...options, confidence: 95 })).to.throw(
      'confidence',
    );
  });
});
