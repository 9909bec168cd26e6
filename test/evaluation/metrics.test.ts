import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import {
  accuracyAt,
  averagePrecision,
  balancedAccuracyAt,
  bestThreshold,
  eer,
  prCurve,
  prCurveAtEvenThresholds,
  rocAuc,
  rocCurve,
} from '../../src/evaluation/metrics.ts';

interface Case {
  name: string;
  labels: number[];
  scores: number[];
  auc: number;
  ap: number;
  eer: number;
  threshold: number;
  accuracy: number;
  balancedAccuracy: number;
  roc: { fpr: number[]; tpr: number[]; thresholds: number[] };
  pr: { precision: number[]; recall: number[]; thresholds: number[] };
}

const { cases } = JSON.parse(
  readFileSync(new URL('../fixtures/evaluation/metrics.json', import.meta.url), 'utf8'),
) as { cases: Case[] };

/** Both classes, scores of few distinct values so that ties are common. */
const table = fc
  .array(fc.record({ label: fc.integer({ min: 0, max: 1 }), score: fc.integer({ min: -6, max: 6 }) }), {
    minLength: 2,
    maxLength: 40,
  })
  .filter((rows) => rows.some((row) => row.label === 0) && rows.some((row) => row.label === 1))
  .map((rows) => ({ labels: rows.map((row) => row.label), scores: rows.map((row) => row.score / 4) }));

function expectAllClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).to.have.length(expected.length);
  actual.forEach((value, index) => expect(value).to.be.closeTo(expected[index]!, 1e-9));
}

describe('metrics against scikit-learn', () => {
  for (const one of cases) {
    it(one.name, () => {
      expect(rocAuc(one.labels, one.scores)).to.be.closeTo(one.auc, 1e-9);
      expect(averagePrecision(one.labels, one.scores)).to.be.closeTo(one.ap, 1e-9);
      expect(eer(one.labels, one.scores)).to.be.closeTo(one.eer, 1e-9);
      expect(accuracyAt(one.labels, one.scores, one.threshold)).to.be.closeTo(one.accuracy, 1e-9);
      expect(balancedAccuracyAt(one.labels, one.scores, one.threshold)).to.be.closeTo(
        one.balancedAccuracy,
        1e-9,
      );
      const roc = rocCurve(one.labels, one.scores);
      expect(roc.thresholds[0]).to.equal(Infinity);
      expectAllClose(roc.thresholds.slice(1), one.roc.thresholds);
      expectAllClose(roc.fpr, one.roc.fpr);
      expectAllClose(roc.tpr, one.roc.tpr);
      const pr = prCurve(one.labels, one.scores);
      expectAllClose(pr.thresholds, one.pr.thresholds);
      expectAllClose(pr.precision, one.pr.precision);
      expectAllClose(pr.recall, one.pr.recall);
    });
  }
});

