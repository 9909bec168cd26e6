import { expect } from 'chai';
import { heatCells, matrixNotes, matrixNumbers, matrixOf, matrixTable } from '../../src/ablation/matrix.ts';
import type { TestedStudyRun } from '../../src/ablation/read-study.ts';
import type { ScoreRow } from '../../src/evaluation/scores.ts';
import { aucByPairs, scoresOf, STUDY, testedRun } from '../support/studies.ts';

const MATRIX = { ...STUDY, table: 'matrix', reference: null, rows: { both: [], one: [] } } as const;
const other = (salt: number): ScoreRow[] =>
  scoresOf(0.5, salt).map((row) => ({ ...row, id: `other ${row.id}` }));

/** A run also tested on data that the study calls `celeb`. */
function alsoOn(run: TestedStudyRun, rows: readonly ScoreRow[], name = 'celeb-df'): TestedStudyRun {
  const withOn = { ...run.run, on: [{ label: 'celeb', data: { name, root: 'x' } }] };
  const [own] = run.tests.map((test) => ({ ...test, run: withOn }));
  return {
    ...run,
    run: withOn,
    tests: [own!, { ...own!, name: `${own!.name} on celeb`, on: 'celeb', rows }],
  };
}

const RUNS = [
  testedRun('both', 1, scoresOf(0.2, 1), { seen: ['deepfakes', 'faceswap'] }),
  testedRun('both', 2, scoresOf(0.3, 2), { seen: ['deepfakes', 'faceswap'] }),
  testedRun('one', 1, scoresOf(0.4, 3)),
  testedRun('one', 2, scoresOf(0.5, 4)),
];

describe('a matrix of training sets', () => {
  it('has the mean AUC of every row on every manipulation, and marks what training showed', () => {
    const matrix = matrixOf(MATRIX, RUNS);
    expect(matrix.columns).to.deep.equal(['deepfakes', 'faceswap']);
    expect(matrix.rows.map(({ cells }) => cells.map((cell) => cell!.seen))).to.deep.equal([[true, true], [true, false]]); // prettier-ignore
    matrix.rows.forEach(({ cells }, r) =>
      cells.forEach((cell, c) => {
        const aucs = RUNS.slice(2 * r, 2 * r + 2).map(({ tests: [own] }) =>
          aucByPairs(
            own!.rows.filter(({ label, manipulation }) => label === 0 || manipulation === matrix.columns[c]),
          ),
        );
        expect(cell!.perSeed.map(({ value }) => value)).to.deep.equal(aucs);
        expect(cell!.overSeeds!.mean).to.be.closeTo((aucs[0]! + aucs[1]!) / 2, 1e-12);
      }),
    );
    expect(matrixTable(matrix).rows[1]![2]).to.match(/^[01]\.\d{3} ± 0\.\d{3}$/);
    expect(matrixTable(matrix).rows[1]![1]).to.match(/ \*$/);
    expect(matrixNumbers(MATRIX, matrix).rows).to.have.length(4);
    expect(heatCells(matrix)[3]).to.deep.equal({
      ...{ row: 'one', column: 'faceswap', marked: false },
      value: matrix.rows[1]!.cells[1]!.overSeeds!.mean,
    });
  });

  it('a cell without all seeds is a dash, named, and has no colour', () => {
    const matrix = matrixOf(MATRIX, RUNS.slice(0, 3));
    expect(matrixTable(matrix).rows[1]).to.deep.equal(['one', '–', '–']);
    expect(matrixNotes(MATRIX, matrix).at(-1)).to.match(/MISSING.*one-s2/);
    expect(heatCells(matrix)).to.have.length(2);
  });

  it('further data have columns of their own; a manipulation of the same name there was not seen, unless it is the same dataset', () => {
    const on = (name?: string) =>
      matrixOf(
        MATRIX,
        RUNS.map((run, i) => alsoOn(run, other(i), name)),
      );
    expect(on().columns).to.deep.equal([
      'both: deepfakes',
      'both: faceswap',
      'celeb: deepfakes',
      'celeb: faceswap',
    ]);
    expect(on().rows[0]!.cells.map((cell) => cell!.seen)).to.deep.equal([true, true, false, false]);
    expect(on('faces').rows[0]!.cells.map((cell) => cell!.seen)).to.deep.equal([true, true, true, true]);
  });

  it('the own test of one row that is a further one of another is one column', () => {
    const [a1, a2, ...ones] = RUNS as [TestedStudyRun, TestedStudyRun, ...TestedStudyRun[]];
    const own = ones.map(({ run }, i) =>
      testedRun('one', run.seed, other(i), { data: { name: 'celeb-df', root: 'x' } }),
    );
    const matrix = matrixOf(MATRIX, [alsoOn(a1, other(7)), alsoOn(a2, other(8)), ...own]);
    expect(matrix.columns).to.deep.equal([
      'both: deepfakes',
      'both: faceswap',
      'celeb: deepfakes',
      'celeb: faceswap',
    ]);
    expect(matrix.rows[1]!.cells.map((cell) => cell?.seen ?? null)).to.deep.equal([null, null, true, false]);
    expect(matrixTable(matrix).rows[1]!.slice(1, 3)).to.deep.equal(['', '']);
  });

  it('qualities of one test are apart', () => {
    const two = RUNS.map((run) => {
      const [own] = run.tests;
      const rows = own!.rows.map((row): ScoreRow => ({
        ...row,
        compression: row.id.endsWith('0') ? 'c23' : 'c40',
      }));
      return { ...run, tests: [{ ...own!, rows }] };
    });
    const matrix = matrixOf(MATRIX, two);
    expect(matrix.columns).to.deep.equal(['deepfakes c23', 'deepfakes c40', 'faceswap c23', 'faceswap c40']);
    const part = two[0]!.tests[0]!.rows.filter(
      ({ label, manipulation, compression }) =>
        compression === 'c40' && (label === 0 || manipulation === 'faceswap'),
    );
    expect(matrix.rows[0]!.cells[3]!.perSeed[0]!.value).to.equal(aucByPairs(part));
  });

  it('other samples under the same settings are refused', () => {
    const changed = [...RUNS.slice(0, 3), testedRun('one', 2, scoresOf(0.5, 4).slice(2))];
    expect(() => matrixOf(MATRIX, changed)).to.throw(
      /settings of their data are the same, so the data have changed/,
    );
  });
});
