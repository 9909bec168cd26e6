/**
 * `data=faces`, the embedded benchmark: portrait photos of about 160 people and forgeries made of them, after the four
 * families of FaceForensics++, split by person. A detector is trained on some methods and tested on all.
 */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { choice, integer, list, type SettingsOf } from '../config/settings.ts';
import { alignFace, alignment } from './align.ts';
import { FAKE, REAL, type Dataset, type Sample, type Split } from './dataset.ts';
import { findFaces } from './face-finder.ts';
import { toRgb } from './forgery/float-image.ts';
import { applyAffine, invertAffine, type Point } from './forgery/geometry.ts';
import { FORGERIES, type ForgeryName } from './forgery/index.ts';
import { decodeImage } from './image.ts';
import type { DatasetContext } from './module.ts';
import { listPhotos } from './photos.ts';
import { choosePortraits, type Portrait } from './portraits.ts';
import { drawsOf, type PackedFace } from './render-row.ts';
import { once, openShard, type Row, type Shard } from './shard.ts';

const METHODS = Object.keys(FORGERIES) as [ForgeryName, ...ForgeryName[]];

export const facesSettings = {
  size: integer({ min: 32, max: 128, doc: 'side of the face crops, in pixels' }),
  methods_seen: list(choice(METHODS, 'forgery methods in train and val'), { min: 1 }),
  methods_unseen: list(choice(METHODS, 'forgery methods in test only')),
  online_fakes: list({
    ...choice(METHODS, 'forgery methods in train only, beside methods_seen: a further source of fakes'),
    expects: `one of ${METHODS.join(', ')} (SBI is self-blend; experiment=sbi trains on nothing else, by batches.online_fakes)`,
  }),
  variants_train: integer({ min: 1, max: 50, doc: 'renderings of each training photo by each method' }),
  variants_eval: integer({ min: 1, max: 50, doc: 'renderings of each val and test photo by each method' }),
  quality_min: integer({ min: 1, max: 100, doc: 'lowest JPEG quality' }),
  quality_max: integer({ min: 1, max: 100, doc: 'highest JPEG quality' }),
  seed: integer({
    min: 0,
    doc: "seed of the split and of the forgeries; not the run's, so that runs with other seeds compare on the same data",
  }),
};

export type FacesSettings = SettingsOf<typeof facesSettings>;

/**
 * Opens the benchmark, and on first use finds the faces (about a minute) and renders the rows (about half a minute, 2
 * cores). Rows are (photo, variant): the real and its fakes share the `pair` id `<photo>#<variant>`, and with it crop,
 * face sharpness and JPEG quality (render-row.ts). `videoId` is the person. Throws if the photos are missing, or if the
 * settings contradict each other.
 */
export async function createFaces(
  settings: FacesSettings,
  { cacheFolder, progress }: Pick<DatasetContext, 'cacheFolder' | 'progress'>,
): Promise<Dataset> {
  checkSettings(settings);
  const { size } = settings;
  const photos = await listPhotos(cacheFolder);
  const found = await findFaces(photos, { cacheFolder, progress });
  const { portraits, skipped } = choosePortraits(photos, found, settings.seed);
  const rows = rowsOf(portraits, settings);
  const request = {
    folder: path.join(cacheFolder, `faces-rows-${await identity(portraits, rows, settings)}`),
    rows,
    settings,
    faces: once(() => packFaces(portraits)),
    progress,
  };
  const shards = new Map<string, Shard>();
  for (const manipulation of ['real', ...methodsOf(settings)] as const) {
    shards.set(manipulation, await openShard(manipulation, request));
  }
  const places = new Map(rows.map(({ name, variant }, i) => [`${name}#${variant}`, i]));
  const samples = samplesOf(portraits, rows, settings);
  const place = ({ id, manipulation, pair }: Sample): { readonly shard: Shard; readonly row: number } => {
    const [row, shard] = [places.get(pair), shards.get(manipulation)];
    if (row === undefined || shard === undefined) throw new Error(`data=faces has no sample ${id}`);
    return { shard, row };
  };
  const area = size * size;
  return {
    name: 'faces',
    size,
    skipped,
    samples: (split) => samples[split],
    // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is a rejection
    read: async (sample) => {
      const { shard, row } = place(sample);
      return { width: size, height: size, data: shard.pixels.slice(row * area * 3, (row + 1) * area * 3) };
    },
    mask: async (sample) => {
      if (sample.label === REAL) return null;
      const { shard, row } = place(sample);
      const bytes = (await shard.masks()).subarray(row * area, (row + 1) * area);
      return { width: size, height: size, data: Float32Array.from(bytes, (byte) => byte / 255) };
    },
    landmarks: ({ pair }) => {
      const row = rows[places.get(pair) ?? -1];
      return Promise.resolve(row === undefined ? null : landmarksOf(portraits[row.face]!, row, settings));
    },
  };
}

