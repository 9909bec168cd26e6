import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import {
  brierScore,
  calibrationOf,
  expectedCalibrationError,
  reliabilityBins,
} from '../../src/evaluation/calibration.ts';
import { crossEntropy, logit, sigmoid } from '../../src/evaluation/logistic.ts';
import { rocAuc } from '../../src/evaluation/metrics.ts';
import type { ScoreRow } from '../../src/evaluation/scores.ts';
import { atTemperature, COLDEST, fitTemperature, HOTTEST } from '../../src/evaluation/temperature.ts';

interface Case {
  name: string;
  labels: number[];
  logits: number[];
  ece: number;
  ece10: number;
  eceEqualMass: number | null;
  brier: number;
  brierParts: [number, number, number];
  nll: number;
  temperature: number;
  netcalTemperature: number;
}

const cases = JSON.parse(
  readFileSync(new URL('../fixtures/evaluation/calibration.json', import.meta.url), 'utf8'),
) as Case[];

function rowsOf(labels: readonly number[], logits: readonly number[]): ScoreRow[] {
  return labels.map((label, i): ScoreRow => ({
    id: String(i),
    label: label as 0 | 1,
    manipulation: label === 0 ? 'real' : 'fake',
    videoId: String(i),
    split: 'val',
    score: sigmoid(logits[i]!),
    logit: logits[i]!,
  }));
}

const table = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.double({ min: -20, max: 20, noNaN: true })), {
    minLength: 2,
    maxLength: 40,
  })
  .filter((rows) => new Set(rows.map(([label]) => label)).size === 2)
  .map((rows) => ({ labels: rows.map(([label]) => label), logits: rows.map(([, z]) => z) }));

describe('calibration against netcal, scikit-learn and SciPy', () => {
  for (const one of cases) {
    it(one.name, () => {
      const { labels, logits } = one;
      const probabilities = logits.map(sigmoid);
      const figures = calibrationOf(rowsOf(labels, logits));
      expect(figures.ece).to.be.closeTo(one.ece, 1e-12);
      expect(expectedCalibrationError(labels, probabilities, 'equal width', 10)).to.be.closeTo(
        one.ece10,
        1e-12,
      );
      if (one.eceEqualMass !== null) expect(figures.eceEqualMass).to.be.closeTo(one.eceEqualMass, 1e-12);
      expect(figures.brier.score).to.be.closeTo(one.brier, 1e-12);
      const { reliability, resolution, uncertainty } = figures.brier;
      [reliability, resolution, uncertainty].forEach((part, i) =>
        expect(part).to.be.closeTo(one.brierParts[i]!, 1e-12),
      );
      expect(figures.nll).to.be.closeTo(one.nll, 1e-9);
      const { value, bound } = fitTemperature(rowsOf(labels, logits));
      expect(bound).to.equal(null);
      expect(value / one.temperature).to.be.closeTo(1, 1e-6); // a minimum is flat: its place is known to half the digits
      expect(value / one.netcalTemperature).to.be.closeTo(1, 1e-3);
    });
  }
});

