import { expect } from 'chai';
import fc from 'fast-check';
import { figuresTable, notesOf } from '../../src/ablation/comparison-table.ts';
import { compareRows } from '../../src/ablation/comparison.ts';
import { judgedRows, METRIC_NAMES, METRICS, UNITS, type MetricName } from '../../src/ablation/figure.ts';
import { matrixNotes, matrixOf } from '../../src/ablation/matrix.ts';
import { brierScore, expectedCalibrationError } from '../../src/evaluation/calibration.ts';
import type { Evaluation } from '../../src/evaluation/evaluate-scores.ts';
import { averagePrecision, balancedAccuracyAt, eer, rocAuc } from '../../src/evaluation/metrics.ts';
import { valueOf } from '../../src/evaluation/resampled.ts';
import type { ScoreRow } from '../../src/evaluation/scores.ts';
import { videoRows } from '../../src/evaluation/videos.ts';
import { scoresOf, STUDY, testedRun } from '../support/studies.ts';

/** Of whole tables: what scikit-learn and netcal are held against elsewhere. */
const ORACLES: Readonly<
  Record<MetricName, (labels: number[], scores: number[], threshold: number) => number>
> = {
  auc: (labels, scores) => rocAuc(labels, scores),
  ap: (labels, scores) => averagePrecision(labels, scores),
  eer: (labels, scores) => eer(labels, scores),
  balanced_accuracy: balancedAccuracyAt,
  brier: (labels, scores) => brierScore(labels, scores).score,
  ece: (labels, scores) => expectedCalibrationError(labels, scores),
};

const THRESHOLDS = { images: 0.08, videos: 0.06 } as const;
const evaluation = { threshold: THRESHOLDS.images, videos: { threshold: THRESHOLDS.videos } as Evaluation };
const oracleOf = (metric: MetricName, rows: readonly ScoreRow[], threshold: number): number =>
  ORACLES[metric](
    rows.map(({ label }) => label),
    rows.map(({ score }) => score),
    threshold,
  );

describe("a study's figure", () => {
  const rows = scoresOf(0.5, 7);

  for (const unit of UNITS) {
    for (const metric of METRIC_NAMES) {
      it(`${metric} of ${unit} is what the metric itself says of the test`, () => {
        const judged = judgedRows({ metric, unit }, rows, evaluation);
        expect(judged).to.have.length(unit === 'images' ? rows.length : rows.length / 2);
        const table = unit === 'images' ? rows : videoRows(rows);
        expect(valueOf(METRICS[metric].of, judged)).to.be.closeTo(
          oracleOf(metric, table, THRESHOLDS[unit]),
          1e-12,
        );
      });
    }
  }

  it('counts a row as often as a resample drew it', () => {
    const counts = fc.array(fc.integer({ min: 0, max: 3 }), {
      minLength: rows.length,
      maxLength: rows.length,
    });
    fc.assert(
      fc.property(counts, fc.constantFrom(...METRIC_NAMES), (times, metric) => {
        const drawn = rows.flatMap((row, i) => Array<ScoreRow>(times[i]!).fill(row));
        const judged = judgedRows({ metric, unit: 'images' }, rows, evaluation);
        const value = METRICS[metric].of(judged)(Int32Array.from(times));
        if (new Set(drawn.map(({ label }) => label)).size < 2) expect(value).to.equal(null);
        else expect(value).to.be.closeTo(oracleOf(metric, drawn, THRESHOLDS.images), 1e-12);
      }),
    );
  });

  it('tables and notes say which it is', () => {
    const study = { ...STUDY, metric: 'eer', unit: 'videos' } as const;
    const runs = ['none', 'blur'].flatMap((row, r) =>
      [1, 2].map((seed) => testedRun(row, seed, scoresOf(0.2 + r, seed))),
    );
    const compared = compareRows(study, runs);
    expect(figuresTable(study, compared).columns[0]).to.equal('EER');
    expect(notesOf(study, compared)[0]).to.match(/^EER of videos, mean/);
    expect(compared.rows[0]!.figures[1]!.perSeed[0]!.value).to.equal(eerOn(scoresOf(0.2, 1), 'faceswap'));
    const matrix = { ...study, table: 'matrix' } as const;
    expect(matrixNotes(matrix, matrixOf(matrix, runs))[0]).to.match(/^EER of videos against/);
    expect(matrixOf(matrix, runs).rows[0]!.cells[1]!.perSeed[1]!.value).to.equal(
      eerOn(scoresOf(0.2, 2), 'faceswap'),
    );
  });

  it('accuracy of videos needs the threshold of videos', () =>
    expect(() =>
      judgedRows({ metric: 'balanced_accuracy', unit: 'videos' }, rows, { threshold: 0.5, videos: null }),
    ).to.throw(/npm run evaluate/));
});

function eerOn(rows: readonly ScoreRow[], manipulation: string): number {
  const own = rows.filter((row) => row.label === 0 || row.manipulation === manipulation);
  return oracleOf('eer', own, 0);
}
