/** Reads image files out of shards, each by one read at its place, so that a network file system is asked once an image. */
import { fstat, open, read } from 'node:fs';
import { promisify } from 'node:util';
import type { Packed } from '../dataset.ts';
import { BLOCK, readTarHeader } from './tar.ts';

// plain descriptors: a FileHandle would be closed, with a warning, when a reader is forgotten
const [openFile, readAt, statOf] = [promisify(open), promisify(read), promisify(fstat)];

/** Gives the bytes of an image file in a shard; `id` is told in errors. */
export type ReadPacked = (shard: string, place: Packed, id: string) => Promise<Uint8Array>;

interface OpenShard {
  readonly descriptor: number;
  readonly size: number;
}

/**
 * A reader of shards; each shard is opened once, when the first image of it is asked for, and stays open as long as the process or thread.
 *
 * The reader throws, naming the shard and the image, if the shard is missing, cut short, or another than the manifest tells of.
 */
export function openShardReader(): ReadPacked {
  const shards = new Map<string, Promise<OpenShard>>();
  const shardOf = (file: string): Promise<OpenShard> => {
    const known = shards.get(file);
    if (known !== undefined) return known;
    const opening = openShard(file);
    shards.set(file, opening);
    opening.catch(() => shards.delete(file));
    return opening;
  };
  return async (file, { offset, bytes }, id) => {
    const { descriptor, size } = await shardOf(file).catch((cause: unknown) => {
      throw new Error(
        `${file}: the shard of ${id} cannot be opened (${(cause as Error).message}); shards belong where the manifest is: move them together`,
        { cause },
      );
    });
    if (offset + bytes > size) {
      throw new Error(
        `${file} is cut short: ${id} ends at byte ${offset + bytes}, the shard at ${size}; copy or pack it again`,
      );
    }
    // the header before it is read too: it tells whether this is the shard that the manifest tells of
    const content = new Uint8Array(BLOCK + bytes);
    const isThere = offset >= BLOCK && (await readWhole(descriptor, content, offset - BLOCK));
    if (!isThere || readTarHeader(content)?.size !== bytes) {
      throw new Error(
        `${file}: no member of ${bytes} bytes begins at byte ${offset}, where the manifest has ${id}; manifest and shard are of two packings: copy or pack both again`,
      );
    }
    return content.subarray(BLOCK);
  };
}

async function openShard(file: string): Promise<OpenShard> {
  const descriptor = await openFile(file, 'r');
  return { descriptor, size: (await statOf(descriptor)).size };
}

/** Fills the buffer from a position on; false where the file ends before. */
async function readWhole(descriptor: number, into: Uint8Array, position: number): Promise<boolean> {
  for (let filled = 0; filled < into.length;) {
    const { bytesRead } = await readAt(descriptor, into, filled, into.length - filled, position + filled);
    if (bytesRead === 0) return false;
    filled += bytesRead;
  }
  return true;
}
