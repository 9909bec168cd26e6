/**
 * The rendered rows on disk: one file of raw pixels per manipulation, with a JSON file beside it that names its rows and
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

/**
 * The pixels of `manipulation`, `size`² × 3 bytes a row in the order of `rows`: read from the folder, or rendered now in 2
 * processes and written there. Interrupting it leaves nothing that looks whole; two at once write the same bytes. Throws an
 * error that names the file if it is damaged.
 */
export async function openShard(manipulation: Manipulation, request: ShardRequest): Promise<Uint8Array> {
  const { folder, rows, settings } = request;
  const pixelFile = path.join(folder, `${manipulation}.bin`);
  const indexFile = path.join(folder, `${manipulation}.json`);
  const index: Index = { size: settings.size, rows: rows.map(({ name, variant }) => `${name}#${variant}`) };
  const written = await readIfThere(indexFile);
  if (written !== undefined) {
    const pixels = await readIfThere(pixelFile);
    if (
      written.toString() === JSON.stringify(index) &&
      pixels?.length === rows.length * settings.size ** 2 * 3
    ) {
      // a plain view: a Buffer's slice would share the shard's memory with whoever reads a sample
      return new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.length);
    }
    throw new Error(`${pixelFile} or its index is damaged; delete ${folder}, it is made anew`);
  }
  const pixels = await render(manipulation, request);
  await writeWhole(pixelFile, pixels);
  await writeWhole(indexFile, JSON.stringify(index));
  return pixels;
}

async function render(manipulation: Manipulation, request: ShardRequest): Promise<Uint8Array> {
  const { rows, settings, progress } = request;
  const bytes = settings.size ** 2 * 3;
  const faces = await request.faces();
  const pixels = new Uint8Array(rows.length * bytes);
  let done = 0;
  const onRow = ({ row, data }: RenderedRow): void => {
    pixels.set(data, row * bytes);
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
  return pixels;
}
