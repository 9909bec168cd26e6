/** Results tables: as aligned text for a terminal, Markdown for a page, CSV for a program and LaTeX for a paper. */
import { csvLine } from '../data/csv.ts';

/** A figure with its confidence interval, if there is one. */
export interface Figure {
  readonly value: number;
  readonly interval: { readonly low: number; readonly high: number } | null;
}

export type Cell = string | Figure;

export interface ResultsTable {
  /** The first column names the row, e.g. `['method', 'AUC seen', 'AUC unseen', 'faceswap']`. */
  readonly columns: readonly string[];
  /** How many columns name the row; 1 if left out. They stand to the left, all else to the right. */
  readonly names?: number;
  readonly rows: readonly (readonly Cell[])[];
}

/** `0.912 [0.880, 0.941]`: intervals of shares are not symmetric, so both ends are given. */
export function printFigure(figure: Figure, digits = 3): string {
  if (!Number.isFinite(figure.value)) throw new Error(`results table: a figure is ${figure.value}`);
  const print = (value: number) => value.toFixed(digits);
  const { interval } = figure;
  return interval === null
    ? print(figure.value)
    : `${print(figure.value)} [${print(interval.low)}, ${print(interval.high)}]`;
}

/** Columns aligned by spaces: names to the left, figures to the right. */
export function tableAsText(table: ResultsTable): string {
  const lines = [table.columns, ...printed(table)];
  const widths = table.columns.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const align = (cell: string, column: number) =>
    column < namesOf(table) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
  const rule = widths.map((width) => '─'.repeat(width));
  return [lines[0]!, rule, ...lines.slice(1)]
    .map((line) => `${line.map(align).join('  ').trimEnd()}\n`)
    .join('');
}

/** A GitHub-flavoured Markdown table. */
export function tableAsMarkdown(table: ResultsTable): string {
  const escape = (cell: string) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const rule = table.columns.map((_, column) => (column < namesOf(table) ? '---' : '---:'));
  return [table.columns.map(escape), rule, ...printed(table).map((row) => row.map(escape))]
    .map((line) => `| ${line.join(' | ')} |\n`)
    .join('');
}

/**
 * CSV (RFC 4180) with every digit of the figures; a column with intervals is followed by two of their ends, `NAME low` and `NAME high`, empty where a figure has
 * none.
 */
export function tableAsCsv(table: ResultsTable): string {
  const rows = checked(table);
  const ranged = table.columns.map((_, column) =>
    rows.some((row) => typeof row[column] !== 'string' && row[column]!.interval !== null),
  );
  const header = table.columns.flatMap((name, column) =>
    ranged[column] ? [name, `${name} low`, `${name} high`] : [name],
  );
  const fields = (cell: Cell, column: number): string[] => {
    if (typeof cell === 'string') return ranged[column] ? [cell, '', ''] : [cell];
    const { value, interval } = cell;
    const ends = interval === null ? ['', ''] : [String(interval.low), String(interval.high)];
    return [String(value), ...(ranged[column] ? ends : [])];
  };
  return [header, ...rows.map((row) => row.flatMap(fields))].map(csvLine).join('');
}

/** A LaTeX tabular, without packages; what LaTeX would read as a command is escaped. */
export function tableAsLatex(table: ResultsTable): string {
  const line = (cells: readonly string[]): string => `${cells.map(escapeLatex).join(' & ')} \\\\\n`;
  const names = namesOf(table);
  return [
    `\\begin{tabular}{${'l'.repeat(names)}${'r'.repeat(table.columns.length - names)}}\n\\hline\n`,
    line(table.columns),
    '\\hline\n',
    ...printed(table).map(line),
    '\\hline\n\\end{tabular}\n',
  ].join('');
}

/** The formats by the names that a command line takes. */
export const TABLE_FORMATS = {
  text: tableAsText,
  markdown: tableAsMarkdown,
  csv: tableAsCsv,
  latex: tableAsLatex,
} as const;
export type TableFormat = keyof typeof TABLE_FORMATS;

const LATEX: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '–': '--',
  '−': '$-$',
  '\n': ' ',
  '[': '{[}', // after the end of a line it would begin an option
};

function escapeLatex(cell: string): string {
  return cell.replace(/[\\~^–−\n[&%$#_{}]/g, (character) => LATEX[character] ?? `\\${character}`);
}

function namesOf({ names = 1 }: ResultsTable): number {
  return names;
}

function checked(table: ResultsTable): readonly (readonly Cell[])[] {
  for (const row of table.rows) {
    if (row.length !== table.columns.length) {
      throw new Error(`results table: a row of ${row.length} cells under ${table.columns.length} columns`);
    }
    for (const cell of row) if (typeof cell !== 'string') printFigure(cell); // throws on what is no number
  }
  return table.rows;
}

function printed(table: ResultsTable): string[][] {
  return checked(table).map((row) =>
    row.map((cell) => (typeof cell === 'string' ? cell : printFigure(cell))),
  );
}
