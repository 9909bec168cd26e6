/**
 * The official split of FaceForensics++: three lists of pairs of video numbers, published beside the download script. In each pair, each video
 * is the target of one fake and the source of the other.
 */
import { join, resolve } from 'node:path';
import type { Split } from '../dataset.ts';
import { readJson } from './list-files.ts';
import { isFile } from './root.ts';

/** Who is in which split. */
export interface PairSplits {
  /** The split of each video number. */
  readonly videos: ReadonlyMap<string, Split>;
  /** The split of each fake, `TARGET_SOURCE`, two for a pair. */
  readonly fakes: ReadonlyMap<string, Split>;
}

const SPLITS: readonly Split[] = ['train', 'val', 'test'];

/**
 * Reads `train.json`, `val.json` and `test.json`, from the named folder, else from the root or `splits/` in it.
 *
 * @throws if one is not there, with where it was looked for; is no list of pairs of three-digit numbers; or a video is in two of them
 */
export async function readPairSplits(root: string, folder: string | null): Promise<PairSplits> {
  const places = folder === null ? [root, join(root, 'splits')] : [resolve(folder)];
  const videos = new Map<string, Split>();
  const fakes = new Map<string, Split>();
  for (const split of SPLITS) {
    const file = await findList(`${split}.json`, places);
    for (const [a, b] of await readPairs(file)) {
      for (const video of [a, b]) {
        const other = videos.get(video);
        if (other !== undefined && other !== split) {
          throw new Error(
            `${file}: video ${video} is in ${other}.json too, so a test would ask what was trained on; ` +
              'take the official lists',
          );
        }
        videos.set(video, split);
      }
      fakes.set(`${a}_${b}`, split).set(`${b}_${a}`, split);
    }
  }
  return { videos, fakes };
}

async function findList(name: string, places: readonly string[]): Promise<string> {
  for (const place of places) {
    const file = join(place, name);
    if (await isFile(file)) return file;
  }
  throw new Error(
    `${name} of the official split of FaceForensics++ is not there; it was looked for in ${places.join(' and ')}. Take train.json, ` +
      'val.json and test.json from dataset/splits of the repository ondyari/FaceForensics, or say data.splits=FOLDER',
  );
}

async function readPairs(file: string): Promise<readonly (readonly [string, string])[]> {
  const pairs = await readJson(file);
  if (!Array.isArray(pairs)) throw new Error(`${file} must hold a list of pairs of video numbers`);
  return pairs.map((pair: unknown, i) => {
    if (!isPair(pair)) {
      throw new Error(
        `${file}: entry ${i + 1} must be a pair of three-digit numbers like ["071", "054"]; it is ${JSON.stringify(pair)}`,
      );
    }
    return pair;
  });
}

function isPair(value: unknown): value is readonly [string, string] {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((video) => typeof video === 'string' && /^\d{3}$/.test(video))
  );
}
