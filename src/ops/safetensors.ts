/**
 * The safetensors format: named tensors and a text map in one file that nothing executes when it is read
 * (8 bytes: header length, little-endian; a JSON header of dtype, shape and byte range per tensor; the bytes). Any framework reads it.
 */
import { isStoredType, readNumbers, WIDTHS, type StoredType } from './stored-numbers.ts';

export interface NamedArray {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

export interface SafeTensors {
  readonly tensors: ReadonlyMap<string, NamedArray>;
  /** Texts by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

const MAX_HEADER = 100 * 1024 * 1024;

interface HeaderEntry {
  readonly dtype: StoredType;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/**
 * The file's bytes. Tensors lie in the map's order; the header is padded with blanks to a multiple of 8 bytes.
 * Throws if a tensor's shape and number of values disagree.
 */
export function encodeSafeTensors({ tensors, metadata }: SafeTensors): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { shape, values }] of tensors) {
    if (sizeOf(shape) !== values.length) {
      throw new Error(`tensor ${name} of shape [${shape.join(', ')}] has ${values.length} values`);
    }
    const end = offset + values.byteLength;
    const dtype = values instanceof Float32Array ? 'F32' : 'I32';
    header[name] = { dtype, shape, data_offsets: [offset, end] } satisfies HeaderEntry;
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + offset).fill(0x20, 8, 8 + headerLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(json, 8);
  let at = 8 + headerLength;
  for (const { values } of tensors.values()) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
}

/**
 * Reads what `encodeSafeTensors`, or any other writer, wrote: floats of any width as float32, integers as int32 (stored-numbers.ts).
 * Throws, naming `source`, if the file is truncated, its header is malformed, a tensor's range and shape disagree, an integer is
 * too large, or the tensors do not tile the data.
 */
export function decodeSafeTensors(bytes: Uint8Array, source: string): SafeTensors {
  const fail = (why: string): never => {
    throw new Error(`${source} is not a readable safetensors file: ${why}`);
  };
  if (bytes.length < 8) {
    fail(`it has ${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > MAX_HEADER || 8 + headerLength > bytes.length) {
    fail(`it is truncated: the header claims ${headerLength} bytes, the file has ${bytes.length}`);
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerLength), fail);
  const data = bytes.subarray(8 + headerLength);
  const tensors = new Map<string, NamedArray>();
  for (const [name, entry] of Object.entries(header.entries)) {
    const [from, to] = entry.data_offsets;
    const size = sizeOf(entry.shape);
    if (!(from >= 0 && from <= to && to <= data.length)) {
      fail(`tensor ${name} lies at bytes ${from} to ${to} of ${data.length}: the file is truncated`);
    }
    if (to - from !== size * WIDTHS[entry.dtype]) {
      fail(`tensor ${name} of shape [${entry.shape.join(', ')}] has ${to - from} bytes`);
    }
    try {
      tensors.set(name, { shape: entry.shape, values: readNumbers(data.subarray(from, to), entry.dtype) });
    } catch (error) {
      fail(`tensor ${name}: ${(error as Error).message}`);
    }
  }
  checkTiling(header.entries, data.length, fail);
  return { tensors, metadata: header.metadata };
}

/** Each byte of the data belongs to one tensor: two that share bytes, or bytes of none, are signs of a damaged header. */
function checkTiling(entries: Header['entries'], length: number, fail: (why: string) => never): void {
  const ranges = Object.entries(entries)
    .map(([name, { data_offsets: offsets }]) => ({ name, from: offsets[0], to: offsets[1] }))
    .sort((a, b) => a.from - b.from || a.to - b.to);
  let end = 0;
  for (const { name, from, to } of ranges) {
    if (from !== end) {
      fail(
        `tensor ${name} starts at byte ${from} and the one before ends at ${end}: they ${from < end ? 'overlap' : 'leave a gap'}`,
      );
    }
    end = to;
  }
  if (end !== length) {
    fail(`it has ${length - end} bytes that belong to no tensor`);
  }
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

interface Header {
  readonly entries: Readonly<Record<string, HeaderEntry>>;
  readonly metadata: Readonly<Record<string, string>>;
}

function parseHeader(bytes: Uint8Array, fail: (why: string) => never): Header {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return fail(`its header is no JSON (${(error as Error).message})`);
  }
  if (!isRecord(header)) {
    return fail('its header is no object');
  }
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((text) => typeof text === 'string')) {
    return fail('its __metadata__ is no map of texts');
  }
  for (const [name, entry] of Object.entries(entries)) {
    if (!isEntry(entry)) {
      fail(`tensor ${name} has no dtype of ${Object.keys(WIDTHS).join(', ')}, shape and data_offsets`);
    }
  }
  return { entries: entries as Header['entries'], metadata: metadata as Header['metadata'] };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEntry(value: unknown): value is HeaderEntry {
  const entry = value as Partial<HeaderEntry> | null;
  const naturals = (list: unknown): boolean =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  return (
    isStoredType(entry?.dtype) &&
    naturals(entry?.shape) &&
    naturals(entry?.data_offsets) &&
    entry?.data_offsets?.length === 2
  );
}
