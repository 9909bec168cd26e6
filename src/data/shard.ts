/**
 * The rendered rows on disk: one file of raw pixels per manipulation and one of masks, with a JSON file beside it that names its rows and
 * is written last, so that what has one is whole.
 */

import path from 'node:path';
import { runChild } from './child.ts';
import type { Progress } from './progress.ts';
import type { Manipulation, PackedFace, RenderSettings } from './render-row.ts';
import { readIfThere, writeWhole } from './whole-file.ts';

/** A row to render: face and donors are places in the list of faces. */
export interface Row {
  readonly name: string;
  readonly face: number;
  readonly variant: number;
  readonly donors: readonly number[];
}

/** What a rendering process is asked. */
export interface RenderWork {
  readonly manipulation: Manipulation;
  readonly faces: readonly PackedFace[];
  readonly settings: RenderSettings;
  /** The rows to render, each with its place in the shard. */
  readonly jobs: readonly (Row & { readonly row: number })[];
}

/** What it answers, row by row. */
export interface RenderedRow {
  readonly row: number;
  readonly data: Uint8Array;
  readonly mask: Uint8Array;
}

interface Index {
  readonly size: number;
  readonly rows: readonly string[];
}

const PROCESSES = 2;

export interface ShardRequest {
  /** The folder of this set of rows; its name holds the hash of all that the pixels depend on. */
  readonly folder: string;
  readonly rows: readonly Row[];
  readonly settings: RenderSettings;
  /** The aligned faces; called only if something has to be rendered. */
  readonly faces: () => Promise<readonly PackedFace[]>;
  readonly progress?: Progress | undefined;
}

/** The rows of one manipulation, in the order of the request's. */
export interface Shard {
  /** `size`² × 3 bytes a row. */
  readonly pixels: Uint8Array;
  /** `size`² bytes a row, opacity 1 = 255; read when first asked for, since few need them. Reals have none. */
  readonly masks: () => Promise<Uint8Array>;
}

/**
 * The rows of `manipulation`: read from the folder, or rendered now in 2
 * processes and written there. Interrupting it leaves nothing that looks whole; two at once write the same bytes. Throws an
 * error that names the file if it is damaged.
 */
export async function openShard(manipulation: Manipulation, request: ShardRequest): Promise<Shard> {
  const { folder, rows, settings } = request;
  const pixelFile = path.join(folder, `${manipulation}.bin`);
  const indexFile = path.join(folder, `${manipulation}.json`);
  const maskFile = path.join(folder, `${manipulation}.mask.bin`);
  const damaged = (file: string): Error =>
    new Error(`${file} or its index is damaged; delete ${folder}, it is made anew`);
  const masks = once(async () => {
    const read = await readIfThere(maskFile);
    if (read?.length !== rows.length * settings.size ** 2) throw damaged(maskFile);
    return read;
  });
  const index: Index = { size: settings.size, rows: rows.map(({ name, variant }) => `${name}#${variant}`) };
  const written = await readIfThere(indexFile);
  if (written !== undefined) {
    const pixels = await readIfThere(pixelFile);
    if (
      written.toString() === JSON.stringify(index) &&
      pixels?.length === rows.length * settings.size ** 2 * 3
    ) {
      // a plain view: a Buffer's slice would share the shard's memory with whoever reads a sample
      return { pixels: new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.length), masks };
    }
    throw damaged(pixelFile);
  }
  const { pixels, masks: rendered } = await render(manipulation, request);
  await writeWhole(pixelFile, pixels);
  if (manipulation !== 'real') await writeWhole(maskFile, rendered);
  await writeWhole(indexFile, JSON.stringify(index));
  return { pixels, masks };
}

async function render(
  manipulation: Manipulation,
  request: ShardRequest,
): Promise<{ readonly pixels: Uint8Array; readonly masks: Uint8Array }> {
  const { rows, settings, progress } = request;
  const area = settings.size ** 2;
  const faces = await request.faces();
  const pixels = new Uint8Array(rows.length * area * 3);
  const masks = new Uint8Array(rows.length * area);
  let done = 0;
  const onRow = ({ row, data, mask }: RenderedRow): void => {
    pixels.set(data, row * area * 3);
    masks.set(mask, row * area);
    done++;
    progress?.({ stage: `rendering ${manipulation}`, done, total: rows.length });
  };
  const jobs = rows.map((row, i) => ({ ...row, row: i }));
  const shares = Array.from({ length: PROCESSES }, (_, p) => jobs.filter((_job, i) => i % PROCESSES === p));
  const script = new URL('./shard-process.ts', import.meta.url);
  await Promise.all(
    shares.map((share) => {
      const work: RenderWork = { manipulation, faces, settings, jobs: share };
      return runChild(script, work, onRow);
    }),
  );
  if (done !== rows.length)
    throw new Error(`${done} of ${rows.length} rows of ${manipulation} were rendered`);
  return { pixels, masks };
}

/** The same promise for every call. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
