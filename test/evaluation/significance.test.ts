import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { deLong } from '../../src/evaluation/delong.ts';
import { holm } from '../../src/evaluation/holm.ts';
import { normalTail, normalUpper } from '../../src/evaluation/normal.ts';
import { balancedAccuracy, macroAuc, pooledAuc, valueOf } from '../../src/evaluation/resampled.ts';
import type { ScoreRow } from '../../src/evaluation/scores.ts';
import { differenceOverSeeds, overSeeds } from '../../src/evaluation/seeds.ts';
import {
  compareWithFirst,
  deLongByVideo,
  pairedDifference,
  verdictOf,
  verdictOn,
} from '../../src/evaluation/significance.ts';

interface Table {
  labels: number[];
  a: number[];
  b: number[];
}

interface Fixture {
  delong: (Table & {
    name: string;
    units: number[];
    aucA: number;
    aucB: number;
    z: number;
    p: number;
    variance: number;
    clusteredVariance: number;
  })[];
  bootstrap: Table & { videos: number[]; low: number; high: number };
  holm: { p: number[]; corrected: number[] }[];
  tail: [number, number][];
}

const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/evaluation/significance.json', import.meta.url), 'utf8'),
) as Fixture;

function rowsOf(
  labels: readonly number[],
  scores: readonly number[],
  videos: readonly (number | string)[],
): ScoreRow[] {
  return labels.map((label, i): ScoreRow => ({
    id: `row ${i}`,
    label: label as 0 | 1,
    manipulation: label === 0 ? 'real' : 'fake',
    videoId: String(videos[i]),
    split: 'test',
    score: scores[i]!,
  }));
}

const { labels, a, b, videos, low, high } = fixture.bootstrap;
const [rowsA, rowsB] = [rowsOf(labels, a, videos), rowsOf(labels, b, videos)];
const [first, second] = [
  { name: 'a', rows: rowsA },
  { name: 'b', rows: rowsB },
];
const options = { seed: 4, resamples: 400, group: 'overall' };

const twoDetectors = fc
  .array(
    fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })),
    {
      minLength: 4,
      maxLength: 30,
    },
  )
  .filter((rows) => [0, 1].every((label) => rows.filter((row) => row[0] === label).length > 1))
  .map(
    (rows) => [0, 1, 2].map((column) => rows.map((row) => row[column]!)) as [number[], number[], number[]],
  );

describe('DeLong’s test', () => {
  for (const one of fixture.delong) {
    it(`${one.name}: MLstatkit's z and p, and the variance of loops over all pairs`, () => {
      const plain = deLong(one.labels, one.a, one.b);
      expect(plain.a).to.be.closeTo(one.aucA, 1e-12);
      expect(plain.b).to.be.closeTo(one.aucB, 1e-12);
      expect(Math.abs(plain.z!)).to.be.closeTo(Math.abs(one.z), 1e-9);
      expect(plain.p).to.be.closeTo(one.p, 1e-9);
      expect(plain.variance / one.variance).to.be.closeTo(1, 1e-9);
    });

    it(`${one.name}: rows clustered in videos, by Obuchowski's formula`, () => {
      const clustered = deLong(one.labels, one.a, one.b, { units: one.units.map(String) });
      expect(clustered.variance / one.clusteredVariance).to.be.closeTo(1, 1e-9);
      expect(clustered.difference).to.equal(deLong(one.labels, one.a, one.b).difference);
    });
  }

  it('is antisymmetric in the detectors, and sees ranks alone', () => {
    fc.assert(
      fc.property(twoDetectors, ([truth, one, other]) => {
        const there = deLong(truth, one, other);
        const back = deLong(truth, other, one);
        expect(back.difference).to.equal(-there.difference);
        expect(back.variance).to.be.closeTo(there.variance, 1e-15);
        if (there.p === null) expect(back.p).to.equal(null);
        else expect(back.p).to.be.closeTo(there.p, 1e-9);
        const mapped = deLong(
          truth,
          one.map((score) => Math.exp(score / 2)),
          other,
        );
        expect(mapped).to.deep.equal(there);
      }),
    );
  });

  it('twice the same detector: no difference, p 1; a variance of zero between others tells nothing', () => {
    expect(deLong([0, 0, 1, 1], [1, 2, 3, 4], [1, 2, 3, 4])).to.include({ difference: 0, z: 0, p: 1 });
    expect(deLong([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1])).to.include({
      difference: 1,
      interval: null,
      z: null,
      p: null,
    });
  });

  it('copies of every row in its video change nothing; taken for independent they would', () => {
    const [one] = fixture.delong;
    const twice = <T>(values: readonly T[]): T[] => [...values, ...values];
    const units = one!.labels.map((_, i) => String(i));
    const single = deLong(one!.labels, one!.a, one!.b, { units });
    const [l, sa, sb] = [twice(one!.labels), twice(one!.a), twice(one!.b)];
    expect(deLong(l, sa, sb, { units: twice(units) }).variance).to.be.closeTo(single.variance, 1e-12);
    expect(deLong(l, sa, sb).variance).to.be.below(0.6 * single.variance);
  });

  it('refuses one class, one video of a class, and lists that do not fit', () => {
    expect(() => deLong([1, 1], [1, 2], [1, 2], { group: 'x' })).to.throw('x: holds only fakes');
    expect(() => deLong([0, 1, 1], [1, 2, 3], [1, 2, 3])).to.throw('reals of 1 videos');
    expect(() => deLong([0, 1], [1], [1, 2])).to.throw('2 labels but 1 scores');
    expect(() => deLong([0, 1], [1, 2], [1, 2], { units: ['v'] })).to.throw('2 rows but 1 units');
  });
});

