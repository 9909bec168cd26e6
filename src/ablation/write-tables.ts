/** The tables of a study, written beside its runs. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { svgAndPngOf } from '../reports/charts.ts';
import { writeFileAtomic } from '../reports/files.ts';
import { heatMap } from '../reports/heat-map.ts';
import { withMarkedSection } from '../reports/marked-section.ts';
import {
  tableAsCsv,
  tableAsLatex,
  tableAsMarkdown,
  tableAsText,
  type ResultsTable,
} from '../reports/tables.ts';
import { compareRows } from './comparison.ts';
import { costTable, figuresTable, notesOf, numbersTable } from './comparison-table.ts';
import { heatCells, matrixNotes, matrixNumbers, matrixOf, matrixTable, type Matrix } from './matrix.ts';
import { METRICS } from './figure.ts';
import type { TestedStudyRun } from './read-study.ts';
import type { Study } from './study.ts';

export interface WrittenTables {
  /** The tables and their notes for a terminal. */
  readonly text: string;
  readonly files: readonly string[];
}

interface Tables {
  readonly reading: readonly ResultsTable[];
  readonly numbers: ResultsTable;
  readonly notes: readonly string[];
  readonly matrix: Matrix | null;
}

/**
 * Writes `table.md`, `table.tex` and `table.csv`, of a matrix also `heat-map.svg` and `heat-map.png`; with `markdown` it replaces the part of that file between
 * the comments that name the study.
 *
 * @throws if runs cannot be compared (nothing is written then), or the file has no such comments
 */
export async function writeTables(study: Study, runs: readonly TestedStudyRun[]): Promise<WrittenTables> {
  const { reading, numbers, notes, matrix } = tablesOf(study, runs);
  const markdown = `${reading.map(tableAsMarkdown).join('\n')}\n${notes.join(' ')}\n`;
  const page = study.markdown === null ? [] : [{ file: study.markdown, content: pageWith(study, markdown) }];
  const inDir = (file: string): string => path.join(study.dir, file);
  const pictures = matrix === null ? [] : await picturesOf(study, matrix);
  const files = [
    { file: inDir('table.md'), content: markdown },
    { file: inDir('table.tex'), content: reading.map(tableAsLatex).join('\n') },
    { file: inDir('table.csv'), content: tableAsCsv(numbers) },
    ...pictures.map(({ file, content }) => ({ file: inDir(file), content })),
    ...page,
  ];
  for (const { file, content } of files) writeFileAtomic(file, content);
  return {
    text: `${reading.map(tableAsText).join('\n')}\n${notes.map((note) => `${note}\n`).join('')}`,
    files: files.map(({ file }) => file),
  };
}

function tablesOf(study: Study, runs: readonly TestedStudyRun[]): Tables {
  if (study.table === 'matrix') {
    const matrix = matrixOf(study, runs);
    return {
      ...{ matrix, reading: [matrixTable(matrix)], numbers: matrixNumbers(study, matrix) },
      notes: matrixNotes(study, matrix),
    };
  }
  const comparison = compareRows(study, runs);
  return {
    reading: [figuresTable(study, comparison), costTable(study, comparison)],
    ...{ matrix: null, numbers: numbersTable(study, comparison) },
    notes: notesOf(study, comparison),
  };
}

function pageWith({ name, markdown }: Study, content: string): string {
  return withMarkedSection(readFileSync(markdown!, 'utf8'), `ablation: ${name}`, content, markdown!);
}

async function picturesOf(
  { seeds, metric }: Study,
  matrix: Matrix,
): Promise<{ file: string; content: string | Uint8Array }[]> {
  const cells = heatCells(matrix);
  if (cells.length === 0) return [];
  const { title: figure, chance } = METRICS[metric];
  const chart = heatMap(
    {
      ...{ figure, chance },
      title: `${figure} by training set and test${seeds.length > 1 ? `, mean of ${seeds.length} seeds` : ''}`,
      ...{
        rowTitle: 'trained on',
        columnTitle: 'tested on',
        mark: 'framed: training showed this manipulation',
      },
    },
    cells,
  );
  const { svg, png } = await svgAndPngOf(chart);
  return [
    { file: 'heat-map.svg', content: svg },
    { file: 'heat-map.png', content: png },
  ];
}
