/**
 * `data=folder`: a folder of images, real ones beside fake ones, as LAYOUTS in folder-layout.ts lists.
 *
 * Below a class folder the path says what belongs together. The first subfolder is the video: `fake/vid12/0003.png` is of video
 * `vid12`. A file right in the class folder is of the video that its name says without extension and trailing frame number
 * (`_` or `-`, perhaps `frame` or `f`, digits): `fake/vid12_0003.png` is of `vid12` too, `fake/anna.jpg` of `anna`. The same video
 * name under real/ and under fake/ is the same video, and the same path without extension makes a pair: `real/vid12/0003.png`
 * and `fake/vid12/0003.jpg`.
 */
import { extname, relative, resolve, sep } from 'node:path';
import { choice, integer, number, text } from '../config/settings.ts';
import type { SettingsOf } from '../config/settings.ts';
import { FAKE, REAL } from './dataset.ts';
import type { Dataset, Sample, Skipped, Split } from './dataset.ts';
import { compareText, filesBelow, findClassFolders, looseFiles } from './folder-layout.ts';
import type { ClassFolder } from './folder-layout.ts';
import { decodeImage, inspectImage, resizeSquare } from './image.ts';
import type { DatasetContext } from './module.ts';
import { splitByVideo } from './split.ts';
import type { SplitFractions } from './split.ts';

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

const EXTENSIONS = ['.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif'];
const FRAME_NUMBER = /[_-](?:frame|f)?\d+$/i;

/** An image file that passed the check, before it has a split. */
type Found = Omit<Sample, 'split'> & { readonly split: Split | null };

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
  const found: Found[] = [];
  for (const [done, folder] of folders.entries()) {
    progress({ stage: `checking ${folder.path}`, done, total: folders.length });
    const usable = await readClassFolder(root, folder, settings, skipped);
    if (usable.length === 0) throw emptyClass(folder, skipped);
    found.push(...usable);
  }
  const samples = folders[0]?.split === null ? dealOut(found, settings, seed) : found.map(asGiven);
  const wanted =
    folders[0]?.split === null ? splitsAsked(settings) : folders.map(({ split }) => split as Split);
  checkSplits(root, samples, new Set(wanted));
  const bySplit = (split: Split): readonly Sample[] => samples.filter((sample) => sample.split === split);
  const splits = { train: bySplit('train'), val: bySplit('val'), test: bySplit('test') };
  return {
    name: 'folder',
    size: settings.size,
    samples: (split) => splits[split],
    read: async ({ file }) => resizeSquare(await decodeImage(file), settings.size),
    skipped,
  };
}

/**
 * The video that a file belongs to, from its path below the class folder (with `/`): its first folder, or its name without
 * extension and trailing frame number.
 */
export function videoOf(path: string): string {
  const [first, ...rest] = path.split('/') as [string, ...string[]];
  if (rest.length > 0) return first;
  const name = withoutExtension(first);
  return name.replace(FRAME_NUMBER, '') || name;
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
): Promise<Found[]> {
  const inspect = check === 'full' ? decodeImage : inspectImage;
  const names = await filesBelow(path);
  const problems = await mapInParallel(names, async (name) => {
    const file = resolve(path, name);
    if (!EXTENSIONS.includes(extname(name).toLowerCase())) return `is no image of a known extension`;
    return inspect(file).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)).replace(`${file} `, ''),
    );
  });
  const found: Found[] = [];
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

/** Eight files at a time: enough to hide the disk, few enough for any limit of open files. */
async function mapInParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const i = next++;
      results[i] = await work(items[i] as T);
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  return results;
}

function dealOut(found: readonly Found[], settings: FolderSettings, seed: number): Sample[] {
  const kinds = new Map<string, Set<string>>();
  for (const { videoId, manipulation } of found) {
    kinds.set(videoId, (kinds.get(videoId) ?? new Set()).add(manipulation));
  }
  const strata = new Map([...kinds].map(([video, set]) => [video, [...set].sort(compareText).join('\n')]));
  const splits = splitByVideo(strata, fractionsOf(settings), seed);
  return found.map((sample) => ({ ...sample, split: splits.get(sample.videoId) as Split }));
}

function asGiven(sample: Found): Sample {
  return { ...sample, split: sample.split as Split };
}

/** The fractions; a test set of all leaves nothing for val. */
function fractionsOf({ val_fraction: val, test_fraction: test }: FolderSettings): SplitFractions {
  return { val: test === 1 ? 0 : val, test };
}

/** The splits to which the fractions give anything. */
function splitsAsked(settings: FolderSettings): Split[] {
  const { val, test } = fractionsOf(settings);
  const shares = { train: 1 - val - test, val, test };
  return (['train', 'val', 'test'] as const).filter((split) => shares[split] > 1e-9);
}

/** Every wanted split has both classes, and no video is in two splits. */
function checkSplits(root: string, samples: readonly Sample[], wanted: ReadonlySet<Split>): void {
  const firstOf = new Map<string, Sample>();
  for (const sample of samples) {
    const first = firstOf.get(sample.videoId) ?? sample;
    firstOf.set(sample.videoId, first);
    if (first.split !== sample.split) {
      throw new Error(
        `${root}: video ${sample.videoId} is in two splits, ${first.split} (${first.id}) and ${sample.split} (${sample.id}), so a test ` +
          'would ask what was trained on; rename or move the files, or say data.unit=file if equal names mean nothing here',
      );
    }
  }
  for (const split of wanted) {
    for (const [label, kind] of [
      [REAL, 'real'],
      [FAKE, 'fake'],
    ] as const) {
      if (!samples.some((sample) => sample.split === split && sample.label === label)) {
        throw new Error(
          `${root}: no ${kind} image came into ${split}; more videos, or other data.val_fraction and data.test_fraction, are needed ` +
            '(or split folders of your own)',
        );
      }
    }
  }
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

function withoutExtension(name: string): string {
  return name.slice(0, name.length - extname(name).length);
}
