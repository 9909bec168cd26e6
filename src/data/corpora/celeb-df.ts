/**
 * Celeb-DF v1 and v2 (Li et al., CVPR 2020): `Celeb-real/id0_0000.mp4`, `YouTube-real/00000.mp4`, `Celeb-synthesis/id0_id1_0000.mp4` (whose
 * footage, whose face, clip), and a list of the test videos, in which 1 means REAL. Everything else is for training.
 */
import { join } from 'node:path';
import type { SettingsOf } from '../../config/settings.ts';
import { FAKE, REAL, type Skipped } from '../dataset.ts';
import { compareText } from '../folder-layout.ts';
import { clipId, findFrames, findVideos, withoutVideoExtension, type FindClips } from './clip-files.ts';
import type { Clip, Corpus, CorpusReader } from './corpus.ts';
import { dealSettings, takeVal } from './deal.ts';
import { readLines, withSlashes } from './list-files.ts';
import { isFile, isFolder, openRoot, rootSetting, type RootLayout } from './root.ts';

const { val_fraction, seed } = dealSettings;
export const celebDfSettings = { root: rootSetting, val_fraction, seed };
export type CelebDfSettings = SettingsOf<typeof celebDfSettings>;

const TEST_LIST = 'List_of_testing_videos.txt';

/** What a folder holds: how its clips are named, and the parts of a name that say who and what. */
interface Kind {
  readonly label: 0 | 1;
  readonly manipulation: string;
  readonly pattern: RegExp;
  readonly named: string;
  /** The people, from the match of the pattern. */
  readonly people: (match: RegExpExecArray) => readonly string[];
  /** The real video that a fake was made of, and that a real is: `FOLDER/NAME`. */
  readonly realVideo: (match: RegExpExecArray) => string;
}

/** By folder; the reals first, so that fakes find theirs. */
const KINDS: Readonly<Record<string, Kind>> = {
  'Celeb-real': {
    ...{ label: REAL, manipulation: 'real', pattern: /^(id\d+)_(\d+)$/, named: 'idN_CLIP' },
    people: ([, person]) => [person as string],
    realVideo: ([name]) => `Celeb-real/${name}`,
  },
  'YouTube-real': {
    ...{ label: REAL, manipulation: 'real', pattern: /^\d+$/, named: 'a number' },
    people: ([name]) => [`YouTube-real/${name}`], // each video shows somebody else
    realVideo: ([name]) => `YouTube-real/${name}`,
  },
  'Celeb-synthesis': {
    ...{
      label: FAKE,
      manipulation: 'Celeb-synthesis',
      pattern: /^(id\d+)_(id\d+)_(\d+)$/,
      named: 'idN_idM_CLIP',
    },
    people: ([, target, source]) => [target as string, source as string],
    realVideo: ([, target, , clip]) => `Celeb-real/${target}_${clip}`,
  },
};

const LAYOUT: RootLayout = {
  title: 'Celeb-DF',
  expected: `Celeb-real/, YouTube-real/, Celeb-synthesis/ and ${TEST_LIST}`,
  recognises: async (folder) =>
    (await isFolder(join(folder, 'Celeb-real'))) && (await isFolder(join(folder, 'Celeb-synthesis'))),
};

/** `data=celeb-df`, v1 and v2 alike. */
export const celebDf: CorpusReader<CelebDfSettings> = {
  name: 'celeb-df',
  settings: celebDfSettings,
  list: (settings) => readCelebDf(settings, findVideos),
  listFrames: (settings) => readCelebDf(settings, findFrames),
};

async function readCelebDf(settings: CelebDfSettings, find: FindClips): Promise<Corpus> {
  const root = await openRoot(settings.root, LAYOUT);
  const listed = await readTestList(root);
  const clips: Clip[] = [];
  const skipped: Skipped[] = [];
  const ids = new Map<string, string>(); // by video
  const realVideos = new Map<string, string>(); // by id
  for (const [folder, kind] of Object.entries(KINDS)) {
    if (!(await isFolder(join(root, folder)))) continue;
    const found = await find(join(root, folder));
    skipped.push(...found.skipped);
    for (const { name, file } of found.clips) {
      const match = kind.pattern.exec(name);
      if (match === null) {
        skipped.push({ file, why: `is not named ${kind.named}` });
        continue;
      }
      const [id, video, realVideo] = [clipId(root, file), `${folder}/${name}`, kind.realVideo(match)];
      ids.set(video, id);
      realVideos.set(id, realVideo);
      clips.push({
        ...{ id, file, label: kind.label, manipulation: kind.manipulation, compression: null, video },
        split: listed.has(video) ? 'test' : 'train',
        identities: kind.people(match),
        source: kind.label === REAL ? null : (ids.get(realVideo) ?? null),
      });
    }
  }
  for (const [video, line] of listed) {
    const file = join(root, video);
    if (!ids.has(video)) skipped.push({ file, why: `is in line ${line} of ${TEST_LIST}, not on disk` });
  }
  const groupOf = ({ id }: Clip): string => realVideos.get(id) as string;
  const withVal = takeVal(clips, groupOf, settings.val_fraction, settings.seed);
  return { name: 'celeb-df', root, clips: [...withVal].sort((a, b) => compareText(a.id, b.id)), skipped };
}

/** The line of each test video, by `FOLDER/NAME`. Throws, naming the line, if one is no such line or its label is not its folder's. */
async function readTestList(root: string): Promise<ReadonlyMap<string, number>> {
  const file = join(root, TEST_LIST);
  if (!(await isFile(file))) {
    throw new Error(
      `${file} is not there, and without it nothing tells test from training; it comes with the download`,
    );
  }
  const listed = new Map<string, number>();
  for (const { number, text } of await readLines(file)) {
    const [, label, path = ''] = /^([01])\s+(\S+)$/.exec(text) ?? [];
    const video = withoutVideoExtension(withSlashes(path));
    const kind = KINDS[video.split('/')[0] as string];
    if (label === undefined || kind === undefined) {
      throw new Error(
        `${file}:${number}: must be 0 or 1 and a file in ${Object.keys(KINDS).join(', ')}; it is ${text}`,
      );
    }
    if ((label === '1') !== (kind.label === REAL)) {
      throw new Error(
        `${file}:${number}: says ${label} of ${path}; in this list 1 is real and 0 is fake, so one of both is wrong: take the list of the owners`,
      );
    }
    listed.set(video, number);
  }
  return listed;
}
