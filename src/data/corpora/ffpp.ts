/**
 * FaceForensics++ (Rössler et al., ICCV 2019) as its download script lays it out: `original_sequences/youtube` and
 * `manipulated_sequences/METHOD`, below each a folder a quality with `videos/`. A real is `000.mp4`, a fake `000_003.mp4`: target first,
 * whose footage it is, then the source of the face. The videos of DeepFakeDetection lie in the same folders (dfd.ts).
 */
import { basename, join } from 'node:path';
import { flag, nullable, text, type SettingsOf } from '../../config/settings.ts';
import { FAKE, REAL, type Skipped, type Split } from '../dataset.ts';
import { compareText, listFolder } from '../folder-layout.ts';
import { clipId, findFrames, findVideos, type FindClips } from './clip-files.ts';
import type { Clip, Corpus, CorpusReader } from './corpus.ts';
import { dealOut, dealSettings } from './deal.ts';
import { DFD_METHOD, listActors } from './dfd.ts';
import { readPairSplits, type PairSplits } from './ffpp-splits.ts';
import { isFolder, openRoot, rootSetting, type RootLayout } from './root.ts';
import { readSequence, type Sequence, type SequenceClip } from './sequences.ts';

export const ffppSettings = {
  root: rootSetting,
  splits: nullable(
    text('the folder with train.json, val.json and test.json; null: data.root, or splits/ in it'),
  ),
  actors: flag('whether the videos of DeepFakeDetection in the same folder are used too'),
  ...dealSettings,
};
export type FfppSettings = SettingsOf<typeof ffppSettings>;

const METHODS = ['Deepfakes', 'Face2Face', 'FaceShifter', 'FaceSwap', 'NeuralTextures'];

const LAYOUT: RootLayout = {
  title: 'FaceForensics++',
  expected: 'original_sequences/ and manipulated_sequences/',
  recognises: async (folder) =>
    (await isFolder(join(folder, 'original_sequences'))) ||
    (await isFolder(join(folder, 'manipulated_sequences'))),
};

/** What reading gathers. */
interface Found {
  readonly clips: Clip[];
  readonly skipped: Skipped[];
}

/** `data=ffpp`. Videos of DeepFakeDetection have no split in `list`; in `listFrames` they are dealt out. */
export const ffpp: CorpusReader<FfppSettings> = {
  name: 'ffpp',
  settings: ffppSettings,
  list: (settings) => readFfpp(settings, findVideos),
  listFrames: async (settings) => {
    const corpus = await readFfpp(settings, findFrames);
    const fractions = { val: settings.val_fraction, test: settings.test_fraction };
    return { ...corpus, clips: dealOut(corpus.clips, fractions, settings.seed) };
  },
};

async function readFfpp(settings: FfppSettings, find: FindClips): Promise<Corpus> {
  const root = await openRoot(settings.root, LAYOUT);
  const splits = await readPairSplits(root, settings.splits);
  const found: Found = { clips: [], skipped: [] };
  const reals = await readSequence(join(root, 'original_sequences', 'youtube'), find);
  const realIds = addSequence(root, reals, found, {
    manipulation: 'real',
    splits: splits.videos,
    unlisted: 'is in none of train.json, val.json and test.json',
    sourceOf: () => null,
  });
  for (const method of METHODS) {
    const fakes = await readSequence(join(root, 'manipulated_sequences', method), find);
    addSequence(root, fakes, found, {
      manipulation: method,
      splits: splits.fakes,
      unlisted: 'is of no pair in train.json, val.json and test.json',
      sourceOf: ({ compression, name }) => realIds.get(`${compression}/${name.slice(0, 3)}`) ?? null,
    });
  }
  found.skipped.push(...(await strangers(join(root, 'manipulated_sequences'))));
  await addActors(root, settings.actors, find, found);
  const clips = found.clips.sort((a, b) => compareText(a.id, b.id));
  return { name: 'ffpp', root, clips, skipped: found.skipped };
}

/** How the clips of one sequence folder are read. */
interface SequenceRule {
  readonly manipulation: string;
  /** The split of each listed name. */
  readonly splits: PairSplits['videos'];
  readonly unlisted: string;
  readonly sourceOf: (clip: SequenceClip) => string | null;
}

/** Adds the clips of a sequence folder, and what is listed and missing in its qualities; returns ids by `COMPRESSION/NAME`. */
function addSequence(
  root: string,
  { clips, qualities, skipped }: Sequence,
  found: Found,
  { manipulation, splits, unlisted, sourceOf }: SequenceRule,
): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  found.skipped.push(...skipped);
  for (const clip of clips) {
    const { file, name, compression } = clip;
    const split: Split | undefined = splits.get(name);
    if (split === undefined) {
      found.skipped.push({ file, why: unlisted });
      continue;
    }
    const id = clipId(root, file);
    ids.set(`${compression}/${name}`, id);
    found.clips.push({
      id,
      file,
      label: manipulation === 'real' ? REAL : FAKE,
      manipulation,
      compression,
      split,
      video: `${manipulation === 'real' ? 'youtube' : manipulation}/${name}`,
      identities: name.split('_'),
      source: sourceOf(clip),
    });
  }
  for (const { compression, folder } of new Map(qualities.map((one) => [one.compression, one])).values()) {
    for (const name of splits.keys()) {
      if (!ids.has(`${compression}/${name}`)) {
        found.skipped.push({
          file: join(folder, 'videos', name),
          why: 'is in the official split, not on disk',
        });
      }
    }
  }
  return ids;
}

/** Folders beside those of the methods. */
async function strangers(folder: string): Promise<readonly Skipped[]> {
  if (!(await isFolder(folder))) return [];
  return (await listFolder(folder))
    .filter(({ name }) => !METHODS.includes(name) && name !== DFD_METHOD)
    .map(({ name }) => ({
      file: join(folder, name),
      why: `is none of ${[...METHODS, DFD_METHOD].join(', ')}`,
    }));
}

async function addActors(root: string, wanted: boolean, find: FindClips, found: Found): Promise<void> {
  if (wanted) {
    const { clips, skipped } = await listActors(root, find);
    found.clips.push(...clips);
    found.skipped.push(...skipped);
    return;
  }
  for (const folder of [
    join(root, 'original_sequences', 'actors'),
    join(root, 'manipulated_sequences', DFD_METHOD),
  ]) {
    if (await isFolder(folder)) {
      found.skipped.push({
        file: folder,
        why: `is of DeepFakeDetection (${basename(folder)}), and data.actors is false`,
      });
    }
  }
}
