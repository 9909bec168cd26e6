/** The two layouts of a score table: CSV and JSON lines. What the values must be among themselves is checked by scores.ts. */
import { extname } from 'node:path';
import { csvLine, csvParser } from '../data/csv.ts';
import type { ScoreRow } from './scores.ts';

const REQUIRED = ['id', 'label', 'manipulation', 'videoId', 'split', 'score'] as const;
/** A column of these is in a file if any row has a value for it; an empty cell is none. */
const OPTIONAL = ['compression', 'frame', 'face', 'logit'] as const;
const COLUMNS: readonly (keyof ScoreRow)[] = [...REQUIRED, ...OPTIONAL];
const TEXTS: readonly string[] = [
  'id',
  'manipulation',
  'videoId',
  'split',
  'compression',
] satisfies (keyof ScoreRow)[];

export interface Parsed {
  readonly rows: ScoreRow[];
  /** The line (from 1) on which each row starts. */
  readonly lines: number[];
}

export interface Format {
  print(rows: readonly ScoreRow[]): string;
  /** @throws naming file and line, where a column is unknown, missing or of another type */
  parse(text: string, file: string): Parsed;
}

/** The format that a file's ending names. Throws on another ending. */
export function formatOf(file: string): Format {
  const ending = extname(file).toLowerCase();
  if (ending === '.csv') return csv;
  if (ending === '.jsonl') return jsonLines;
  throw new Error(`${file}: a score table's name ends in .csv or .jsonl, not '${ending}'`);
}

const csv: Format = {
  print(rows) {
    const columns = columnsOf(rows);
    return [columns, ...rows.map((row) => columns.map((column) => String(row[column] ?? '')))]
      .map(csvLine)
      .join('');
  },
  parse(text, file) {
    const parser = csvParser(file);
    const [header, ...records] = parser.push(text);
    parser.end();
    const columns = header?.fields ?? [];
    if (!isHeader(columns)) {
      throw new Error(
        `${file}:1: the columns must be ${REQUIRED.join(',')}, and after them any of ${OPTIONAL.join(',')} in this order, found ${columns.join(',')}`,
      );
    }
    const rows = records.map(({ fields, line }) => {
      if (fields.length !== columns.length) {
        throw new Error(`${file}:${line}: ${fields.length} fields where ${columns.length} belong`);
      }
      const cells = columns.map((column, i) => [column, fromCell(column, fields[i]!)] as const);
      const row = Object.fromEntries(cells.filter(([column, value]) => value !== '' || isRequired(column)));
      return toRow(row, `${file}:${line}`);
    });
    return { rows, lines: records.map(({ line }) => line) };
  },
};

const jsonLines: Format = {
  print(rows) {
    const lines = rows.map((row) => Object.fromEntries(COLUMNS.map((column) => [column, row[column]])));
    return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  },
  parse(text, file) {
    const lines = text.split('\n').slice(0, -1);
    const rows = lines.map((line, index) => {
      const where = `${file}:${index + 1}`;
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch (error) {
        throw new Error(`${where}: not JSON: ${(error as Error).message}`, { cause: error });
      }
      return toRow(value, where);
    });
    return { rows, lines: rows.map((_, index) => index + 1) };
  },
};

function columnsOf(rows: readonly ScoreRow[]): readonly (keyof ScoreRow)[] {
  return [...REQUIRED, ...OPTIONAL.filter((column) => rows.some((row) => row[column] !== undefined))];
}

function isHeader(columns: readonly string[]): boolean {
  const known = COLUMNS.filter((column) => isRequired(column) || columns.includes(column));
  return columns.join(',') === known.join(',');
}

function isRequired(column: string): boolean {
  return (REQUIRED as readonly string[]).includes(column);
}

/** Only plain decimal numbers: `Number` alone would take '' for 0 and '0x1' for 1. */
function fromCell(column: string, text: string): number | string {
  return !TEXTS.includes(column) && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : text;
}

/** Checks the shape of one parsed row. */
function toRow(value: unknown, where: string): ScoreRow {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${where}: not an object with the keys ${REQUIRED.join(', ')}`);
  }
  const row = value as Record<string, unknown>;
  const keys = Object.keys(row);
  const missing = REQUIRED.filter((column) => !keys.includes(column));
  const extra = keys.filter((key) => !(COLUMNS as readonly string[]).includes(key));
  if (missing.length > 0) throw new Error(`${where}: misses ${missing.join(', ')}`);
  if (extra.length > 0)
    throw new Error(`${where}: unknown ${extra.join(', ')}; known are ${COLUMNS.join(', ')}`);
  for (const column of COLUMNS.filter((name) => name !== 'label' && keys.includes(name))) {
    if (TEXTS.includes(column)) {
      if (typeof row[column] !== 'string') throw new Error(`${where}: ${column} is not text`);
    } else if (typeof row[column] !== 'number') {
      throw new Error(`${where}: ${column} is ${JSON.stringify(row[column])}, not a number`);
    }
  }
  return row as unknown as ScoreRow;
}