describe('metrics, properties', () => {
  it('AUC is the share of real-fake pairs in the right order, ties half', () => {
    fc.assert(
      fc.property(table, ({ labels, scores }) => {
        let pairs = 0;
        let right = 0;
        labels.forEach((fake, i) =>
          labels.forEach((real, j) => {
            if (fake !== 1 || real !== 0) return;
            pairs++;
            right += scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0;
          }),
        );
        expect(rocAuc(labels, scores)).to.be.closeTo(right / pairs, 1e-12);
      }),
    );
  });

  it('ranking metrics do not change under rising maps, nor under a new order of the rows', () => {
    fc.assert(
      fc.property(table, ({ labels, scores }) => {
        const mapped = scores.map((score) => Math.exp(3 * score) - 7).reverse();
        const reversed = [...labels].reverse();
        for (const metric of [rocAuc, averagePrecision, eer]) {
          expect(metric(reversed, mapped)).to.equal(metric(labels, scores));
        }
      }),
    );
  });

  it('flipping the labels gives 1 - AUC; flipping labels and scores gives the same AUC and EER', () => {
    fc.assert(
      fc.property(table, ({ labels, scores }) => {
        const flipped = labels.map((label) => 1 - label);
        const negated = scores.map((score) => -score);
        expect(rocAuc(flipped, scores)).to.be.closeTo(1 - rocAuc(labels, scores), 1e-12);
        expect(rocAuc(flipped, negated)).to.be.closeTo(rocAuc(labels, scores), 1e-12);
        expect(eer(flipped, negated)).to.be.closeTo(eer(labels, scores), 1e-12);
      }),
    );
  });

  it('all metrics lie in [0, 1]', () => {
    fc.assert(
      fc.property(table, ({ labels, scores }) => {
        for (const value of [rocAuc(labels, scores), averagePrecision(labels, scores), eer(labels, scores)]) {
          expect(value).to.be.within(0, 1);
        }
      }),
    );
  });

  it('no threshold beats bestThreshold', () => {
    fc.assert(
      fc.property(table, ({ labels, scores }) => {
        const everywhere = [...scores, ...scores.map((score) => score + 0.01), -100, 100];
        for (const [criterion, metric] of [
          ['accuracy', accuracyAt],
          ['balanced accuracy', balancedAccuracyAt],
        ] as const) {
          const best = metric(labels, scores, bestThreshold(labels, scores, criterion));
          for (const threshold of everywhere) expect(metric(labels, scores, threshold)).to.be.at.most(best);
        }
      }),
    );
  });
});

describe('bestThreshold', () => {
  it('lies in the middle of the widest of the best gaps', () => {
    expect(bestThreshold([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9])).to.be.closeTo(0.4, 1e-12);
  });

  it('separates neighbouring doubles', () => {
    const low = 0.5;
    const high = 0.5 + 2 ** -53;
    expect(accuracyAt([0, 1], [low, high], bestThreshold([0, 1], [low, high]))).to.equal(1);
  });

  it('by accuracy it sides with the larger class where nothing else helps', () => {
    const labels = [1, 1, 1, 0];
    const scores = [0.1, 0.2, 0.3, 0.9];
    expect(accuracyAt(labels, scores, bestThreshold(labels, scores, 'accuracy'))).to.equal(3 / 4);
  });
});

describe('prCurveAtEvenThresholds', () => {
  it('counts at each threshold', () => {
    const curve = prCurveAtEvenThresholds([0, 1, 1, 0], [0.1, 0.5, 0.9, 0.6], 3);
    expect(curve).to.deep.equal({
      truePositives: [2, 2, 0],
      falsePositives: [2, 1, 0],
      trueNegatives: [0, 1, 2],
      falseNegatives: [0, 0, 2],
      precision: [1 / 2, 2 / 3, 1],
      recall: [1, 1, 0],
    });
  });

  it('refuses logits', () => {
    expect(() => prCurveAtEvenThresholds([0, 1], [-1, 2])).to.throw('needs probabilities');
  });
});

describe('metrics, bad input', () => {
  it('one class is an error that names the group, not 0.5', () => {
    for (const metric of [rocAuc, averagePrecision, eer, bestThreshold as typeof rocAuc]) {
      expect(() => rocAuc([1, 1], [0.1, 0.2], { group: 'faceswap' })).to.throw('faceswap: holds only fakes');
      expect(() => metric([0, 0], [0.1, 0.2])).to.throw('only reals');
      expect(() => metric([], [])).to.throw('no rows');
    }
  });

  it('a NaN or infinite score names the row', () => {
    expect(() => rocAuc([0, 1], [0.1, NaN])).to.throw('row 1 is NaN');
    expect(() => rocAuc([0, 1], [0.1, NaN], { ids: ['a.png', 'b.png'] })).to.throw("'b.png' is NaN");
    expect(() => accuracyAt([0, 1], [-Infinity, 0], 0)).to.throw('row 0 is -Infinity');
  });

  it('a wrong label, different lengths and a NaN threshold are errors', () => {
    expect(() => rocAuc([0, 2], [0, 1])).to.throw('row 1 is 2');
    expect(() => rocAuc([0, 1], [0])).to.throw('2 labels but 1 scores');
    expect(() => accuracyAt([0, 1], [0, 1], NaN)).to.throw('threshold is NaN');
  });
});
