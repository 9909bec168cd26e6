import { expect } from 'chai';
import { printFigure, tableAsMarkdown, tableAsText } from '../../src/reports/tables.ts';

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

  it('no table of NaN, nor of rows that do not fit', () => {
    expect(() => printFigure({ value: NaN, interval: null })).to.throw('NaN');
    expect(() => tableAsText({ ...table, rows: [['x']] })).to.throw('1 cells under 3');
  });
});
