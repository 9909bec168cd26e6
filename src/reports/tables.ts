/** Results tables, as aligned text for a terminal and as Markdown for a page. */

/** A figure with its confidence interval, if there is one. */
export interface Figure {
  readonly value: number;
  readonly interval: { readonly low: number; readonly high: number } | null;
}

export type Cell = string | Figure;

export interface ResultsTable {
  /** The first column names the row, e.g. `['method', 'AUC seen', 'AUC unseen', 'faceswap']`. */
  readonly columns: readonly string[];
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
    column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
  const rule = widths.map((width) => '─'.repeat(width));
  return [lines[0]!, rule, ...lines.slice(1)]
    .map((line) => `${line.map(align).join('  ').trimEnd()}\n`)
    .join('');
}

/** A GitHub-flavoured Markdown table. */
export function tableAsMarkdown(table: ResultsTable): string {
  const escape = (cell: string) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const rule = table.columns.map((_, column) => (column === 0 ? '---' : '---:'));
  return [table.columns.map(escape), rule, ...printed(table).map((row) => row.map(escape))]
    .map((line) => `| ${line.join(' | ')} |\n`)
    .join('');
}

function printed(table: ResultsTable): string[][] {
  return table.rows.map((row) => {
    if (row.length !== table.columns.length) {
      throw new Error(`results table: a row of ${row.length} cells under ${table.columns.length} columns`);
    }
    return row.map((cell) => (typeof cell === 'string' ? cell : printFigure(cell)));
  });
}
