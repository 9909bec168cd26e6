/** Manifests as CSV files with a line of column names: an empty cell is null, items of a list have `;` between them. */
import { createReadStream } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { csvLine, csvParser, type CsvRecord } from '../csv.ts';
import { COLUMN_NAMES, COLUMNS, type Column, type ColumnName } from './columns.ts';
import type { ManifestFormat, RawManifest } from './format.ts';
import type { ManifestRow } from './row.ts';

const LINES_AT_ONCE = 5000;

export const csvFormat: ManifestFormat = {
  write: async (file, rows) => {
    const output = await openFile(file, 'w');
    try {
      let lines = [csvLine(COLUMN_NAMES)];
      const flush = async (): Promise<void> => {
        await output.writeFile(lines.join(''));
        lines = [];
      };
      for await (const row of rows) {
        lines.push(csvLine(COLUMN_NAMES.map((name) => cellOf(row, name))));
        if (lines.length === LINES_AT_ONCE) await flush();
      }
      await flush();
    } finally {
      await output.close();
    }
  },
  open: async (file) => {
    const columns = await headOf(file);
    return { columns, placeOf: (line) => `${file}:${line}`, rows: (names) => rowsOf(file, columns, names) };
  },
};

function cellOf(row: ManifestRow, name: ColumnName): string {
  const value = row[name];
  if (value === null || (Array.isArray(value) && value.length === 0)) return '';
  try {
    return (COLUMNS[name] as Column).toCell(value);
  } catch (cause) {
    throw new Error(`image ${row.image}, column ${name}: ${(cause as Error).message}`, { cause });
  }
}

async function headOf(file: string): Promise<readonly string[]> {
  for await (const { fields } of recordsOf(file)) {
    const twice = fields.find((name, i) => fields.indexOf(name) !== i);
    if (twice !== undefined) throw new Error(`${file}:1: two columns are called '${twice}'`);
    return fields;
  }
  throw new Error(`${file} is empty; its first line must name the columns`);
}

async function* rowsOf(
  file: string,
  columns: readonly string[],
  names: readonly ColumnName[],
): ReturnType<RawManifest['rows']> {
  const wanted = names.map((name) => [name, columns.indexOf(name), COLUMNS[name] as Column] as const);
  let isHead = true;
  for await (const { fields, line } of recordsOf(file)) {
    if (!isHead) {
      if (fields.length !== columns.length) {
        throw new Error(`${file}:${line}: ${fields.length} fields where ${columns.length} belong`);
      }
      const cells = wanted.map(([name, at, { fromCell }]) => {
        const cell = fields[at] as string;
        return [name, cell === '' ? null : fromCell(ownCopy(cell))] as const;
      });
      yield [Object.fromEntries(cells), line];
    }
    isHead = false;
  }
}

async function* recordsOf(file: string): AsyncGenerator<CsvRecord, void> {
  const parser = csvParser(file);
  let isStart = true;
  for await (const piece of createReadStream(file, { encoding: 'utf8' }) as AsyncIterable<string>) {
    // spreadsheets put a byte order mark before the first name
    yield* parser.push(isStart ? piece.replace(/^\ufeff/, '') : piece);
    isStart = false;
  }
  parser.end();
}

/** V8 keeps a piece of the file for as long as a text that was cut out of it. */
function ownCopy(cell: string): string {
  return Buffer.from(cell).toString();
}
