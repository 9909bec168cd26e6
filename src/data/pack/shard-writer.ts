/** Writes shards: tar archives, each under its name only when it is whole. */
import { open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { BLOCK, END, padded, readTarHeader, tarHeader, type TarMember } from './tar.ts';

/** A member with where its content begins. */
export interface PlacedMember extends TarMember {
  readonly offset: number;
}

/** Not yet a shard, or no more: what a killed packing left behind. */
const UNFINISHED = '.part';

/** A shard in the making. */
export interface ShardWriter {
  /** Bytes written so far. */
  readonly length: number;
  /** Adds a member; gives where its content begins. */
  readonly add: (name: string, content: Uint8Array) => Promise<number>;
  /** Ends the archive, sees it on disk, and gives it its name. */
  readonly finish: () => Promise<void>;
  /** Gives it up. */
  readonly abandon: () => Promise<void>;
}

export async function openShardWriter(file: string): Promise<ShardWriter> {
  const temporary = `${file}${UNFINISHED}`;
  const handle = await open(temporary, 'w');
  let length = 0;
  const write = async (bytes: Uint8Array): Promise<void> => {
    await writeAll(handle, bytes);
    length += bytes.length;
  };
  return {
    get length() {
      return length;
    },
    add: async (name, content) => {
      await write(tarHeader({ name, size: content.length }));
      const offset = length;
      await write(content);
      await write(new Uint8Array(padded(content.length) - content.length));
      return offset;
    },
    finish: async () => {
      await write(END);
      await handle.sync();
      await handle.close();
      await rename(temporary, file);
    },
    abandon: async () => {
      await handle.close().catch(() => undefined);
      await rm(temporary, { force: true });
    },
  };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += (await handle.write(bytes, written)).bytesWritten;
  }
}

/** The members of a whole shard, in their order; their contents are not read. Throws, naming it, if it is none. */
export async function membersOf(file: string): Promise<readonly PlacedMember[]> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const members: PlacedMember[] = [];
    const header = new Uint8Array(BLOCK);
    for (let at = 0; ;) {
      const { bytesRead } = await handle.read(header, 0, BLOCK, at);
      if (bytesRead === BLOCK && header.every((byte) => byte === 0)) return members;
      const member = bytesRead === BLOCK ? readTarHeader(header) : null;
      if (member === null || at + BLOCK + member.size > size) {
        throw new Error(`${file} is no whole shard; remove it, and the packing makes it again`);
      }
      members.push({ ...member, offset: at + BLOCK });
      at += BLOCK + padded(member.size);
    }
  } finally {
    await handle.close();
  }
}

/** Removes what a killed packing left half written. */
export async function removeUnfinished(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(UNFINISHED));
  for (const name of names) await rm(join(folder, name));
}
