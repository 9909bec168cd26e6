/** What a file format is to manifests. */
import type { ColumnName, RawRow } from './columns.ts';
import type { ManifestRow } from './row.ts';

export interface ManifestFormat {
  /** Writes rows that were checked, without holding them all. */
  readonly write: (file: string, rows: AsyncIterable<ManifestRow>) => Promise<void>;
  /** Opens a file; throws, naming it and the remedy, if it is not of this format. */
  readonly open: (file: string) => Promise<RawManifest>;
}

/** A file of which nothing but the head has been read. */
export interface RawManifest {
  /** The names of its columns, known or not. */
  readonly columns: readonly string[];
  /** The rows of the named columns, each with the number that `placeOf` takes; a part of the file is in memory at a time. */
  readonly rows: (names: readonly ColumnName[]) => AsyncIterable<readonly [RawRow, number]>;
  /** Where the row of a number is, file and line or row, for messages. */
  readonly placeOf: (number: number) => string;
}
