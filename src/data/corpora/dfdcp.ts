/**
 * The preview of the Deepfake Detection Challenge (Dolhansky et al., 2019): `dataset.json` says label and set of each video;
 * `original_videos/PERSON/PERSON_A_001.mp4`, and fakes of two undisclosed methods in
 * `method_A/TARGET/TARGET_A/SOURCE_TARGET_A_001.mp4`. The same videos lying flat, or in `videos/` or `frames/` below each of the three, are
 * found too.
 */
import { basename, join } from 'node:path';
import type { SettingsOf } from '../../config/settings.ts';
import { FAKE, REAL, type Skipped, type Split } from '../dataset.ts';
import { compareText, listFolder } from '../folder-layout.ts';
import { clipId, findFrames, findVideos, withoutVideoExtension, type FindClips } from './clip-files.ts';
import type { Clip, Corpus, CorpusReader } from './corpus.ts';
import { dealSettings, takeVal } from './deal.ts';
import { readJsonTable, withSlashes } from './list-files.ts';
import { isFile, isFolder, openRoot, rootSetting, type RootLayout } from './root.ts';

const { val_fraction, seed } = dealSettings;
export const dfdcpSettings = { root: rootSetting, val_fraction, seed };
export type DfdcpSettings = SettingsOf<typeof dfdcpSettings>;

const LIST = 'dataset.json';
const ORIGINALS = 'original_videos';
const FOLDERS = [ORIGINALS, 'method_A', 'method_B'];
/** PERSON_A_001, or SOURCE_TARGET_A_001: the real clip's name, with the source before it. */
const NAME = /^(?:(\d+)_)?((\d+)_[A-Z]+)_\d+$/;

const LAYOUT: RootLayout = {
  title: 'the DFDC preview',
  expected: `${LIST}, ${FOLDERS.join('/, ')}/`,
  recognises: async (folder) =>
    (await isFile(join(folder, LIST))) && (await isFolder(join(folder, ORIGINALS))),
};

/** `data=dfdcp`. */
export const dfdcp: CorpusReader<DfdcpSettings> = {
  name: 'dfdcp',
  settings: dfdcpSettings,
  list: (settings) => readDfdcp(settings, findVideos),
  listFrames: (settings) => readDfdcp(settings, findFrames),
};

async function readDfdcp(settings: DfdcpSettings, find: FindClips): Promise<Corpus> {
  const root = await openRoot(settings.root, LAYOUT);
  const entries = await readList(join(root, LIST));
  const { files, skipped } = await findAll(root, find);
  const clips: Clip[] = [];
  for (const [video, { key, split }] of entries) {
    const file = files.get(video);
    if (file === undefined) skipped.push({ file: join(root, key), why: `is in ${LIST}, not on disk` });
    else clips.push(clipOf(root, video, file, split, files));
  }
  for (const [video, file] of files) {
    if (!entries.has(video)) skipped.push({ file, why: `has no entry in ${LIST}` });
  }
  const withVal = takeVal(clips, ({ video }) => recordingOf(video), settings.val_fraction, settings.seed);
  return {
    name: 'dfdcp',
    root,
    clips: [...withVal].sort((a, b) => compareText(a.id, b.id)),
    skipped,
  };
}

function clipOf(
  root: string,
  video: string,
  file: string,
  split: Split,
  files: ReadonlyMap<string, string>,
): Clip {
  const [folder, name] = video.split('/') as [string, string];
  const [, source, , target] = NAME.exec(name) as unknown as [string, string | undefined, string, string];
  const isReal = folder === ORIGINALS;
  const real = isReal ? undefined : files.get(`${ORIGINALS}/${name.slice(name.indexOf('_') + 1)}`);
  return {
    id: clipId(root, file),
    file,
    label: isReal ? REAL : FAKE,
    manipulation: isReal ? 'real' : folder,
    compression: null,
    split,
    video,
    identities: source === undefined ? [target] : [target, source],
    source: real === undefined ? null : clipId(root, real),
  };
}

/** The recording that a clip was cut from or made of, `PERSON_A`: one person before one background. */
function recordingOf(video: string): string {
  return (NAME.exec(basename(video)) as RegExpExecArray)[2] as string;
}

interface Entry {
  /** As the list writes it. */
  readonly key: string;
  readonly split: Split;
}

/** The videos of the list by `FOLDER/NAME`. Throws, naming the entry, if one is none of the three folders' or says something else of it. */
async function readList(file: string): Promise<ReadonlyMap<string, Entry>> {
  const entries = new Map<string, Entry>();
  for (const [key, { label, set }] of await readJsonTable(file)) {
    const path = withoutVideoExtension(withSlashes(key));
    const [folder] = path.split('/') as [string];
    const name = basename(path);
    if (!FOLDERS.includes(folder) || isSwap(name) !== (folder !== ORIGINALS)) {
      throw new Error(
        `${file}: ${key}: must be ${ORIGINALS}/…/PERSON_A_001 or method_A/…/SOURCE_TARGET_A_001 (or method_B)`,
      );
    }
    const expected = folder === ORIGINALS ? 'real' : 'fake';
    if (label !== expected) {
      throw new Error(
        `${file}: ${key}: label must be ${expected} in ${folder}; it is ${JSON.stringify(label)}`,
      );
    }
    if (set !== 'train' && set !== 'val' && set !== 'test') {
      throw new Error(`${file}: ${key}: set must be train or test; it is ${JSON.stringify(set)}`);
    }
    entries.set(`${folder}/${name}`, { key, split: set });
  }
  return entries;
}

/** Whether a clip's name tells a source before the target; null if it is no clip's name. */
function isSwap(name: string): boolean | null {
  const match = NAME.exec(name);
  return match === null ? null : match[1] !== undefined;
}

/** The clips of the three folders by `FOLDER/NAME`, wherever they lie below: in folders of a person and a recording, or flat. */
async function findAll(
  root: string,
  find: FindClips,
): Promise<{ readonly files: ReadonlyMap<string, string>; readonly skipped: Skipped[] }> {
  const files = new Map<string, string>();
  const skipped: Skipped[] = [];
  for (const folder of FOLDERS) {
    for (const place of await places(join(root, folder))) {
      const found = await find(place);
      skipped.push(...found.skipped);
      for (const { name, file } of found.clips) {
        const first = files.get(`${folder}/${name}`);
        if (isSwap(name) === null) {
          // folders of people and recordings are no clips; a video is
          if (withoutVideoExtension(file) !== file)
            skipped.push({ file, why: 'is not named PERSON_A_001 or SOURCE_TARGET_A_001' });
        } else if (first === undefined) files.set(`${folder}/${name}`, file);
        else skipped.push({ file, why: `is the same clip as ${first}` });
      }
    }
  }
  return { files, skipped };
}

/** A folder and those of people and recordings below it. */
async function places(folder: string): Promise<readonly string[]> {
  if (!(await isFolder(folder))) return [];
  const below = (await listFolder(folder)).filter(
    ({ name, isFolder }) => isFolder && /^\d+(_[A-Z]+)?$/.test(name),
  );
  return [folder, ...(await Promise.all(below.map(({ name }) => places(join(folder, name))))).flat()];
}
