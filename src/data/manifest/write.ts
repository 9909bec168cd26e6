/** Writes a manifest. */
import { parquetWriteBuffer, type ColumnSource } from 'hyparquet-writer';
import { writeWhole } from '../whole-file.ts';
import type { ManifestRow } from './row.ts';

/** Writes the rows as a Parquet file, whole or not at all. */
export async function writeManifest(file: string, rows: readonly ManifestRow[]): Promise<void> {
  const column = (name: keyof ManifestRow, type: 'STRING' | 'INT32' | 'JSON'): ColumnSource => ({
    name,
    type,
    data: rows.map((row) => row[name]),
    nullable: true,
  });
  const columnData: ColumnSource[] = [
    column('image', 'STRING'),
    column('label', 'INT32'),
    column('manipulation', 'STRING'),
    column('compression', 'STRING'),
    column('video', 'STRING'),
    column('frame', 'INT32'),
    column('pair', 'STRING'),
    column('identities', 'JSON'),
    column('split', 'STRING'),
    column('source_hash', 'STRING'),
    column('landmarks', 'JSON'),
  ];
  await writeWhole(file, new Uint8Array(parquetWriteBuffer({ columnData })));
}