/** The face's landmarks where the row shows them. */
function landmarksOf({ landmarks }: Portrait, { name, variant }: Row, settings: FacesSettings): Point[] {
  const toCanvas = alignment(landmarks);
  const fromCanvas = invertAffine(drawsOf(name, variant, settings).toCanvas);
  return landmarks.map((point) => applyAffine(fromCanvas, applyAffine(toCanvas, point)));
}

function methodsOf({ methods_seen, methods_unseen, online_fakes }: FacesSettings): ForgeryName[] {
  return [...methods_seen, ...methods_unseen, ...online_fakes];
}

function checkSettings(settings: FacesSettings): void {
  const { quality_min, quality_max } = settings;
  const methods = methodsOf(settings);
  const twice = methods.find((method, i) => methods.indexOf(method) !== i);
  if (twice !== undefined) {
    throw new Error(
      `data=faces: ${twice} stands twice in methods_seen, methods_unseen and online_fakes; name each method once`,
    );
  }
  if (quality_min > quality_max) {
    throw new Error(`data=faces: quality_min ${quality_min} is above quality_max ${quality_max}; swap them`);
  }
}

/** The renderings of every photo, with the people of the same split as donors. */
function rowsOf(portraits: readonly Portrait[], { variants_train, variants_eval }: FacesSettings): Row[] {
  return portraits.flatMap(({ photo, person, split }, face) => {
    const donors = portraits.flatMap((other, i) =>
      other.split === split && other.person !== person ? [i] : [],
    );
    const variants = split === 'train' ? variants_train : variants_eval;
    return Array.from({ length: variants }, (_, variant): Row => ({
      name: photo.name,
      face,
      variant,
      donors,
    }));
  });
}

function samplesOf(
  portraits: readonly Portrait[],
  rows: readonly Row[],
  { methods_seen, methods_unseen, online_fakes }: FacesSettings,
): Record<Split, readonly Sample[]> {
  const samples: Record<Split, Sample[]> = { train: [], val: [], test: [] };
  const methodsIn = {
    train: [...methods_seen, ...online_fakes],
    val: methods_seen,
    test: [...methods_seen, ...methods_unseen],
  };
  for (const { name, face, variant } of rows) {
    const { photo, person, split } = portraits[face]!;
    for (const manipulation of ['real', ...methodsIn[split]]) {
      samples[split].push({
        id: `${manipulation}/${name}#${variant}`,
        file: photo.file,
        split,
        label: manipulation === 'real' ? REAL : FAKE,
        manipulation,
        videoId: person,
        pair: `${name}#${variant}`,
      });
    }
  }
  return samples;
}

/** Hash of all that a row's pixels depend on: photos, landmarks, split, settings, this code, the image library. */
async function identity(
  portraits: readonly Portrait[],
  rows: readonly Row[],
  { size, quality_min, quality_max, seed }: FacesSettings,
): Promise<string> {
  const hash = createHash('sha256').update(
    JSON.stringify([size, quality_min, quality_max, seed, sharp.versions]),
  );
  for (const { photo, landmarks } of portraits)
    hash.update(JSON.stringify([photo.name, photo.bytes, landmarks]));
  hash.update(JSON.stringify(rows));
  const here = fileURLToPath(new URL('.', import.meta.url));
  const forgery = (await readdir(path.join(here, 'forgery')))
    .sort()
    .map((name) => path.join('forgery', name));
  for (const file of ['align.ts', 'image.ts', 'render-row.ts', 'rng.ts', ...forgery])
    hash.update(await readFile(path.join(here, file)));
  return hash.digest('hex').slice(0, 16);
}

/** The portraits on the canvas, pixels rounded to bytes. */
function packFaces(portraits: readonly Portrait[]): Promise<PackedFace[]> {
  return Promise.all(
    portraits.map(async ({ photo, landmarks }) => {
      const { image, landmarks: onCanvas } = await alignFace(await decodeImage(photo.file), landmarks);
      return { image: toRgb(image), landmarks: onCanvas };
    }),
  );
}
