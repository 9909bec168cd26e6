import { expect } from 'chai';
import {
  printFigure,
  tableAsCsv,
  tableAsLatex,
  tableAsMarkdown,
  tableAsText,
} from '../../src/reports/tables.ts';

const table = {
  columns: ['method', 'AUC seen', 'minutes'],
  rows: [
    ['none', { value: 0.91234, interval: { low: 0.88, high: 0.941 } }, '3.1'],
    ['a|b', { value: 0.5, interval: null }, '12'],
  ],
};

describe('results tables', () => {
  it('as text', () => {
    expect(tableAsText(table)).to.equal(
      [
        'method              AUC seen  minutes',
        '──────  ────────────────────  ───────',
        'none    0.912 [0.880, 0.941]      3.1',
        'a|b                    0.500       12',
        '',
      ].join('\n'),
    );
  });

  it('as Markdown', () => {
    expect(tableAsMarkdown(table)).to.equal(
      [
        '| method | AUC seen | minutes |',
        '| --- | ---: | ---: |',
        '| none | 0.912 [0.880, 0.941] | 3.1 |',
        '| a\\|b | 0.500 | 12 |',
        '',
      ].join('\n'),
    );
  });

  it('as CSV, with every digit and a column for each end of an interval', () => {
    expect(tableAsCsv(table)).to.equal(
      [
        'method,AUC seen,AUC seen low,AUC seen high,minutes',
        'none,0.91234,0.88,0.941,3.1',
        'a|b,0.5,,,12',
        '',
      ].join('\n'),
    );
    const quoted = { columns: ['a,b', 'c'], rows: [['say "x"', { value: 1 / 3, interval: null }]] };
    expect(tableAsCsv(quoted)).to.equal(`"a,b",c\n"say ""x""",${1 / 3}\n`);
  });

  it('as LaTeX, its commands escaped', () => {
    const special = {
      columns: ['a_b', '50 % & $'],
      rows: [['[x] {~^} #\\', '–'], table.rows[0]!.slice(0, 2)],
    };
    expect(tableAsLatex(special)).to.equal(
      [
        '\\begin{tabular}{lr}',
        '\\hline',
        'a\\_b & 50 \\% \\& \\$ \\\\',
        '\\hline',
        '{[}x] \\{\\textasciitilde{}\\textasciicircum{}\\} \\#\\textbackslash{} & -- \\\\',
        'none & 0.912 {[}0.880, 0.941] \\\\',
        '\\hline',
        '\\end{tabular}',
        '',
      ].join('\n'),
    );
  });

  it('columns that name a row stand to the left, however many there are', () => {
    const named = { columns: ['AUC', 'row', 'mean'], names: 2, rows: [['unseen', 'none', '.5']] };
    expect(tableAsText(named).split('\n')[2]).to.equal('unseen  none    .5');
    expect(tableAsMarkdown(named).split('\n')[1]).to.equal('| --- | --- | ---: |');
    expect(tableAsLatex(named)).to.match(/^\\begin\{tabular\}\{llr\}/);
  });

  it('no table of NaN, nor of rows that do not fit', () => {
    expect(() => printFigure({ value: NaN, interval: null })).to.throw('NaN');
    for (const print of [tableAsText, tableAsMarkdown, tableAsCsv, tableAsLatex]) {
      expect(() => print({ ...table, rows: [['x']] })).to.throw('1 cells under 3');
      const broken = { value: NaN, interval: null };
      expect(() => print({ ...table, rows: [['x', broken, 'y']] })).to.throw('NaN');
    }
  });
});
