import { expect } from 'chai';
import { costTable, figuresTable, notesOf, numbersTable } from '../../src/ablation/comparison-table.ts';
import { compareRows, type Comparison } from '../../src/ablation/comparison.ts';
import type { TestedStudyRun } from '../../src/ablation/read-study.ts';
import type { ScoreRow } from '../../src/evaluation/scores.ts';
import { tableAsCsv } from '../../src/reports/tables.ts';
import { aucByPairs, scoresOf, STUDY, testedRun } from '../support/studies.ts';

const none1 = testedRun('none', 1, scoresOf(0.1, 1));
const none2 = testedRun('none', 2, scoresOf(0.12, 2));
const blur1 = testedRun('blur', 1, scoresOf(0.6, 3));
const blur2 = testedRun('blur', 2, scoresOf(0.7, 4));
const ALL = [none1, none2, blur1, blur2];

const against = (rows: readonly ScoreRow[], manipulation: string): number =>
  aucByPairs(rows.filter((row) => row.label === 0 || row.manipulation === manipulation));
const rowsOf = ({ tests }: TestedStudyRun): readonly ScoreRow[] => tests[0]!.rows;
const figure = ({ rows }: Comparison, row: string, column: number) =>
  rows.find((each) => each.row === row)!.figures[column]!;

