/** Reading and writing manifests: a table with a row an image, as Parquet or CSV after the file's ending. */
import { randomUUID } from 'node:crypto';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { rowCheck } from './check-rows.ts';
import { COLUMN_NAMES, COLUMNS, type ColumnName } from './columns.ts';
import { csvFormat } from './csv-format.ts';
import type { ManifestFormat } from './format.ts';
import { parquetFormat } from './parquet-format.ts';
import type { ManifestRow } from './row.ts';

/**
 * Writes a manifest, whole or not at all; ten thousand rows are in memory at a time, so `rows` may be a stream. Landmarks are written to
 * Parquet as float32.
 *
 * @throws naming the row if one is not as row.ts says, an image is there twice, or there is no row; or what the file system says
 */
export async function writeManifest(
  file: string,
  rows: Iterable<ManifestRow> | AsyncIterable<ManifestRow>,
): Promise<void> {
  const format = formatOf(file);
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    await format.write(temporary, checked(file, rows));
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** A manifest that was opened, its rows not yet read. */
export interface OpenManifest {
  /** Columns of the file that mean nothing here and are left out. */
  readonly unknownColumns: readonly string[];
  /**
   * The rows in the order of the file, a part of it in memory at a time.
   *
   * @throws naming the file, the row (from 0) or line (from 1) and the column of a value that does not belong there; or if there is no row
   */
  readonly rows: () => AsyncGenerator<ManifestRow, void>;
}

/**
 * Opens a manifest. Columns other than image and label may be missing, and cells of theirs be empty: see {@link rowCheck} for what stands
 * for them.
 *
 * @param without columns that are not read, as if the file had none of them: landmarks take most of the time
 * @throws if the file is missing, of another format, or has no column image or label
 */
export async function openManifest(file: string, without: readonly ColumnName[] = []): Promise<OpenManifest> {
  const format = formatOf(file);
  await access(file).catch((cause: unknown) => {
    throw new Error(`${file} is missing or cannot be read; paths start at the working folder`, { cause });
  });
  const { columns, rows, placeOf } = await format.open(file);
  const names = COLUMN_NAMES.filter((name) => columns.includes(name) && !without.includes(name));
  const missing = COLUMN_NAMES.filter((name) => COLUMNS[name].required && !columns.includes(name));
  if (missing.length > 0) {
    throw new Error(
      `${file} has no column ${missing.join(' and none ')}; it has ${columns.join(', ')}. Known are ${COLUMN_NAMES.join(', ')}`,
    );
  }
  return {
    unknownColumns: columns.filter((name) => !(COLUMN_NAMES as readonly string[]).includes(name)),
    rows: async function* () {
      const check = rowCheck(placeOf);
      let isEmpty = true;
      for await (const [raw, number] of rows(names)) {
        yield check(raw, number);
        isEmpty = false;
      }
      if (isEmpty) throw new Error(`${file} has no row`);
    },
  };
}

/** All rows of a manifest, see {@link openManifest}. */
export async function readManifest(file: string): Promise<readonly ManifestRow[]> {
  const rows: ManifestRow[] = [];
  for await (const row of (await openManifest(file)).rows()) rows.push(row);
  return rows;
}

function formatOf(file: string): ManifestFormat {
  const ending = extname(file).toLowerCase();
  if (ending === '.parquet') return parquetFormat;
  if (ending === '.csv') return csvFormat;
  throw new Error(`${file}: a manifest's name ends in .parquet or .csv, not '${ending}'`);
}

async function* checked(
  file: string,
  rows: Iterable<ManifestRow> | AsyncIterable<ManifestRow>,
): AsyncGenerator<ManifestRow, void> {
  const check = rowCheck((row) => `${file}: row ${row}`);
  let number = 0;
  for await (const row of rows) yield check(row, number++);
  if (number === 0) throw new Error(`${file}: there is no row to write`);
}
