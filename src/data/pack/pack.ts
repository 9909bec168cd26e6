/**
 * Packs the image files of a dataset into a few large ones: shards, tar archives that WebDataset and tar read too, and a manifest that tells
 * where in them each image is. A network file system then opens tens of files instead of millions.
 */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset, Sample } from '../dataset.ts';
import { inspectImage, uprightSize, type ImageHeader } from '../image.ts';
import { inImage } from '../manifest/landmarks.ts';
import { writeManifest } from '../manifest/manifest-file.ts';
import type { ManifestRow } from '../manifest/row.ts';
import { mapInParallel } from '../map-in-parallel.ts';
import { rngFor } from '../rng.ts';
import { readIfThere, writeWhole } from '../whole-file.ts';
import { membersOf, openShardWriter, removeUnfinished, type ShardWriter } from './shard-writer.ts';
import { BLOCK, END, padded } from './tar.ts';

/** `offset` is a 32-bit number in a manifest. */
export const MOST_SHARD_MB = 2000;

export interface PackRequest {
  /** A new folder, or one that an earlier packing of the same images did not finish. */
  readonly out: string;
  /** How the members lie in the shards of a split. The manifest lists the samples as the dataset does in either. */
  readonly order: 'shuffled' | 'listed';
  /** Of the shuffling. */
  readonly seed: number;
  /** A shard has no more bytes than this, 1 to {@link MOST_SHARD_MB} million, unless a single image needs more. */
  readonly shardMb: number;
  /** Told after every few images: how many are packed, those of an earlier packing included. */
  readonly onImages: (done: number) => void;
}

export interface Packing {
  readonly manifest: string;
  readonly images: number;
  readonly shards: number;
  readonly bytes: number;
}

const SPLITS = ['train', 'val', 'test'] as const;
const ENDINGS: Record<ImageHeader['format'], string> = {
  ...{ jpeg: 'jpg', png: 'png', webp: 'webp' },
  ...{ gif: 'gif', tiff: 'tif', avif: 'avif' },
};
/** Images that are read while one shard is written. */
const AT_ONCE = 64;

