/**
 * The Deepfake Detection Challenge (Dolhansky et al., 2020): `dfdc_train_part_0` … `_49`, each with a `metadata.json` that says REAL or FAKE of
 * every file and of a fake which file is its original; and the test set, a folder `test` with `labels.csv`. The parts lie in the root or in
 * `train/`. Which parts are for val, settings say.
 */
import { join } from 'node:path';
import { integer, list, type SettingsOf } from '../../config/settings.ts';
import { FAKE, REAL, type Skipped, type Split } from '../dataset.ts';
import { compareText, listFolder } from '../folder-layout.ts';
import { clipId, findFrames, findVideos, type FindClips } from './clip-files.ts';
import type { Clip, Corpus, CorpusReader } from './corpus.ts';
import { readLabels, readMetadata, type Entry } from './dfdc-lists.ts';
import { isFile, isFolder, openRoot, rootSetting, type RootLayout } from './root.ts';

export const dfdcSettings = {
  root: rootSetting,
  val_parts: list(integer({ min: 0, max: 49, doc: 'numbers of the training parts that are for val' })),
  test_parts: list(
    integer({
      min: 0,
      max: 49,
      doc: 'numbers of the training parts that are for test, beside the official test set if it is there',
    }),
  ),
};
export type DfdcSettings = SettingsOf<typeof dfdcSettings>;

const PART = /^dfdc_train_part_(\d+)$/;

const LAYOUT: RootLayout = {
  title: 'DFDC',
  expected: 'dfdc_train_part_0/, … (or train/ with them), or test/ with labels.csv,',
  recognises: async (folder) =>
    (await isFolder(folder)) &&
    ((await partsBelow(folder)).length > 0 || (await isFile(join(folder, 'test', 'labels.csv')))),
};

/** `data=dfdc`. */
export const dfdc: CorpusReader<DfdcSettings> = {
  name: 'dfdc',
  settings: dfdcSettings,
  list: (settings) => readDfdc(settings, findVideos),
  listFrames: (settings) => readDfdc(settings, findFrames),
};

/** A folder of clips, with what its owner says of each. */
interface Part {
  readonly folder: string;
  readonly list: string;
  readonly split: Split;
  readonly entries: ReadonlyMap<string, Entry>;
}

async function readDfdc(settings: DfdcSettings, find: FindClips): Promise<Corpus> {
  const root = await openRoot(settings.root, LAYOUT);
  const parts = [...(await trainParts(root, settings)), ...(await testPart(root))];
  const homes = homesOf(parts);
  const clips: Clip[] = [];
  const skipped: Skipped[] = [];
  for (const part of parts) {
    const found = await find(part.folder);
    const files = new Map(found.clips.map(({ name, file }) => [name, file]));
    skipped.push(...found.skipped, ...unmatched(part, files));
    for (const [name, { label, original }] of part.entries) {
      const file = files.get(name);
      if (file === undefined) continue;
      const home = original === null ? part : (homes.get(original) as Part);
      if (home !== part) {
        skipped.push({
          file,
          why: `was made of ${original}, whose footage is in ${home.folder}, another part`,
        });
        continue;
      }
      const real = original === null ? undefined : files.get(original);
      clips.push({
        ...{ id: clipId(root, file), file, label, compression: null, split: part.split, identities: [] },
        manipulation: label === REAL ? 'real' : 'fake',
        video: `${part.folder.slice(root.length + 1)}/${name}`,
        source: label === FAKE && real !== undefined ? clipId(root, real) : null,
      });
    }
  }
  return { name: 'dfdc', root, clips: clips.sort((a, b) => compareText(a.id, b.id)), skipped };
}

/** What is listed and not on disk, or on disk and not listed. */
function unmatched({ folder, list, entries }: Part, files: ReadonlyMap<string, string>): readonly Skipped[] {
  const missing = [...entries.keys()]
    .filter((name) => !files.has(name))
    .map((name) => ({ file: join(folder, name), why: `is in ${list}, not on disk` }));
  const unlisted = [...files]
    .filter(([name]) => !entries.has(name))
    .map(([, file]) => ({ file, why: `has no entry in ${list}` }));
  return [...missing, ...unlisted];
}

/**
 * The part that each original belongs to: that which lists it, else the first that has a fake of it. The owners kept an original and its fakes
 * in one part. Where they are not, footage would be in two splits, so such fakes are left out and counted; an error would stop a training
 * on 119,000 others.
 */
function homesOf(parts: readonly Part[]): ReadonlyMap<string, Part> {
  const homes = new Map<string, Part>();
  for (const part of parts) {
    for (const name of part.entries.keys()) if (!homes.has(name)) homes.set(name, part);
  }
  for (const part of parts) {
    for (const { original } of part.entries.values()) {
      if (original !== null && !homes.has(original)) homes.set(original, part);
    }
  }
  return homes;
}

async function partsBelow(
  root: string,
): Promise<readonly { readonly number: number; readonly folder: string }[]> {
  const train = join(root, 'train');
  const base = (await isFolder(train)) ? train : root;
  const found = (await listFolder(base)).flatMap(({ name, isFolder }) => {
    const [, number] = PART.exec(name) ?? [];
    return isFolder && number !== undefined ? [{ number: Number(number), folder: join(base, name) }] : [];
  });
  return found.sort((a, b) => a.number - b.number);
}

async function trainParts(root: string, { val_parts, test_parts }: DfdcSettings): Promise<readonly Part[]> {
  const parts = await partsBelow(root);
  const there = new Set(parts.map(({ number }) => number));
  for (const [key, numbers] of Object.entries({ val_parts, test_parts })) {
    const missing = numbers.find((number) => !there.has(number));
    if (missing !== undefined && there.size > 0) {
      throw new Error(`data.${key}: part ${missing} is not in ${root}; there are ${[...there].join(', ')}`);
    }
  }
  const twice = val_parts.find((number) => test_parts.includes(number));
  if (twice !== undefined)
    throw new Error(`data.test_parts: part ${twice} is in data.val_parts too; name it once`);
  return Promise.all(
    parts.map(async ({ number, folder }): Promise<Part> => {
      const split = val_parts.includes(number) ? 'val' : test_parts.includes(number) ? 'test' : 'train';
      return {
        folder,
        list: 'metadata.json',
        split,
        entries: await readMetadata(join(folder, 'metadata.json')),
      };
    }),
  );
}

async function testPart(root: string): Promise<readonly Part[]> {
  const folder = join(root, 'test');
  if (!(await isFolder(folder))) return [];
  return [
    { folder, list: 'labels.csv', split: 'test', entries: await readLabels(join(folder, 'labels.csv')) },
  ];
}