describe('the normal distribution', () => {
  it('its tail is SciPy’s to 1e-12 of itself, and normalUpper undoes it', () => {
    for (const [z, tail] of fixture.tail) {
      expect(normalTail(z) / tail, String(z)).to.be.closeTo(1, 1e-12);
      if (tail > 1e-9 && tail < 0.999) expect(normalUpper(tail)).to.be.closeTo(z, 1e-9);
    }
    expect(() => normalUpper(1)).to.throw('between 0 and 1');
  });
});

describe('Holm’s correction', () => {
  it('is statsmodels’', () => {
    for (const { p, corrected } of fixture.holm) {
      holm(p).forEach((value, i) => expect(value).to.be.closeTo(corrected[i]!, 1e-12));
    }
  });

  it('keeps the order, lowers nothing, and lies between no correction and Bonferroni’s', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 }),
        (p) => {
          const corrected = holm(p);
          p.forEach((value, i) => {
            expect(corrected[i]).to.be.within(value, Math.min(1, p.length * value));
            p.forEach((other, j) => {
              if (value <= other) expect(corrected[i]).to.be.at.most(corrected[j]!);
            });
          });
        },
      ),
    );
  });

  it('refuses what is no p-value', () => {
    expect(() => holm([0.1, NaN])).to.throw('NaN is no p-value');
    expect(() => holm([1.5])).to.throw('1.5 is no p-value');
  });
});