/** Where a sample's image is: in which file of the folder, from which byte, and how many. */
interface Place {
  readonly shard: string;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Writes `train-000000.tar`, …, and then `manifest.parquet`, whose row n is the member `n` with the image file's bytes as they are. What is
 * there of an earlier packing of the same samples, order and limit is kept; the same request gives the same shards, byte for byte.
 *
 * @throws if the dataset makes its pictures, so that there are no files; if the folder holds another packing or a finished one; or if an
 * image cannot be read
 */
export async function packDataset(dataset: Dataset, request: PackRequest): Promise<Packing> {
  const { out, onImages } = request;
  if (dataset.encoded === undefined) {
    throw new Error(
      `data=${dataset.name} makes its pictures when they are read, so it has no image files to pack; name a dataset of files, or render them first`,
    );
  }
  const samples = SPLITS.flatMap((split) => dataset.samples(split));
  const manifest = join(out, 'manifest.parquet');
  await claim(out, manifest, samples, request);
  const places = new Array<Place>(samples.length);
  let [shards, done] = [0, 0];
  const place: Placing = (rows, found) => {
    rows.forEach((row, i) => (places[row] = found[i]!));
    onImages((done += rows.length));
  };
  for (const split of SPLITS) {
    const rows = samples.flatMap((sample, row) => (sample.split === split ? [row] : []));
    const shuffled = request.order === 'shuffled';
    const order = shuffled ? rngFor(request.seed, 'pack', split).shuffle(rows) : rows;
    const shardName = (number: number): string => `${split}-${String(number).padStart(6, '0')}.tar`;
    shards += await packSplit(dataset, samples, order, shardName, place, request);
  }
  await writeManifest(manifest, rowsOf(dataset, samples, places));
  const bytes = places.reduce((sum, { bytes: each }) => sum + each, 0);
  return { manifest, images: samples.length, shards, bytes };
}

/** Told where the images of some rows are. */
type Placing = (rows: readonly number[], places: readonly Place[]) => void;

/** Keeps the shards that are there and writes the others; gives how many there are then. */
async function packSplit(
  dataset: Dataset,
  samples: readonly Sample[],
  order: readonly number[],
  shardName: (number: number) => string,
  place: Placing,
  { out, shardMb }: PackRequest,
): Promise<number> {
  let [number, next] = [0, 0];
  for (; next < order.length; number++) {
    const found = await placesIn(out, shardName(number), order.slice(next));
    if (found === null) break;
    place(order.slice(next, next + found.length), found);
    next += found.length;
  }
  const writer = shardsWriter(out, (i) => shardName(number + i), shardMb * 1e6);
  try {
    for (; next < order.length; next += AT_ONCE) {
      const rows = order.slice(next, next + AT_ONCE);
      const images = await mapInParallel(rows, (row) => imageOf(dataset, samples[row]!));
      const places: Place[] = [];
      for (const [i, { content, ending }] of images.entries()) {
        places.push(await writer.add(memberName(rows[i]!, ending), content));
      }
      place(rows, places);
    }
    await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  return number + writer.count();
}

/** Takes the folder for this packing. Throws if it is another's, or done. */
async function claim(
  out: string,
  manifest: string,
  samples: readonly Sample[],
  { order, seed, shardMb }: PackRequest,
): Promise<void> {
  const digest = createHash('sha256');
  for (const { id, split } of samples) digest.update(`${split} ${id}\n`);
  const mine = `${JSON.stringify({ order, seed, shard_mb: shardMb, images: samples.length, samples: digest.digest('hex') }, null, 2)}\n`;
  const file = join(out, 'packing.json');
  await mkdir(out, { recursive: true });
  const known = await readIfThere(file);
  if (known !== undefined && known.toString() !== mine) {
    throw new Error(
      `${out} holds another packing (${file}): other images, order, seed or shard_mb; name a new folder`,
    );
  }
  if ((await readIfThere(manifest)) !== undefined) {
    throw new Error(`${out} is packed already (${manifest}); remove it, or name a new folder`);
  }
  await writeWhole(file, mine);
  await removeUnfinished(out);
}

/** The places of a whole shard's members if an earlier packing wrote it; null if it is not there. Throws if it holds other members. */
async function placesIn(out: string, shard: string, expected: readonly number[]): Promise<Place[] | null> {
  const file = join(out, shard);
  const members = await membersOf(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (members === null) return null;
  return members.map(({ name, offset, size }, i) => {
    if (expected[i] === undefined || !name.startsWith(memberName(expected[i], ''))) {
      throw new Error(`${file} holds ${name}, which this packing would not put there; name a new folder`);
    }
    return { shard, offset, bytes: size };
  });
}

/** WebDataset's key, up to the first dot, is the row of the manifest. */
function memberName(row: number, ending: string): string {
  return `${String(row).padStart(9, '0')}.${ending}`;
}

async function imageOf(
  dataset: Dataset,
  sample: Sample,
): Promise<{ readonly content: Uint8Array; readonly ending: string }> {
  const content = await dataset.encoded!(sample);
  return { content, ending: ENDINGS[(await inspectImage(sample.id, content)).format] };
}

/** Members into one shard after the other. */
function shardsWriter(out: string, nameOf: (number: number) => string, limit: number) {
  let current: ShardWriter | null = null;
  let count = 0;
  const finish = async (): Promise<void> => {
    await current?.finish();
    current = null;
  };
  return {
    count: () => count,
    add: async (name: string, content: Uint8Array): Promise<Place> => {
      const needed = BLOCK + padded(content.length) + END.length;
      if (current !== null && current.length + needed > limit) await finish();
      current ??= await openShardWriter(join(out, nameOf(count++)));
      const shard = nameOf(count - 1);
      return { shard, offset: await current.add(name, content), bytes: content.length };
    },
    finish,
    abandon: async () => current?.abandon(),
  };
}

async function* rowsOf(
  dataset: Dataset,
  samples: readonly Sample[],
  places: readonly Place[],
): AsyncGenerator<ManifestRow, void> {
  for (let from = 0; from < samples.length; from += AT_ONCE) {
    const some = samples.slice(from, from + AT_ONCE);
    const points = await mapInParallel(some, (sample) => landmarksOf(dataset, sample));
    for (const [i, sample] of some.entries()) {
      const { id, split, label, manipulation, videoId, frame, face, pair, compression, identities } = sample;
      yield {
        ...{ image: id, split, label, manipulation, video: videoId, pair },
        ...{ compression: compression ?? null, identities: identities ?? [], landmarks: points[i]! },
        ...{ frame: frame ?? null, face: face ?? null, source_hash: null },
        ...places[from + i]!,
      };
    }
  }
}

/** A sample's landmarks in pixels of its image file. */
async function landmarksOf(dataset: Dataset, sample: Sample): Promise<readonly number[] | null> {
  const points = (await dataset.landmarks?.(sample)) ?? null;
  if (points === null) return null;
  const bytes = sample.packed === undefined ? undefined : await dataset.encoded!(sample);
  return inImage(points, await uprightSize(sample.file, bytes), dataset.size);
}
