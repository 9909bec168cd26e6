/** Image files of every awkward kind, made by sharp in a temporary folder. */
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { rngFor } from '../../src/data/rng.ts';

/** A temporary folder that is removed after the tests of the enclosing describe. */
export function temporaryFolder(): { readonly path: () => string } {
  let path = '';
  before(async () => {
    path = await mkdtemp(join(tmpdir(), 'data-test-'));
  });
  after(() => rm(path, { recursive: true, force: true }));
  return { path: () => path };
}

/** A smooth random picture as a sharp pipeline; the same seed gives the same picture. */
export function picture(seed: number, width = 48, height = width): Sharp {
  const rng = rngFor(seed, 'picture');
  const coarse = Uint8Array.from({ length: 6 * 6 * 3 }, () => rng.integer(256));
  return sharp(coarse, { raw: { width: 6, height: 6, channels: 3 } }).resize(width, height, { fit: 'fill' });
}

/** An image of one colour as a sharp pipeline. */
export function plain(background: string, width = 32, height = 24): Sharp {
  return sharp({ create: { width, height, channels: 3, background } });
}

/** Writes the file, its folders too. */
export async function put(file: string, content: Sharp | Uint8Array | string): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  const isBytes = typeof content === 'string' || content instanceof Uint8Array;
  await writeFile(file, isBytes ? content : await content.toBuffer());
  return file;
}

/** The first 60 % of the file's bytes. */
export async function cutShort(image: Sharp): Promise<Uint8Array> {
  const bytes = await image.toBuffer();
  return bytes.subarray(0, Math.floor(bytes.length * 0.6));
}

/** A GIF of two frames. */
export function animated(): Sharp {
  const frames = new Uint8Array(2 * 16 * 16 * 3).map((_, i) => (i < 16 * 16 * 3 ? 10 : 240));
  return sharp(frames, { raw: { width: 16, height: 32, channels: 3, pageHeight: 16 } }).gif({
    delay: [9, 9],
  });
}

/** A PNG whose header claims 60,000 × 60,000 pixels. */
export async function bomb(): Promise<Uint8Array> {
  const bytes = await plain('#000').png().toBuffer();
  bytes.writeUInt32BE(60_000, 16);
  bytes.writeUInt32BE(60_000, 20);
  return bytes;
}

/** The error that a promise rejects with; fails if it does not. */
export async function errorOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected an error, but all went well');
}
