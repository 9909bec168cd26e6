/** The columns of a manifest: what each accepts, and how it is written in a cell of a CSV file and in Parquet. */
import type { SchemaElement } from 'hyparquet';
import type { Split } from '../dataset.ts';
import type { ManifestRow } from './row.ts';

export interface Column<T = unknown> {
  /** What is accepted, for messages. */
  readonly expects: string;
  /** Whether a file must have it, with a value in each row. */
  readonly required: boolean;
  /** The value as the row has it; undefined if it is not what the column expects. Never given null. */
  readonly accept: (value: unknown) => T | undefined;
  /** What a cell of a CSV file, never an empty one, stands for; to be accepted. */
  readonly fromCell: (cell: string) => unknown;
  /** The cell of a CSV file; null is the empty one. Throws if it cannot be told apart from another value. */
  readonly toCell: (value: T) => string;
  /** The column's own part of a Parquet schema. */
  readonly schema: (name: string) => readonly SchemaElement[];
}

/** Numbers of a row's `landmarks`: x and y of each of the 68 points. */
export const LANDMARK_NUMBERS = 136;

const SPLITS: readonly string[] = ['train', 'val', 'test'] satisfies Split[];
/** Between the items of a list in a cell. */
const BETWEEN = ';';

const text: Column<string> = {
  expects: 'text',
  required: false,
  accept: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
  fromCell: (cell) => cell,
  toCell: (value) => value,
  schema: (name) => [{ name, ...UTF8, repetition_type: 'OPTIONAL' }],
};

const label: Column<0 | 1> = {
  expects: '0 or real, 1 or fake',
  required: true,
  accept: (value) => {
    const word = typeof value === 'string' ? value.toLowerCase() : value;
    if (word === 'real' || word === 0 || word === 0n) return 0;
    return word === 'fake' || word === 1 || word === 1n ? 1 : undefined;
  },
  fromCell: (cell) => asNumber(cell) ?? cell,
  toCell: String,
  schema: (name) => [{ name, type: 'INT32', repetition_type: 'REQUIRED' }],
};

const wholeNumber: Column<number> = {
  expects: 'a whole number from 0 to 2147483647',
  required: false,
  accept: (value) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    return Number.isInteger(number) && (number as number) >= 0 && (number as number) < 2 ** 31
      ? (number as number)
      : undefined;
  },
  fromCell: (cell) => asNumber(cell) ?? cell,
  toCell: String,
  schema: (name) => [{ name, type: 'INT32', repetition_type: 'OPTIONAL' }],
};

const texts: Column<readonly string[]> = {
  expects: 'a list of texts',
  required: false,
  accept: (value) =>
    Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')
      ? (value as string[])
      : undefined,
  fromCell: (cell) => cell.split(BETWEEN),
  toCell: (value) => {
    const unclear = value.find((item) => item.includes(BETWEEN));
    if (unclear !== undefined) {
      throw new Error(`'${unclear}' has a '${BETWEEN}', which stands between items; write Parquet instead`);
    }
    return value.join(BETWEEN);
  },
  schema: (name) => listOf(name, { ...UTF8, repetition_type: 'REQUIRED' }),
};

const landmarks: Column<readonly number[]> = {
  expects: `a list of ${LANDMARK_NUMBERS} numbers, x and y of 68 points`,
  required: false,
  accept: (value) => {
    const isList = Array.isArray(value) || value instanceof Float32Array || value instanceof Float64Array;
    if (!isList || value.length !== LANDMARK_NUMBERS) return undefined;
    const numbers = Array.from(value as readonly number[]);
    return numbers.every(Number.isFinite) ? numbers : undefined;
  },
  fromCell: (cell) => cell.split(BETWEEN).map((item) => asNumber(item) ?? item),
  toCell: (value) => value.join(BETWEEN),
  schema: (name) => listOf(name, { type: 'FLOAT', repetition_type: 'REQUIRED' }),
};

/** Every column, in the order in which they are written. */
export const COLUMNS: { readonly [K in keyof ManifestRow]: Column<NonNullable<ManifestRow[K]>> } = {
  image: { ...text, required: true },
  label,
  manipulation: text,
  compression: text,
  video: text,
  frame: wholeNumber,
  face: wholeNumber,
  pair: text,
  identities: texts,
  split: {
    ...(text as Column<Split>),
    expects: `one of ${SPLITS.join(', ')}`,
    accept: (value) => (SPLITS.includes(value as string) ? (value as Split) : undefined),
  },
  source_hash: {
    ...text,
    expects: 'a sha256 in hexadecimal, 64 digits',
    accept: (value) =>
      typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : undefined,
  },
  landmarks,
  shard: text,
  offset: wholeNumber,
  bytes: wholeNumber,
};

export type ColumnName = keyof ManifestRow;
export const COLUMN_NAMES = Object.keys(COLUMNS) as readonly ColumnName[];

/** What a row of a file holds, column by column: null where a cell is empty, no key where the file has no such column. */
export type RawRow = Readonly<Partial<Record<ColumnName, unknown>>>;

const UTF8 = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;

/** A list as Parquet writes it: a group around the repeated element. */
function listOf(name: string, element: Omit<SchemaElement, 'name'>): SchemaElement[] {
  return [
    { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', ...element },
  ];
}

/** Only plain decimal numbers: `Number` alone would take '' for 0 and '0x1' for 1. */
function asNumber(cell: string): number | undefined {
  return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(cell) ? Number(cell) : undefined;
}
