/** Manifests as Parquet: written and read row group by row group. Strings and numbers are as pandas, pyarrow and DuckDB write them. */
import * as zlib from 'node:zlib';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import type { Compressors, FileMetaData } from 'hyparquet';
import { fileWriter, parquetWriteRows } from 'hyparquet-writer';
import { COLUMN_NAMES, COLUMNS, type RawRow } from './columns.ts';
import type { ManifestFormat, RawManifest } from './format.ts';

/** With landmarks some 6 MB of values. */
const ROWS_A_GROUP = 10_000;

export const parquetFormat: ManifestFormat = {
  write: async (file, rows) => {
    await parquetWriteRows({
      writer: fileWriter(file),
      rows,
      columns: COLUMN_NAMES.map((name) => ({ name })),
      schema: [
        { name: 'manifest', num_children: COLUMN_NAMES.length },
        ...COLUMN_NAMES.flatMap((name) => COLUMNS[name].schema(name)),
      ],
      rowGroupSize: ROWS_A_GROUP,
    });
  },
  open: async (file) => {
    const buffer = await asyncBufferFromFile(file);
    const metadata = await parquetMetadataAsync(buffer, { geoparquet: false }).catch((cause: unknown) => {
      throw new Error(
        `${file} is no whole Parquet file (${reason(cause)}); write it again, or name it .csv if it is one`,
        { cause },
      );
    });
    const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
    const placeOf = (row: number): string => `${file}: row ${row}`;
    return { columns, placeOf, rows: (names) => rowsOf(file, buffer, metadata, names) };
  },
};

async function* rowsOf(
  file: string,
  buffer: Awaited<ReturnType<typeof asyncBufferFromFile>>,
  metadata: FileMetaData,
  names: readonly string[],
): ReturnType<RawManifest['rows']> {
  checkCodecs(file, metadata);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const options = {
      file: buffer,
      metadata,
      columns: [...names],
      rowStart,
      rowEnd,
      compressors: COMPRESSORS,
    };
    const rows = await parquetReadObjects(options).catch((cause: unknown) => {
      throw new Error(
        `${file}: rows ${rowStart} to ${rowEnd - 1} cannot be read (${reason(cause)}); write it again`,
        {
          cause,
        },
      );
    });
    for (const [i, row] of rows.entries()) yield [row as RawRow, rowStart + i];
    rowStart = rowEnd;
  }
}

/** Newer versions of Node have it. */
const zstd = (zlib as { readonly zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array }).zstdDecompressSync;

/** What is read beside uncompressed pages and Snappy. */
const COMPRESSORS: Compressors = {
  GZIP: (bytes) => zlib.gunzipSync(bytes),
  BROTLI: (bytes) => zlib.brotliDecompressSync(bytes),
  ...(zstd === undefined ? {} : { ZSTD: zstd }),
};

function checkCodecs(file: string, { row_groups }: FileMetaData): void {
  const known = ['UNCOMPRESSED', 'SNAPPY', ...Object.keys(COMPRESSORS)];
  const codecs = row_groups.flatMap(({ columns }) =>
    columns.map(({ meta_data }) => meta_data?.codec ?? 'UNCOMPRESSED'),
  );
  const unknown = codecs.find((codec) => !known.includes(codec));
  if (unknown !== undefined) {
    throw new Error(
      `${file} is compressed with ${unknown}, not one of ${known.join(', ')}; write it again with snappy`,
    );
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
