import fs from 'node:fs';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';

/**
 * A file in a zip archive (PKWARE's APPNOTE 6.3, sections 4.3 to 4.5, with 64-bit sizes; neither encrypted nor split).
 * @typedef {object} Entry
 * @property {string} name
 * @property {number} method 0 stored, 8 deflated
 * @property {number} packed size in the archive, in bytes
 * @property {number} size in bytes
 * @property {number} offset of its local header
 * @property {number} mode Unix permissions, 0 if the archive has none
 */

const END = 0x06054b50;
const END64_LOCATOR = 0x07064b50;
const CENTRAL = 0x02014b50;

/**
 * Unpacks the files whose names `wanted` accepts, below `folder`. Throws if the archive is cut off or cannot be read; its
 * checksums are not looked at, because the archive as a whole is pinned by its own.
 * @param {string} file
 * @param {string} folder
 * @param {(name: string) => boolean} wanted
 * @returns {Promise<number>} how many files were written
 */
export async function unzip(file, folder, wanted) {
  const archive = await fs.promises.open(file);
  try {
    const entries = (await readDirectory(archive, file)).filter(
      ({ name }) => !name.endsWith('/') && wanted(name),
    );
    for (const entry of entries) {
      const target = path.resolve(folder, entry.name);
      if (!target.startsWith(path.resolve(folder) + path.sep)) {
        throw new Error(`${file}: the entry ${entry.name} points outside`);
      }
      await fs.promises.mkdir(path.dirname(target), { recursive: true });
      await unpack(archive, file, entry, target);
    }
    return entries.length;
  } finally {
    await archive.close();
  }
}

/**
 * @param {fs.promises.FileHandle} archive
 * @param {string} file
 * @param {Entry} entry
 * @param {string} target
 */
async function unpack(archive, file, { name, method, packed, size, offset, mode }, target) {
  if (method !== 0 && method !== 8)
    throw new Error(`${file}: ${name} is packed by the unknown method ${method}`);
  // The local header repeats the name and may carry other extra fields, so its length has to be read.
  const local = await read(archive, file, offset, 30);
  const start = offset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  let written = 0;
  const count = new Transform({
    transform(/** @type {Buffer} */ chunk, _encoding, done) {
      written += chunk.length;
      done(null, chunk);
    },
  });
  const permissions = mode === 0 ? 0o644 : mode & 0o777;
  if (packed === 0) await fs.promises.writeFile(target, '', { mode: permissions });
  else {
    const out = fs.createWriteStream(target, { mode: permissions });
    const source = fs.createReadStream(file, { start, end: start + packed - 1, highWaterMark: 1 << 20 });
    if (method === 0) await pipeline(source, count, out);
    else await pipeline(source, zlib.createInflateRaw({ chunkSize: 1 << 20 }), count, out);
  }
  if (written !== size) throw new Error(`${file}: ${name} has ${written} bytes instead of ${size}`);
}

/**
 * @param {fs.promises.FileHandle} archive
 * @param {string} file
 * @returns {Promise<Entry[]>}
 */
async function readDirectory(archive, file) {
  const { size } = await archive.stat();
  const tailStart = Math.max(0, size - 22 - 0xffff);
  const tail = await read(archive, file, tailStart, size - tailStart);
  let end = tail.length - 22;
  while (end >= 0 && tail.readUInt32LE(end) !== END) end--;
  if (end < 0) throw new Error(`${file} is no zip archive, or its end is missing`);
  let length = tail.readUInt32LE(end + 12);
  let offset = tail.readUInt32LE(end + 16);
  if (end >= 20 && tail.readUInt32LE(end - 20) === END64_LOCATOR) {
    const record = await read(archive, file, Number(tail.readBigUInt64LE(end - 12)), 56);
    length = Number(record.readBigUInt64LE(40));
    offset = Number(record.readBigUInt64LE(48));
  }
  const directory = await read(archive, file, offset, length);
  /** @type {Entry[]} */
  const entries = [];
  for (let at = 0; at < length;) {
    if (directory.readUInt32LE(at) !== CENTRAL) throw new Error(`${file}: its directory is damaged`);
    const names = directory.readUInt16LE(at + 28);
    const extras = directory.readUInt16LE(at + 30);
    const name = directory.toString('utf8', at + 46, at + 46 + names);
    const extra = directory.subarray(at + 46 + names, at + 46 + names + extras);
    const [unpackedSize, packed, local] = wide(extra, [
      directory.readUInt32LE(at + 24),
      directory.readUInt32LE(at + 20),
      directory.readUInt32LE(at + 42),
    ]);
    entries.push({
      name,
      method: directory.readUInt16LE(at + 10),
      size: unpackedSize,
      packed,
      offset: local,
      mode: directory.readUInt16LE(at + 40),
    });
    at += 46 + names + extras + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/**
 * Replaces the fields that hold 2³² - 1 by their 64-bit values, which stand one after the other in extra field 1.
 * @param {Buffer} extra
 * @param {[number, number, number]} fields
 * @returns {[number, number, number]}
 */
function wide(extra, fields) {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let next = at + 4;
    for (const [index, field] of fields.entries()) {
      if (field !== 0xffffffff) continue;
      fields[index] = Number(extra.readBigUInt64LE(next));
      next += 8;
    }
  }
  return fields;
}

/**
 * @param {fs.promises.FileHandle} archive
 * @param {string} file
 * @param {number} position
 * @param {number} length
 */
async function read(archive, file, position, length) {
  const { bytesRead, buffer } = await archive.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead !== length) throw new Error(`${file} is cut off`);
  return buffer;
}
