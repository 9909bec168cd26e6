/** From what a file holds to rows that keep what row.ts promises. */
import { posix } from 'node:path';
import { FAKE, REAL } from '../dataset.ts';
import { videoOf, withoutExtension } from '../path-rule.ts';
import { COLUMN_NAMES, COLUMNS, type Column, type ColumnName, type RawRow } from './columns.ts';
import type { ManifestRow } from './row.ts';

/**
 * A check that is given the rows of one file, one after the other, each with its number; it knows the images that it has seen. Empty cells
 * and missing columns become: manipulation `real` or `fake`, as the label says; video and pair as data=folder takes them from the path
 * ({@link placeOf}); identities none; all else null.
 *
 * @param placeOfRow for messages: where the row of a number is
 * @returns the row; throws, naming the place and the column, at a value that the column does not accept or that contradicts another
 */
export function rowCheck(
  placeOfRow: (number: number) => string,
): (raw: RawRow, number: number) => ManifestRow {
  const seen = new Map<string, number>();
  return (raw, number) => {
    const row = toRow(raw, placeOfRow(number));
    const before = seen.get(row.image);
    if (before !== undefined) {
      const places = `${placeOfRow(number)}: image ${row.image} is at ${placeOfRow(before)} already`;
      throw new Error(`${places}; every image has one row`);
    }
    seen.set(row.image, number);
    return row;
  };
}

function toRow(raw: RawRow, where: string): ManifestRow {
  const values = Object.fromEntries(
    COLUMN_NAMES.map((name) => [name, valueOf(name, raw[name], where)]),
  ) as Partial<ManifestRow> & Pick<ManifestRow, 'image' | 'label'>;
  const image = insideFolder(values.image, where, 'image');
  const { label } = values;
  const manipulation = values.manipulation ?? (label === REAL ? 'real' : 'fake');
  if ((label === REAL) !== (manipulation === 'real')) {
    throw new Error(
      `${where}: label ${label} contradicts manipulation '${manipulation}'; 0 is real, and 'real' belongs to label ${REAL} only, ${FAKE} is fake`,
    );
  }
  const place = placeOf(image, manipulation);
  const packed = [values.shard ?? null, values.offset ?? null, values.bytes ?? null] as const;
  if (packed.includes(null) && packed.some((value) => value !== null)) {
    throw new Error(`${where}: of shard, offset and bytes some are empty; an image in a shard has all three`);
  }
  const [shard, offset, bytes] = packed;
  return {
    image,
    label,
    manipulation,
    compression: values.compression ?? null,
    video: values.video ?? place.video,
    frame: values.frame ?? null,
    face: values.face ?? null,
    pair: values.pair ?? place.pair,
    identities: values.identities ?? [],
    split: values.split ?? null,
    source_hash: values.source_hash ?? null,
    landmarks: values.landmarks ?? null,
    shard: shard === null ? null : insideFolder(shard, where, 'shard'),
    offset,
    bytes,
  };
}

function valueOf(name: ColumnName, value: unknown, where: string): unknown {
  const { accept, expects, required } = COLUMNS[name] as Column;
  const isNone = value === null || value === undefined || (typeof value === 'number' && Number.isNaN(value));
  if (isNone && !required) return null;
  const accepted = isNone ? undefined : accept(value);
  if (accepted === undefined) {
    throw new Error(`${where}: column ${name} is ${inWords(value)}; ${expects} belongs there`);
  }
  return accepted;
}

function insideFolder(given: string, where: string, column: 'image' | 'shard'): string {
  const path = posix.normalize(given);
  const isOutside =
    posix.isAbsolute(path) || /^[a-z]:/i.test(path) || path === '..' || path.startsWith('../');
  if (isOutside || path.includes('\\')) {
    throw new Error(
      `${where}: ${column} ${given} ${isOutside ? 'is outside the folder' : 'has a backslash'}; paths start at the folder of the manifest and have /`,
    );
  }
  return path;
}

const CLASS_OR_SPLIT = /^(train|val|valid|validation|test|real|0_real|original|pristine|fake|1_fake)$/i;

/**
 * Video and pair of an image whose row does not tell them: folders that are named after a split, a class or the manipulation are left out
 * at the beginning of the path, and the rest is read as data=folder does below a class folder.
 */
export function placeOf(
  image: string,
  manipulation: string,
): { readonly video: string; readonly pair: string } {
  const parts = image.split('/');
  while (parts.length > 1) {
    const first = parts[0] as string;
    if (!CLASS_OR_SPLIT.test(first) && first.toLowerCase() !== manipulation.toLowerCase()) break;
    parts.shift();
  }
  const below = parts.join('/');
  return { video: videoOf(below), pair: withoutExtension(below) };
}

function inWords(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return `of type ${value.constructor.name}`;
  return String(value as number | bigint | boolean);
}