describe('the paired bootstrap', () => {
  it('has the interval that NumPy finds with 20,000 resamples of whole videos', () => {
    const found = pairedDifference(first, second, pooledAuc, { ...options, resamples: 2000 });
    const width = high - low;
    expect(found.interval.low).to.be.closeTo(low, 0.1 * width);
    expect(found.interval.high).to.be.closeTo(high, 0.1 * width);
    expect(found.value).to.equal(valueOf(pooledAuc, rowsA) - valueOf(pooledAuc, rowsB));
  });

  it('is narrower than two detectors apart would be, and agrees with the clustered DeLong', () => {
    const { interval, value } = pairedDifference(first, second, pooledAuc, options);
    const test = deLongByVideo(first, second);
    expect(test.difference).to.be.closeTo(value, 1e-12);
    const width = (of: { low: number; high: number }): number => of.high - of.low;
    expect(width(interval) / width(test.interval!)).to.be.within(0.8, 1.25);
  });

  it('pairs by id, in whatever order the tables are; the same seed gives the same interval', () => {
    const there = pairedDifference(first, second, pooledAuc, options);
    const shuffled = { name: 'b', rows: rowsB.toReversed() };
    expect(pairedDifference(first, shuffled, pooledAuc, options)).to.deep.equal(there);
    expect(pairedDifference(first, second, pooledAuc, { ...options, seed: 5 }).interval).not.to.deep.equal(
      there.interval,
    );
  });

  it('turns its sign with the detectors', () => {
    const [there, back] = [
      pairedDifference(first, second, pooledAuc, options),
      pairedDifference(second, first, pooledAuc, options),
    ];
    expect(back.value).to.equal(-there.value);
    expect(back.p).to.equal(there.p);
    expect(back.interval.low).to.be.closeTo(-there.interval.high, 1e-12);
  });

  it('finds nothing where there is nothing, and says so', () => {
    const same = pairedDifference(first, { name: 'again', rows: rowsA }, pooledAuc, options);
    expect(same).to.deep.include({ value: 0, p: 1, interval: { low: 0, high: 0 } });
    expect(verdictOf(same)).to.equal(
      '+0.000 [+0.000, +0.000], p 1.0: the interval contains zero, no difference is shown',
    );
  });

  it('shows a difference only where the interval leaves out zero and the corrected p is below .05', () => {
    const verdict = (value: number, low: number, high: number, p: number) =>
      verdictOn({ value, interval: { low, high } }, p);
    expect(verdict(0.02, 0.01, 0.03, 0.01)).to.equal('greater');
    expect(verdict(-0.02, -0.03, -0.01, 0.01)).to.equal('smaller');
    expect(verdict(0.02, -0.001, 0.03, 0.06)).to.equal('none');
    expect(verdict(0.02, 0, 0.03, 0.01)).to.equal('none');
    expect(verdict(0.02, 0.001, 0.03, 0.06)).to.equal('by chance');
  });

  it('says which way a difference goes', () => {
    const shape = { a: 0, b: 0, resamples: 1, redrawn: 0, p: 0.004 };
    expect(verdictOf({ ...shape, value: 0.02, interval: { low: 0.01, high: 0.03 } })).to.equal(
      '+0.020 [+0.010, +0.030], p 0.0040: greater',
    );
    expect(
      verdictOf({ ...shape, value: -0.02, interval: { low: -0.03, high: -0.01 }, pHolm: 0.02 }),
    ).to.equal('−0.020 [−0.030, −0.010], p 0.020 (Holm): smaller');
    expect(verdictOf({ ...shape, value: 0.02, interval: { low: 0.01, high: 0.03 }, pHolm: 0.08 })).to.equal(
      '+0.020 [+0.010, +0.030], p 0.080 (Holm): not below .05, no difference is shown',
    );
  });

  it('takes other metrics, and corrects over all comparisons with the first', () => {
    const accuracy = pairedDifference(first, second, balancedAccuracy(0.5), options);
    expect(accuracy.a).to.be.within(0, 1);
    const comparisons = compareWithFirst([first, second, { name: 'c', rows: rowsA }], macroAuc, options);
    expect(comparisons.map(({ names }) => names)).to.deep.equal([
      ['b', 'a'],
      ['c', 'a'],
    ]);
    expect(comparisons.map(({ pHolm }) => pHolm)).to.deep.equal(holm(comparisons.map(({ p }) => p)));
  });

  it('refuses other samples, other labels and one class', () => {
    const other = { name: 'other', rows: rowsB.with(3, { ...rowsB[3]!, id: 'else' }) };
    expect(() => pairedDifference(first, other, pooledAuc, options)).to.throw(
      'other: 1 of its test are not in that of a, such as else',
    );
    const flipped = {
      name: 'flipped',
      rows: rowsB.with(3, { ...rowsB[3]!, label: rowsB[3]!.label === 0 ? 1 : 0 }),
    };
    expect(() => pairedDifference(first, flipped, pooledAuc, options)).to.throw('have another label');
    const reals = { name: 'reals', rows: rowsA.filter(({ label }) => label === 0) };
    expect(() => pairedDifference(reals, reals, pooledAuc, options)).to.throw('overall: a metric needs');
  });
});

describe('over seeds', () => {
  it('mean and sd by hand; one seed has no sd, none and NaN are errors', () => {
    expect(overSeeds([1, 2, 6])).to.deep.equal({ seeds: 3, mean: 3, sd: Math.sqrt(7), min: 1, max: 6 });
    expect(overSeeds([4]).sd).to.equal(null);
    expect(() => overSeeds([])).to.throw('no runs');
    expect(() => overSeeds([1, NaN])).to.throw('run 2 of 2 is NaN');
  });

  it('the interval of a mean difference grows with what seeds differ by', () => {
    const shifted = (by: number): ScoreRow[] =>
      rowsA.map((row) => ({ ...row, score: row.score + by * row.label }));
    const over = (spread: number) =>
      differenceOverSeeds(
        [-1, 0, 1].map((step, seed) => ({ seed, a: shifted(spread * step), b: rowsB })),
        pooledAuc,
        options,
      );
    const [alike, apart] = [over(0), over(1)];
    expect(alike.perSeed.map(({ value }) => value)).to.deep.equal([0, 1, 2].map(() => alike.value));
    // seeds that do not differ leave the videos alone to vary: the interval is that of one pair, but for the draws
    const single = pairedDifference(first, second, pooledAuc, options);
    const width = ({ interval }: { interval: { low: number; high: number } }) => interval.high - interval.low;
    expect(width(alike) / width(single)).to.be.within(0.8, 1.25);
    expect(width(apart)).to.be.above(1.5 * width(single));
    expect(apart.overSeeds).to.include({ seeds: 3, mean: apart.value });
  });

  it('refuses one seed, a seed twice, and seeds tested on other samples', () => {
    const pair = { seed: 1, a: rowsA, b: rowsB };
    expect(() => differenceOverSeeds([pair], pooledAuc, options)).to.throw('needs two or more; there is 1');
    expect(() => differenceOverSeeds([pair, pair], pooledAuc, options)).to.throw('seed 1 is there twice');
    const short = { seed: 2, a: rowsA.slice(1), b: rowsB };
    expect(() => differenceOverSeeds([pair, short], pooledAuc, options)).to.throw(
      'seed 2: 1 of the test of seed 1 are missing, such as row 0',
    );
  });
});
