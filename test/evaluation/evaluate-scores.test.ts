import { expect } from 'chai';
import { evaluateScores } from '../../src/evaluation/evaluate-scores.ts';
import { averagePrecision, eer, rocAuc } from '../../src/evaluation/metrics.ts';
import type { ScoreRow } from '../../src/evaluation/scores.ts';
import { rngFor } from '../../src/data/rng.ts';

/** 20 people, each one real and one fake of two methods: `easy` is told apart better than `hard`. */
function scoreTable(): ScoreRow[] {
  const rng = rngFor(5, 'table');
  return Array.from({ length: 20 }, (_, person) =>
    (['real', 'easy', 'hard'] as const).map((manipulation): ScoreRow => ({
      id: `${manipulation}-${person}`,
      label: manipulation === 'real' ? 0 : 1,
      manipulation,
      videoId: `person-${person}`,
      split: 'test',
      score: rng.normal() + { real: 0, easy: 3, hard: 0.3 }[manipulation],
    })),
  ).flat();
}

describe('evaluateScores', () => {
  const rows = scoreTable();
  const options = { threshold: 0.5, seed: 3, resamples: 300 };
  const evaluation = evaluateScores(rows, { ...options, groups: { seen: ['easy'], unseen: ['hard'] } });
  const of = (names: string[]) => rows.filter((row) => names.includes(row.manipulation));
  const auc = (names: string[]) =>
    rocAuc(
      of(names).map((row) => row.label),
      of(names).map((row) => row.score),
    );

  it('each manipulation stands against all reals', () => {
    expect(evaluation.perManipulation.map(({ group }) => group)).to.deep.equal(['easy', 'hard']);
    const [easy, hard] = evaluation.perManipulation;
    expect(easy!.auc.value).to.equal(auc(['real', 'easy']));
    expect(hard!.auc.value).to.equal(auc(['real', 'hard']));
    expect([easy!.reals, easy!.fakes, easy!.videos]).to.deep.equal([20, 20, 20]);
    const labels = of(['real', 'hard']).map((row) => row.label);
    const scores = of(['real', 'hard']).map((row) => row.score);
    expect(hard!.ap.value).to.equal(averagePrecision(labels, scores));
    expect(hard!.eer.value).to.equal(eer(labels, scores));
  });

  it('overall pools, and the macro AUC is the mean over manipulations', () => {
    const { overall } = evaluation;
    expect(overall.auc.value).to.equal(auc(['real', 'easy', 'hard']));
    expect(overall.macroAuc.value).to.be.closeTo((auc(['real', 'easy']) + auc(['real', 'hard'])) / 2, 1e-12);
    expect([overall.reals, overall.fakes]).to.deep.equal([20, 40]);
    const right = rows.filter((row) => (row.score >= 0.5 ? 1 : 0) === row.label).length;
    expect(overall.accuracy.value).to.equal(right / 60);
  });

  it('named groups are in the order given', () => {
    expect(evaluation.groups.map(({ group, manipulations }) => [group, manipulations])).to.deep.equal([
      ['seen', ['easy']],
      ['unseen', ['hard']],
    ]);
  });

  it('intervals hold the value, are wider for fewer people, and repeat with the seed', () => {
    for (const group of [evaluation.overall, ...evaluation.perManipulation]) {
      for (const { value, interval } of [group.auc, group.ap, group.eer, group.accuracy, group.macroAuc]) {
        expect(interval!.low).to.be.at.most(value);
        expect(interval!.high).to.be.at.least(value);
      }
    }
    const width = (table: ScoreRow[]) => {
      const { low, high } = evaluateScores(table, options).perManipulation[1]!.auc.interval!;
      return high - low;
    };
    expect(width(rows.slice(0, 18))).to.be.greaterThan(width(rows));
    expect(evaluateScores(rows, options)).to.deep.equal(evaluateScores(rows, options));
  });

  it('resamples 0 gives values without intervals', () => {
    const plain = evaluateScores(rows, { ...options, resamples: 0 });
    expect(plain.overall.auc).to.deep.equal({ value: evaluation.overall.auc.value, interval: null });
  });

  it('one class, mixed splits, unknown members and NaN are errors', () => {
    expect(() => evaluateScores(of(['real']), options)).to.throw('overall: holds only reals');
    expect(() => evaluateScores(of(['easy']), options)).to.throw('only fakes');
    expect(() => evaluateScores([{ ...rows[0]!, split: 'val' }, ...rows.slice(1)], options)).to.throw(
      'several splits (val, test)',
    );
    expect(() => evaluateScores(rows, { ...options, groups: { unseen: ['nix'] } })).to.throw(
      "group 'unseen': no rows of nix; the table holds easy, hard",
    );
    expect(() => evaluateScores([{ ...rows[0]!, score: NaN }, ...rows.slice(1)], options)).to.throw(
      "'real-0' is NaN",
    );
  });
});