describe('rows of a study, compared', () => {
  const compared = compareRows(STUDY, ALL);

  it('are means and deviations over seeds, of AUCs by their definition, and differences to the reference', () => {
    expect(compared.columns.map(({ title }) => title)).to.deep.equal(['seen', 'unseen']);
    for (const [column, manipulation] of ['deepfakes', 'faceswap'].entries()) {
      const [a, b] = [blur1, blur2].map((run) => against(rowsOf(run), manipulation)) as [number, number];
      const [c, d] = [none1, none2].map((run) => against(rowsOf(run), manipulation)) as [number, number];
      const { perSeed, overSeeds, difference } = figure(compared, 'blur', column);
      expect(perSeed.map(({ value }) => value)).to.deep.equal([a, b]);
      expect(overSeeds!.mean).to.be.closeTo((a + b) / 2, 1e-12);
      expect(overSeeds!.sd).to.be.closeTo(Math.abs(a - b) / Math.SQRT2, 1e-12);
      expect(difference!.value).to.be.closeTo((a - c + b - d) / 2, 1e-12);
      expect(difference!.pHolm, 'a family of one').to.equal(difference!.p);
      expect(figure(compared, 'none', column).difference).to.equal(null);
    }
    expect(compared.rows.map(({ minutes, msPerRound }) => [minutes, msPerRound])).to.deep.equal([[3, 100], [3, 250]]); // prettier-ignore
  });

  it('p is corrected over the rows of a column, by Holm', () => {
    const third = { ...STUDY, rows: { ...STUDY.rows, weak: [] } };
    const runs = [...ALL, testedRun('weak', 1, scoresOf(0.15, 1)), testedRun('weak', 2, scoresOf(0.1, 2))];
    const ps = ['blur', 'weak'].map((row) => figure(compareRows(third, runs), row, 1).difference!);
    const [small, large] = ps.toSorted((a, b) => a.p - b.p);
    expect(small!.pHolm).to.be.closeTo(Math.min(1, 2 * small!.p), 1e-12);
    expect(large!.pHolm).to.be.closeTo(Math.max(large!.p, small!.pHolm), 1e-12);
  });

  it('a row that lacks a seed has no mean and no difference, and says so', () => {
    const partly = compareRows(STUDY, [none1, none2, blur1]);
    const { overSeeds, difference, perSeed } = figure(partly, 'blur', 0);
    expect([overSeeds, difference, perSeed[1]!.value]).to.deep.equal([null, null, null]);
    const reading = figuresTable(STUDY, partly);
    expect(reading.rows[1]!.slice(2)).to.deep.equal([
      '–',
      `${perSeed[0]!.value!.toFixed(3)} / –`,
      '–',
      '–',
      'runs are missing',
    ]);
    expect(notesOf(STUDY, partly).at(-1)).to.match(/MISSING.*blur-s2/);
    const unreferenced = compareRows(STUDY, [none1, blur1, blur2]);
    expect(figure(unreferenced, 'blur', 0).overSeeds).not.to.equal(null);
    expect(figure(unreferenced, 'blur', 0).difference).to.equal(null);
  });

  it('one seed: no deviation, an interval over people alone', () => {
    const one = { ...STUDY, seeds: [1] };
    const { overSeeds, difference } = figure(compareRows(one, [none1, blur1]), 'blur', 1);
    expect(overSeeds!.sd).to.equal(null);
    expect(difference!.value).to.be.closeTo(
      against(rowsOf(blur1), 'faceswap') - against(rowsOf(none1), 'faceswap'),
      1e-12,
    );
    expect(notesOf(one, compareRows(one, [none1, blur1])).join()).to.match(/one seed says nothing of others/);
  });

  it('over folds: the mean of what each fold leaves out, and none while a fold is missing', () => {
    const study = { ...STUDY, seeds: [1], folds: { f: [], g: [] } };
    const runs = (['none', 'blur'] as const).flatMap((row, r) =>
      (['f', 'g'] as const).map((fold, i) =>
        testedRun(row, 1, scoresOf(r, 5 + i), { fold, seen: [fold === 'f' ? 'deepfakes' : 'faceswap'] }),
      ),
    );
    const whole = compareRows(study, runs);
    const [f, g] = runs.slice(2).map(rowsOf) as [readonly ScoreRow[], readonly ScoreRow[]];
    expect(figure(whole, 'blur', 1).overSeeds!.mean).to.be.closeTo(
      (against(f, 'faceswap') + against(g, 'deepfakes')) / 2,
      1e-12,
    );
    const partly = compareRows(study, runs.slice(0, 3));
    expect(figure(partly, 'blur', 1).overSeeds).to.equal(null);
    expect(partly.rows[1]!.missing).to.deep.equal(['blur-g-s1']);
  });

  it('with every digit as CSV, intervals included; to read, what the interval says', () => {
    const [head, , blur] = tableAsCsv(numbersTable(STUDY, compared))
      .split('\n')
      .map((line) => line.split(','));
    const at = (column: string): number => Number(blur![head!.indexOf(column)]);
    const { overSeeds, difference } = figure(compared, 'blur', 1);
    expect(at('unseen mean')).to.equal(overSeeds!.mean);
    expect(at('unseen seed 2')).to.equal(against(rowsOf(blur2), 'faceswap'));
    expect(at('unseen difference low')).to.equal(difference!.interval.low);
    expect(at('unseen p Holm')).to.equal(difference!.pHolm);
    const { rows } = figuresTable(STUDY, compared);
    expect(rows.map(([title, row]) => [title, row])).to.deep.equal([
      ['seen', 'none'],
      ['', 'blur'],
      ['unseen', 'none'],
      ['', 'blur'],
    ]);
    const says = [rows[1]!, rows[3]!].map((row) => row.at(-1));
    const costs = costTable(STUDY, compared);
    expect(costs.rows[1]).to.deep.equal(['blur', 'game.rounds=4 generator=blur', '3.0', '250', '2.5']);
    const expected = [0, 1].map((column) => {
      const { interval, pHolm } = figure(compared, 'blur', column).difference!;
      if (interval.low <= 0 && interval.high >= 0) return 'interval contains zero';
      return pHolm >= 0.05 ? 'not after Holm' : interval.low > 0 ? 'higher' : 'lower';
    });
    expect(says).to.deep.equal(expected);
  });

  const refused: [string, readonly TestedStudyRun[], RegExp][] = [
    ['another test set', [none1, none2, blur1, testedRun('blur', 2, scoresOf(1, 1).slice(1))], /blur-s2: 1 of the test of none-s1 are missing/],
    ['other pixels', [none1, blur1].map((run, i) => ({ ...run, tests: [{ ...run.tests[0]!, test: { images: 36, size: 96, samples: 's', pixels: `${i}` } }] })), /other pixels: the images have changed/],
    ['NaN', [none1, none2, blur1, testedRun('blur', 2, rowsOf(blur2).map((row, i) => (i === 3 ? { ...row, score: NaN } : row)))], /the score of .* is NaN/],
    ['one class', [testedRun('none', 1, rowsOf(none1).filter(({ label }) => label === 0))], /only reals/],
    ['rows that have seen different manipulations', [none1, testedRun('blur', 1, rowsOf(blur1), { seen: ['faceswap'] })], /none-s1 was trained on deepfakes, blur-s1 on faceswap/],
    ['nothing done', [], /no run is done/],
  ]; // prettier-ignore
  for (const [what, runs, message] of refused) {
    it(`${what} is refused`, () => expect(() => compareRows(STUDY, runs)).to.throw(message));
  }

  it('a choice of columns that nothing belongs to is named; with no column left it is refused', () => {
    const seenAll = [none1, blur1].map((run) =>
      testedRun(run.run.row, 1, rowsOf(run), { seen: ['deepfakes', 'faceswap'] }),
    );
    const study = { ...STUDY, seeds: [1] };
    const seen = compareRows(study, seenAll);
    expect(seen.columns.map(({ title }) => title)).to.deep.equal(['seen']);
    expect(notesOf(study, seen).join()).to.match(/No manipulation of the test is unseen/);
    expect(() => compareRows({ ...study, columns: ['unseen-each'] }, seenAll)).to.throw(
      /is unseen-each, so the table has no figures: take columns=\[all\]/,
    );
  });

  it('what each row has seen may differ where no column asks', () => {
    const study = { ...STUDY, seeds: [1], columns: ['each', 'all'] as const };
    const runs = [none1, testedRun('blur', 1, rowsOf(blur1), { seen: ['faceswap'] })];
    const { columns } = compareRows(study, runs);
    expect(columns.map(({ title }) => title)).to.deep.equal(['deepfakes', 'faceswap', 'all']);
  });
});
