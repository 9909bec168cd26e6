/** The photos that ImageNet logits are compared on. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { cacheFolder } from '../../src/data/cache-folder.ts';
import { decodeImage, resizeSquare } from '../../src/data/image.ts';
import { listPhotos } from '../../src/data/photos.ts';

/** Every fortieth of the portraits that set-up brings. */
const EVERY = 40;

export interface PhotoBatch {
  /** Six photos [6, side, side, 3] of bytes, one after another. */
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Of those bytes: decoders of other versions may give other ones. */
  readonly sha256: string;
}

export async function imagenetPhotos(side: number): Promise<PhotoBatch> {
  const photos = (await listPhotos(cacheFolder())).filter((_, i) => i % EVERY === 0);
  const images = await Promise.all(
    photos.map(async ({ file }) => resizeSquare(await decodeImage(file), side)),
  );
  const bytes = Buffer.concat(images.map((image) => image.data));
  return { bytes, count: photos.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

// regenerate.py calls this file: SIDE FILE
if (argv[1] === import.meta.filename) {
  writeFileSync(argv[3]!, (await imagenetPhotos(Number(argv[2]))).bytes);
}