describe('calibration, properties', () => {
  it('errors, Brier score and its parts lie in [0, 1]; the bins hold every row once', () => {
    fc.assert(
      fc.property(table, fc.integer({ min: 1, max: 20 }), ({ labels, logits }, count) => {
        const probabilities = logits.map(sigmoid);
        const { score, reliability, uncertainty } = brierScore(labels, probabilities);
        const errors = (['equal width', 'equal mass'] as const).map((binning) => {
          const bins = reliabilityBins(labels, probabilities, binning, count);
          expect(bins.reduce((sum, bin) => sum + bin.count, 0)).to.equal(labels.length);
          for (const { low, high, confidence } of bins.filter((bin) => bin.count > 0)) {
            expect(confidence).to.be.within(low - 1e-12, high + 1e-12);
          }
          return expectedCalibrationError(labels, probabilities, binning, count);
        });
        for (const value of [...errors, score, reliability, uncertainty]) expect(value).to.be.within(0, 1);
      }),
    );
  });

  it('a temperature keeps order, AUC and the side of one half', () => {
    fc.assert(
      fc.property(table, fc.double({ min: 0.2, max: 50, noNaN: true }), ({ labels, logits }, temperature) => {
        const coarse = logits.map((z) => Math.round(z)); // so that no two are as near as rounding
        const rows = rowsOf(labels, coarse);
        const scaled = atTemperature(rows, temperature);
        const auc = (of: readonly ScoreRow[]): number =>
          rocAuc(
            labels,
            of.map((row) => row.logit!),
          );
        expect(auc(scaled)).to.equal(auc(rows));
        scaled.forEach(({ score }, i) => expect(score > 0.5).to.equal(rows[i]!.score > 0.5));
      }),
    );
  });

  it('no temperature has a smaller cross-entropy on val than the fitted one', () => {
    fc.assert(
      fc.property(
        table,
        fc.double({ min: COLDEST, max: HOTTEST, noNaN: true }),
        ({ labels, logits }, other) => {
          const { value } = fitTemperature(rowsOf(labels, logits));
          const at = (temperature: number): number =>
            crossEntropy(
              labels,
              logits.map((z) => z / temperature),
            );
          expect(at(value)).to.be.at.most(at(other) + 1e-12);
          expect(at(value)).to.be.at.most(at(1) + 1e-12);
        },
      ),
    );
  });

  it('logit undoes sigmoid, to 36 and back', () => {
    for (const z of [-700, -40, -3, 0, 1e-9, 2, 20]) expect(logit(sigmoid(z)) - z).to.be.closeTo(0, 1e-6);
    expect(sigmoid(36)).to.be.below(1);
    expect(sigmoid(-800)).to.equal(0);
  });
});

describe('calibration, what is known by hand', () => {
  it('a bin holds its lower edge, and the last one its upper', () => {
    const bins = reliabilityBins([0, 1, 1, 0], [0, 0.5, 1, 0.25], 'equal width', 4);
    expect(bins.map(({ count, confidence, fakes }) => [count, confidence, fakes])).to.deep.equal([
      [1, 0, 0],
      [1, 0.25, 0],
      [1, 0.5, 1],
      [1, 1, 1],
    ]);
  });

  it('a detector that says the truth needs no temperature: T = 1', () => {
    // of 4 rows at logit ±ln 3, probability ¾ and ¼, three are as they say
    const z = Math.log(3);
    const { value } = fitTemperature(rowsOf([1, 1, 1, 0, 0, 0, 0, 1], [z, z, z, z, -z, -z, -z, -z]));
    expect(value).to.be.closeTo(1, 1e-12);
  });

  it('a detector k times too sure of itself gets T = k', () => {
    const { labels, logits } = cases[0]!;
    const plain = fitTemperature(rowsOf(labels, logits)).value;
    const tripled = fitTemperature(
      rowsOf(
        labels,
        logits.map((z) => 3 * z),
      ),
    ).value;
    expect(tripled / plain).to.be.closeTo(3, 1e-9);
  });

  it('says where it was stopped: all right, or no better than chance', () => {
    expect(fitTemperature(rowsOf([0, 1], [-2, 3]))).to.deep.equal({ value: COLDEST, bound: 'coldest' });
    expect(fitTemperature(rowsOf([0, 1], [2, -3]))).to.deep.equal({ value: HOTTEST, bound: 'hottest' });
  });
});

describe('calibration, bad input', () => {
  it('one class, no rows, logits in the place of probabilities, a NaN, no bins', () => {
    expect(() => brierScore([1, 1], [0.2, 0.3], { group: 'val' })).to.throw('val: holds one class only');
    expect(() => brierScore([], [])).to.throw('no rows');
    expect(() => expectedCalibrationError([0, 1], [0.5, 1.2])).to.throw('these are logits');
    expect(() => brierScore([0, 1], [0.5, NaN])).to.throw('row 1 is NaN');
    expect(() => reliabilityBins([0, 1], [0.5, 0.5], 'equal mass', 0)).to.throw('bins must be at least 1');
  });

  it('a temperature of one class, of scores that are no probabilities, or of 1 without a logit', () => {
    expect(() => fitTemperature(rowsOf([1, 1], [1, 2]))).to.throw('2 rows of val are of one class');
    const [real, fake] = rowsOf([0, 1], [-2, 3]) as [ScoreRow, ScoreRow];
    const { id, label, manipulation, videoId, split } = fake;
    const without = { id, label, manipulation, videoId, split };
    expect(() => fitTemperature([real, { ...without, score: 3 }])).to.throw('1: score 3 is no probability');
    expect(() => fitTemperature([real, { ...without, score: 1 }])).to.throw('write the column logit');
  });
});
