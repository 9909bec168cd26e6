/**
 * DeepFakeDetection (Google and Jigsaw, 2019), which the download script of FaceForensics++ brings into the same folders:
 * `original_sequences/actors` with `ACTOR__SCENE` and `manipulated_sequences/DeepFakeDetection` with `TARGET_SOURCE__SCENE__EXPERIMENT`.
 */
import { join } from 'node:path';
import { choice, type SettingsOf } from '../../config/settings.ts';
import { FAKE, REAL, type Skipped } from '../dataset.ts';
import { compareText } from '../folder-layout.ts';
import { clipId, findFrames, findVideos, type FindClips } from './clip-files.ts';
import type { Clip, Corpus, CorpusReader } from './corpus.ts';
import { dealPeople, dealSettings } from './deal.ts';
import { isFolder, openRoot, rootSetting, type RootLayout } from './root.ts';
import { readSequence } from './sequences.ts';

export const dfdSettings = {
  root: rootSetting,
  split: choice(
    ['test', 'people'],
    'test: all are for test, as there is no official split; people: the actors are dealt out, and fakes of two actors of different splits left out',
  ),
  ...dealSettings,
};
export type DfdSettings = SettingsOf<typeof dfdSettings>;

/** The name of its folder of fakes. */
export const DFD_METHOD = 'DeepFakeDetection';

const ACTORS = ['original_sequences', 'actors'] as const;
const FAKES = ['manipulated_sequences', DFD_METHOD] as const;
const REAL_NAME = /^(\d+)__(\w+)$/;
const FAKE_NAME = /^(\d+)_(\d+)__(\w+)__([0-9A-Z]{8})$/;

const LAYOUT: RootLayout = {
  title: 'DeepFakeDetection',
  expected: `${ACTORS.join('/')}/ and ${FAKES.join('/')}/`,
  recognises: async (folder) =>
    (await isFolder(join(folder, ...ACTORS))) && (await isFolder(join(folder, ...FAKES))),
};

/** `data=dfd`. */
export const dfd: CorpusReader<DfdSettings> = {
  name: 'dfd',
  settings: dfdSettings,
  list: (settings) => readDfd(settings, findVideos),
  listFrames: (settings) => readDfd(settings, findFrames),
};

async function readDfd(settings: DfdSettings, find: FindClips): Promise<Corpus> {
  const root = await openRoot(settings.root, LAYOUT);
  const { clips, skipped } = await listActors(root, find);
  const fractions = { val: settings.val_fraction, test: settings.test_fraction };
  const dealt =
    settings.split === 'people'
      ? dealPeople(clips, fractions, settings.seed)
      : { clips: clips.map((clip) => ({ ...clip, split: 'test' as const })), skipped: [] };
  return {
    name: 'dfd',
    root,
    clips: [...dealt.clips].sort((a, b) => compareText(a.id, b.id)),
    skipped: [...skipped, ...dealt.skipped],
  };
}

/** The videos of DeepFakeDetection below a root, no split told; people are `actor01`, …, and never FaceForensics++'s. */
export async function listActors(
  root: string,
  find: FindClips,
): Promise<{ readonly clips: readonly Clip[]; readonly skipped: readonly Skipped[] }> {
  const reals = await readSequence(join(root, ...ACTORS), find);
  const fakes = await readSequence(join(root, ...FAKES), find);
  const skipped: Skipped[] = [...reals.skipped, ...fakes.skipped];
  const clips: Clip[] = [];
  const realIds = new Map<string, string>();
  for (const { name, file, compression } of reals.clips) {
    const [, actor] = REAL_NAME.exec(name) ?? [];
    if (actor === undefined) {
      skipped.push({ file, why: 'is not named ACTOR__SCENE' });
      continue;
    }
    const id = clipId(root, file);
    realIds.set(`${compression}/${name}`, id);
    clips.push({
      ...{ id, file, label: REAL, manipulation: 'real', compression, split: null, source: null },
      video: `actors/${name}`,
      identities: [`actor${actor}`],
    });
  }
  for (const { name, file, compression } of fakes.clips) {
    const [, target, source, scene] = FAKE_NAME.exec(name) ?? [];
    if (target === undefined) {
      skipped.push({
        file,
        why: 'is not named TARGET_SOURCE__SCENE__EXPERIMENT, the last of eight characters',
      });
      continue;
    }
    clips.push({
      ...{ id: clipId(root, file), file, label: FAKE, manipulation: DFD_METHOD, compression, split: null },
      video: `${DFD_METHOD}/${name}`,
      identities: [`actor${target}`, `actor${source}`],
      source: realIds.get(`${compression}/${target}__${scene}`) ?? null,
    });
  }
  return { clips, skipped };
}
