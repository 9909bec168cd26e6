/** The members of a tar archive: a header of 512 bytes each (POSIX.1-1988 ustar), the content, and zeros up to the next 512. */

/** Bytes that headers and contents are whole numbers of. */
export const BLOCK = 512;

/** Two blocks of zeros end an archive. */
export const END = new Uint8Array(2 * BLOCK);

export interface TarMember {
  readonly name: string;
  /** Bytes of the content. */
  readonly size: number;
}

/** Where its fields begin, and how long they are. */
const FIELDS = { name: [0, 100], mode: [100, 8], uid: [108, 8], gid: [116, 8], size: [124, 12] } as const;
const LATER = { mtime: [136, 12], checksum: [148, 8], type: [156, 1], magic: [257, 8] } as const;

/** Bytes of a content with the zeros after it. */
export function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** The header of a regular file that all may read; the same member gives the same bytes, for it has no time and no owner. */
export function tarHeader({ name, size }: TarMember): Uint8Array {
  if (!/^[\x21-\x7e]{1,100}$/.test(name))
    throw new Error(`${name} is no name of a tar member: ASCII, at most 100`);
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, [at, length]: readonly [number, number]): void => {
    header.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  };
  header.write(name, 'latin1');
  octal(0o644, FIELDS.mode);
  octal(0, FIELDS.uid);
  octal(0, FIELDS.gid);
  octal(size, FIELDS.size);
  octal(0, LATER.mtime);
  header.write('0', LATER.type[0]);
  header.write('ustar\0' + '00', LATER.magic[0], 'latin1');
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, LATER.checksum[0], 'latin1');
  return header;
}

/** What a header says; null where these bytes are none. */
export function readTarHeader(header: Uint8Array): TarMember | null {
  const bytes = Buffer.from(header.buffer, header.byteOffset, BLOCK);
  const text = ([at, length]: readonly [number, number]): string =>
    bytes
      .toString('latin1', at, at + length)
      .split('\0', 1)[0]!
      .trim();
  const size = text(FIELDS.size);
  if (parseInt(text(LATER.checksum), 8) !== checksum(bytes) || !/^[0-7]+$/.test(size)) return null;
  return { name: text(FIELDS.name), size: parseInt(size, 8) };
}

/** The sum of its bytes, the checksum's own taken as spaces. */
function checksum(header: Uint8Array): number {
  const [at, length] = LATER.checksum;
  return header.reduce((sum, byte, i) => sum + (i >= at && i < at + length ? 0x20 : byte), 0);
}
