/**
 * ZIP archives of uncompressed entries, written as they come: an entry far larger than memory goes to the disk piece by piece. Sizes
 * and places are in ZIP64 fields always, so that nothing is too large and there is one way through.
 *
 * Format: PKWARE's APPNOTE 6.3, sections 4.3 to 4.5.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { explainWriteError } from './files.ts';

export interface ZipWriter {
  /** Begins an entry; the one before must have ended. Its name is printable ASCII, and no other entry's. */
  entry(name: string): ZipEntry;
  /** Ends the archive, through to the disk, and gives it its name. Throws if an entry has not ended. */
  close(): void;
  /** Removes what was written; after `close` it does nothing. */
  discard(): void;
}

export interface ZipEntry {
  append(bytes: Uint8Array): void;
  end(): void;
}

interface Entry {
  readonly name: Buffer;
  readonly start: number;
  crc: number;
  size: number;
}

/**
 * Opens an archive to write. It is a temporary file in the same folder until `close`.
 *
 * @throws an error naming the folder and the remedy if it cannot be written, here or later
 */
export function createZip(file: string): ZipWriter {
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw explainWriteError(error, file);
    }
  };
  const descriptor = guarded(() => openSync(temporary, 'w'));
  const entries: Entry[] = [];
  let at = 0;
  let unfinished: string | null = null;
  let done = false;

  const write = (bytes: Uint8Array, place: number): void => {
    for (let from = 0; from < bytes.length;) {
      from += guarded(() => writeSync(descriptor, bytes, from, bytes.length - from, place + from));
    }
  };
  const append = (bytes: Uint8Array): void => {
    write(bytes, at);
    at += bytes.length;
  };
  return {
    entry: (name) => {
      if (unfinished !== null)
        throw new Error(`${file}: ${unfinished} has not ended, so ${name} cannot begin`);
      if (!/^[\x20-\x7e]+$/.test(name))
        throw new Error(`${file}: '${name}' is no name of an entry: use ASCII`);
      const entry: Entry = { name: Buffer.from(name, 'latin1'), start: at, crc: 0, size: 0 };
      if (entries.some((other) => other.name.equals(entry.name))) {
        throw new Error(`${file}: ${name} is written twice`);
      }
      entries.push(entry);
      unfinished = name;
      append(localHeader(entry)); // its place; sum and size are known at the end
      return {
        append: (bytes) => {
          if (bytes.length === 0) return; // of an empty memory zlib says 0, whatever the sum so far
          entry.crc = crc32(bytes, entry.crc);
          entry.size += bytes.length;
          append(bytes);
        },
        end: () => {
          write(localHeader(entry), entry.start);
          unfinished = null;
        },
      };
    },
    close: () => {
      if (unfinished !== null) throw new Error(`${file}: ${unfinished} has not ended`);
      const start = at;
      entries.forEach((entry) => append(centralHeader(entry)));
      append(endOfArchive(entries.length, start, at - start));
      guarded(() => fsyncSync(descriptor));
      done = true;
      guarded(() => closeSync(descriptor));
      guarded(() => renameSync(temporary, file));
    },
    discard: () => {
      if (done) return;
      done = true;
      closeSync(descriptor);
      rmSync(temporary, { force: true });
    },
  };
}

/** ZIP's date of 1980-01-01: the same arrays give the same file, whenever it is written. */
const DATE = 0x0021;
/** "Version needed": 4.5, ZIP64. */
const ZIP64 = 45;
const IN_ZIP64_FIELD = 0xffffffff;

function localHeader({ name, crc, size }: Entry): Buffer {
  const bytes = Buffer.alloc(30 + name.length + 20);
  bytes.writeUInt32LE(0x04034b50, 0);
  bytes.writeUInt16LE(ZIP64, 4);
  bytes.writeUInt16LE(DATE, 12);
  bytes.writeUInt32LE(crc, 14);
  bytes.writeUInt32LE(IN_ZIP64_FIELD, 18);
  bytes.writeUInt32LE(IN_ZIP64_FIELD, 22);
  bytes.writeUInt16LE(name.length, 26);
  bytes.writeUInt16LE(20, 28);
  name.copy(bytes, 30);
  zip64Field([size, size]).copy(bytes, 30 + name.length);
  return bytes;
}

function centralHeader({ name, crc, size, start }: Entry): Buffer {
  const field = zip64Field([size, size, start]);
  const bytes = Buffer.alloc(46 + name.length + field.length);
  bytes.writeUInt32LE(0x02014b50, 0);
  bytes.writeUInt16LE(ZIP64, 4);
  bytes.writeUInt16LE(ZIP64, 6);
  bytes.writeUInt16LE(DATE, 14);
  bytes.writeUInt32LE(crc, 16);
  bytes.writeUInt32LE(IN_ZIP64_FIELD, 20);
  bytes.writeUInt32LE(IN_ZIP64_FIELD, 24);
  bytes.writeUInt16LE(name.length, 28);
  bytes.writeUInt16LE(field.length, 30);
  bytes.writeUInt32LE(IN_ZIP64_FIELD, 42);
  name.copy(bytes, 46);
  field.copy(bytes, 46 + name.length);
  return bytes;
}

/** Extra field 1: the numbers that 32 bits may not hold. */
function zip64Field(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + 8 * numbers.length);
  bytes.writeUInt16LE(1, 0);
  bytes.writeUInt16LE(8 * numbers.length, 2);
  numbers.forEach((number, i) => bytes.writeBigUInt64LE(BigInt(number), 4 + 8 * i));
  return bytes;
}

/** The ZIP64 end record, its locator, and the plain end record, which refers to them. */
function endOfArchive(count: number, start: number, size: number): Buffer {
  const bytes = Buffer.alloc(56 + 20 + 22);
  bytes.writeUInt32LE(0x06064b50, 0);
  bytes.writeBigUInt64LE(44n, 4);
  bytes.writeUInt16LE(ZIP64, 12);
  bytes.writeUInt16LE(ZIP64, 14);
  bytes.writeBigUInt64LE(BigInt(count), 24);
  bytes.writeBigUInt64LE(BigInt(count), 32);
  bytes.writeBigUInt64LE(BigInt(size), 40);
  bytes.writeBigUInt64LE(BigInt(start), 48);
  bytes.writeUInt32LE(0x07064b50, 56);
  bytes.writeBigUInt64LE(BigInt(start + size), 64);
  bytes.writeUInt32LE(1, 72);
  bytes.writeUInt32LE(0x06054b50, 76);
  bytes.writeUInt16LE(0xffff, 84);
  bytes.writeUInt16LE(0xffff, 86);
  bytes.writeUInt32LE(IN_ZIP64_FIELD, 88);
  bytes.writeUInt32LE(IN_ZIP64_FIELD, 92);
  return bytes;
}
