/**
 * `data=manifest`: images that a table lists, with what is known of each (manifest/row.ts): what `npm run prepare` makes, or any Parquet or
 * CSV file with the columns image and label.
 */
import { dirname, join, resolve } from 'node:path';
import { number, text, type SettingsOf } from '../config/settings.ts';
import type { Dataset, SampleReader, Skipped } from './dataset.ts';
import { openList, squareReader, type ListedImage } from './image-list.ts';
import { listSettings, sharedRemedy } from './list-settings.ts';
import { landmarksOf } from './manifest/landmarks.ts';
import { openManifest } from './manifest/manifest-file.ts';
import type { ManifestRow } from './manifest/row.ts';
import type { DatasetContext } from './module.ts';
import { select } from './selection.ts';
import { fractionsOf } from './split.ts';

export const manifestSettings = {
  path: text(
    'the manifest, a .parquet or .csv file, from the working folder; images are looked for beside it',
  ),
  ...listSettings,
  val_fraction: number({ min: 0, max: 1, doc: 'share of the groups for val, of rows without a split' }),
  test_fraction: number({ min: 0, max: 1, doc: 'share of the groups for test, of rows without a split' }),
};
export type ManifestSettings = SettingsOf<typeof manifestSettings>;

/**
 * Opens a manifest. Files that fail the check are left out and listed in `skipped`, and so are columns that mean nothing here. Rows
 * without a split are dealt out by groups that share no video, pair or (`unit: identity`) person.
 *
 * @throws what reading the manifest throws; if the images are elsewhere; if two splits share what they must not, or one lacks a class; or
 * if the selection names what is not there
 */
export async function createManifest(
  settings: ManifestSettings,
  { seed, progress }: DatasetContext,
): Promise<Dataset> {
  const file = resolve(settings.path);
  const { images, unknownColumns } = await readImages(file);
  const skipped: Skipped[] = unknownColumns.map((name) => ({
    file,
    why: `has a column ${name}, which means nothing here`,
  }));
  const { size, unit, check } = settings;
  const dataset = await openList(
    { name: 'manifest', place: file, images, skipped },
    {
      size,
      fractions: fractionsOf(settings),
      seed,
      unit,
      remedies: {
        shared: sharedRemedy('the column split', unit),
        lacking:
          'mend the column split, or choose other methods, qualities, data.val_fraction or data.test_fraction; groups that share a video, ' +
          'pair or person stay together',
      },
      select: (samples) => select(samples, settings, file),
      files: { check, progress, remedy: 'the images belong where the manifest is: move them together' },
    },
  );
  return { ...dataset, ...readerOf(settings) };
}

/** Opens what reads the samples of a manifest: the pixels of their files, and their landmarks from the manifest. */
export function openManifestReader(settings: ManifestSettings): Promise<SampleReader> {
  return Promise.resolve(readerOf(settings));
}

function readerOf({ path, size }: ManifestSettings): SampleReader {
  const reader = squareReader(size);
  return { ...reader, landmarks: landmarksOf(resolve(path), size, (sample) => reader.encoded(sample)) };
}

async function readImages(
  file: string,
): Promise<{ readonly images: readonly ListedImage[]; readonly unknownColumns: readonly string[] }> {
  const folder = dirname(file);
  const { rows, unknownColumns } = await openManifest(file, ['landmarks', 'source_hash']);
  const images: ListedImage[] = [];
  for await (const row of rows()) images.push(imageOf(row, folder));
  return { images, unknownColumns };
}

function imageOf(row: ManifestRow, folder: string): ListedImage {
  const { image, split, label, manipulation, video, frame, face, pair, compression, identities } = row;
  const { shard, offset, bytes } = row;
  return {
    id: image,
    file: join(folder, shard ?? image),
    ...(offset === null || bytes === null ? {} : { packed: { offset, bytes } }),
    split,
    label,
    manipulation,
    videoId: video,
    pair,
    ...(compression === null ? {} : { compression }),
    ...(frame === null ? {} : { frame }),
    ...(face === null ? {} : { face }),
    ...(identities.length === 0 ? {} : { identities }),
  };
}
