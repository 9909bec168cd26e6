/**
 * Score tables: one row an image, the only thing that evaluation needs from a detector. They are kept as files, so
 * that metrics can be computed again, by this code or another, without the images and without the network.
 */
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { csvLine, csvParser } from '../data/csv.ts';
import type { Split } from '../data/dataset.ts';
import { writeFileAtomic } from '../reports/files.ts';

export interface ScoreRow {
  /** Unique in the table: the sample's id. */
  readonly id: string;
  /** 0 = real, 1 = fake. */
  readonly label: 0 | 1;
  /** The forgery method; `'real'` exactly when label is 0. */
  readonly manipulation: string;
  /** The independent unit (video, or person in a photo). */
  readonly videoId: string;
  readonly split: Split;
  /** The detector's output, higher = more likely fake; finite. Probability or logit, the same for all rows. */
  readonly score: number;
}

const COLUMNS = ['id', 'label', 'manipulation', 'videoId', 'split', 'score'] as const;
const SPLITS: readonly string[] = ['train', 'val', 'test'] satisfies Split[];

/**
 * Writes a score table, atomically, as CSV (RFC 4180, one header line) or JSON lines, after the file's ending. Scores
 * keep every bit of a double.
 *
 * @throws on another ending, an invalid row (names it), or a folder that cannot be written
 */
export function writeScores(file: string, rows: readonly ScoreRow[]): void {
  const format = formatOf(file);
  if (rows.length === 0) throw new Error(`${file}: no rows to write`);
  checkRows(rows, (row, index) => `${file}: row ${index} ('${row.id}')`);
  writeFileAtomic(file, format.print(rows));
}

/**
 * Reads a score table written by {@link writeScores} or by other software in the same layout.
 *
 * @throws on anything that is not exactly such a table, naming the line: other columns, a doubled id, a label that
 *   contradicts the manipulation, a score that is not a number, a last line that is cut off
 */
export function readScores(file: string): ScoreRow[] {
  const format = formatOf(file);
  const text = readFileSync(file, 'utf8');
  if (text === '') throw new Error(`${file}: is empty`);
  if (!text.endsWith('\n')) {
    throw new Error(`${file}: ends in the middle of a line, so rows may be missing; write it again`);
  }
  const { rows, lines } = format.parse(text, file);
  checkRows(rows, (_, index) => `${file}:${lines[index]}`);
  return rows;
}

interface Parsed {
  readonly rows: ScoreRow[];
  /** The line (from 1) on which each row starts. */
  readonly lines: number[];
}

interface Format {
  print(rows: readonly ScoreRow[]): string;
  parse(text: string, file: string): Parsed;
}

function formatOf(file: string): Format {
  const ending = extname(file).toLowerCase();
  if (ending === '.csv') return csv;
  if (ending === '.jsonl') return jsonLines;
  throw new Error(`${file}: a score table's name ends in .csv or .jsonl, not '${ending}'`);
}

const csv: Format = {
  print: (rows) =>
    [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => String(row[column])))].map(csvLine).join(''),
  parse(text, file) {
    const parser = csvParser(file);
    const [header, ...records] = parser.push(text);
    parser.end();
    if (header?.fields.join(',') !== COLUMNS.join(',')) {
      throw new Error(
        `${file}:1: the columns must be ${COLUMNS.join(',')}, found ${header?.fields.join(',') ?? ''}`,
      );
    }
    const rows = records.map(({ fields, line }) => {
      if (fields.length !== COLUMNS.length) {
        throw new Error(`${file}:${line}: ${fields.length} fields where ${COLUMNS.length} belong`);
      }
      const [id, label, manipulation, videoId, split, score] = fields as [
        string,
        string,
        string,
        string,
        string,
        string,
      ];
      return toRow(
        { id, label: asNumber(label), manipulation, videoId, split, score: asNumber(score) },
        `${file}:${line}`,
      );
    });
    return { rows, lines: records.map(({ line }) => line) };
  },
};

const jsonLines: Format = {
  print: (rows) =>
    rows
      .map((row) => `${JSON.stringify(Object.fromEntries(COLUMNS.map((column) => [column, row[column]])))}\n`)
      .join(''),
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

/** Only plain decimal numbers: `Number` alone would take '' for 0 and '0x1' for 1. */
function asNumber(text: string): number | string {
  return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : text;
}

/** Checks the shape of one parsed row. */
function toRow(value: unknown, where: string): ScoreRow {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${where}: not an object with the keys ${COLUMNS.join(', ')}`);
  }
  const row = value as Record<string, unknown>;
  const keys = Object.keys(row);
  const missing = COLUMNS.filter((column) => !keys.includes(column));
  const extra = keys.filter((key) => !(COLUMNS as readonly string[]).includes(key));
  if (missing.length > 0) throw new Error(`${where}: misses ${missing.join(', ')}`);
  if (extra.length > 0)
    throw new Error(`${where}: unknown ${extra.join(', ')}; known are ${COLUMNS.join(', ')}`);
  for (const column of ['id', 'manipulation', 'videoId', 'split'] as const) {
    if (typeof row[column] !== 'string') throw new Error(`${where}: ${column} is not text`);
  }
  if (typeof row['score'] !== 'number') {
    throw new Error(`${where}: score is ${JSON.stringify(row['score'])}, not a number`);
  }
  return row as unknown as ScoreRow;
}

function checkRows(rows: readonly ScoreRow[], whereIs: (row: ScoreRow, index: number) => string): void {
  const seen = new Set<string>();
  rows.forEach((row, index) => {
    const fail = (what: string): never => {
      throw new Error(`${whereIs(row, index)}: ${what}`);
    };
    if (row.id === '') fail('id is empty');
    if (seen.has(row.id)) fail(`id '${row.id}' is there twice`);
    seen.add(row.id);
    if (row.label !== 0 && row.label !== 1)
      fail(`label is ${String(row.label)}; 0 (real) or 1 (fake) belong here`);
    if ((row.label === 0) !== (row.manipulation === 'real')) {
      fail(
        `label ${row.label} contradicts manipulation '${row.manipulation}' ('real' belongs to label 0 only)`,
      );
    }
    if (row.manipulation === '') fail('manipulation is empty');
    if (row.videoId === '') fail('videoId is empty');
    if (!SPLITS.includes(row.split)) fail(`split is '${row.split}'; ${SPLITS.join(', ')} belong here`);
    if (!Number.isFinite(row.score)) fail(`score is ${row.score}, not a finite number`);
  });
}
