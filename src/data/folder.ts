/**
 * `data=folder`: a folder of images, real ones beside fake ones, as LAYOUTS in folder-layout.ts lists.
 *
 * Below a class folder the path says what belongs together. The first subfolder is the video: `fake/vid12/0003.png` is of video
 * `vid12`. A file right in the class folder is of the video that its name says without extension and trailing frame number
 * (`_` or `-`, perhaps `frame` or `f`, digits): `fake/vid12_0003.png` is of `vid12` too, `fake/anna.jpg` of `anna`. The same video
 * name under real/ and under fake/ is the same video, and the same path without extension makes a pair: `real/vid12/0003.png`
 * and `fake/vid12/0003.jpg`.
 */
import { relative, resolve, sep } from 'node:path';
import { choice, integer, number, text } from '../config/settings.ts';
import type { SettingsOf } from '../config/settings.ts';
import { problemOf } from './check-files.ts';
import { FAKE, REAL } from './dataset.ts';
import type { Dataset, SampleReader, Skipped } from './dataset.ts';
import { filesBelow, findClassFolders, looseFiles } from './folder-layout.ts';
import type { ClassFolder } from './folder-layout.ts';
import { hasImageExtension } from './image.ts';
import { openList, squareReader, type ListedImage, type ListRules } from './image-list.ts';
import { mapInParallel } from './map-in-parallel.ts';
import type { DatasetContext } from './module.ts';
import { videoOf, withoutExtension } from './path-rule.ts';
import { fractionsOf } from './split.ts';

export const folderSettings = {
  path: text('the folder with the images, from the working folder'),
  size: integer({ min: 16, max: 1024, doc: 'side of the images that the detector sees, in pixels' }),
  val_fraction: number({
    min: 0,
    max: 1,
    doc: 'share of the videos for val, where there are no split folders',
  }),
  test_fraction: number({ min: 0, max: 1, doc: 'share of the videos for test; 1 makes a test set of all' }),
  unit: choice(
    ['video', 'file'],
    'video: names say which files belong to one video and which real and fake make a pair; file: every file stands alone',
  ),
  check: choice(
    ['header', 'full'],
    'what is read of each file before it is used: its header (fast), or all of it, so that files cut short are skipped too',
  ),
};
export type FolderSettings = SettingsOf<typeof folderSettings>;

const REMEDIES = {
  shared: 'rename or move the files, or say data.unit=file if equal names mean nothing here',
  lacking:
    'more videos, or other data.val_fraction and data.test_fraction, are needed (or split folders of your own)',
};

/**
 * Opens a folder of images. Files that are no images, and images that fail the check, are left out and listed in `skipped`. Without
 * split folders, the videos are split by {@link splitByVideo}, stratified by the manipulations that they occur with.
 *
 * @throws if the folder is missing or laid out in another way, a class has no usable image in a split, or a video is in two splits
 */
export async function createFolder(
  settings: FolderSettings,
  { seed, progress }: DatasetContext,
): Promise<Dataset> {
  const root = resolve(settings.path);
  const folders = await findClassFolders(root);
  const skipped: Skipped[] = await strayFiles(root, folders);
  const found: ListedImage[] = [];
  for (const [done, folder] of folders.entries()) {
    progress({ stage: `checking ${folder.path}`, done, total: folders.length });
    const usable = await readClassFolder(root, folder, settings, skipped);
    if (usable.length === 0) throw emptyClass(folder, skipped);
    found.push(...usable);
  }
  const fractions = fractionsOf(settings);
  const rules: ListRules = { size: settings.size, fractions, seed, unit: 'video', remedies: REMEDIES };
  return openList({ name: 'folder', place: root, images: found, skipped }, rules);
}

/** Reads the samples of any folder: each has its file's path. */
export function openFolderReader({ size }: FolderSettings): Promise<SampleReader> {
  return Promise.resolve(squareReader(size));
}

/** Files beside the class or split folders. */
async function strayFiles(root: string, folders: readonly ClassFolder[]): Promise<Skipped[]> {
  const parents = new Set([root, ...folders.map(({ path }) => resolve(path, '..'))]);
  const stray = await Promise.all(
    [...parents].map(async (parent) => (await looseFiles(parent)).map((name) => resolve(parent, name))),
  );
  return stray.flat().map((file) => ({ file, why: 'is outside the class folders' }));
}

async function readClassFolder(
  root: string,
  { path, split, manipulation }: ClassFolder,
  { unit, check }: FolderSettings,
  skipped: Skipped[],
): Promise<ListedImage[]> {
  const names = await filesBelow(path);
  const problems = await mapInParallel(names, (name) =>
    hasImageExtension(name)
      ? problemOf(resolve(path, name), check)
      : Promise.resolve('is no image of a known extension'),
  );
  const found: ListedImage[] = [];
  names.forEach((name, i) => {
    const file = resolve(path, name);
    const why = problems[i] as string | null;
    if (why !== null) {
      skipped.push({ file, why });
      return;
    }
    const id = relative(root, file).split(sep).join('/');
    const videoId = unit === 'file' ? id : videoOf(name);
    const pair = unit === 'file' ? id : withoutExtension(name);
    found.push({
      id,
      file,
      split,
      label: manipulation === 'real' ? REAL : FAKE,
      manipulation,
      videoId,
      pair,
    });
  });
  return found;
}

function emptyClass({ path, manipulation }: ClassFolder, skipped: readonly Skipped[]): Error {
  const inside = skipped.filter(({ file }) => file.startsWith(path + sep));
  const first = inside[0];
  const why =
    first === undefined ? 'it is empty' : `${inside.length} skipped, the first: ${first.file} ${first.why}`;
  return new Error(
    `${path}: the class ${manipulation} has no usable image (${why}); fill or remove the folder`,
  );
}
