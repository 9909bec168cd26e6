/**
 * A plain folder of videos and still images, in any layout that `data=folder` takes (folder-layout.ts): real ones beside one folder a
 * manipulation, perhaps inside train/, val/ and test/.
 */
import { relative, resolve, sep } from 'node:path';
import { choice, text, type SettingsOf } from '../../config/settings.ts';
import { FAKE, REAL, type Skipped } from '../dataset.ts';
import { compareText, filesBelow, findClassFolders, looseFiles, type ClassFolder } from '../folder-layout.ts';
import { hasImageExtension } from '../image.ts';
import { videoOf, withoutExtension } from '../path-rule.ts';
import { hasVideoExtension } from './clip-files.ts';
import type { Clip, Corpus, CorpusVariant } from './corpus.ts';

const settings = {
  root: text('The folder with the videos and images, from the working folder.'),
  unit: choice(
    ['video', 'file'],
    'video: the same name under real and fake is the same footage; file: names mean nothing, and every file stands alone.',
  ),
};
export type FolderCorpusSettings = SettingsOf<typeof settings>;

/**
 * Videos and images below class folders. With `unit: video`, `fake/vid12.mp4` was made of `real/vid12.avi` and shares its identity `vid12`;
 * files in a folder, or of one name but for a frame number, are of one video, as `data=folder` reads them.
 */
export const folderCorpus: CorpusVariant<FolderCorpusSettings> = {
  name: 'folder',
  settings,
  list: listFolderClips,
};

async function listFolderClips({ root: path, unit }: FolderCorpusSettings): Promise<Corpus> {
  const root = resolve(path);
  const folders = await findClassFolders(root);
  const skipped: Skipped[] = [];
  for (const parent of new Set([root, ...folders.map((folder) => resolve(folder.path, '..'))])) {
    for (const name of await looseFiles(parent)) {
      skipped.push({ file: resolve(parent, name), why: 'is outside the class folders' });
    }
  }
  const clips = new Map<string, Clip>();
  for (const folder of folders) {
    const real = folders.find((each) => each.manipulation === 'real' && each.split === folder.split);
    for (const name of await filesBelow(folder.path)) {
      const clip = clipOf(root, folder, name, unit === 'file' ? null : (real ?? null));
      const first = clips.get(clip.id);
      if (!hasVideoExtension(name) && !hasImageExtension(name)) {
        skipped.push({ file: clip.file, why: 'is no video or image of a known extension' });
      } else if (first !== undefined) {
        skipped.push({ file: clip.file, why: `has the name of ${first.file} but for the extension` });
      } else clips.set(clip.id, clip);
    }
  }
  const sorted = [...clips.values()].sort((a, b) => compareText(a.id, b.id));
  return {
    name: 'folder',
    root,
    clips: sorted.map((clip) => ({ ...clip, source: clips.has(clip.source ?? '') ? clip.source : null })),
    skipped,
  };
}

/**
 * A clip; its `source` is the id that its real one would have.
 *
 * @param real the folder of real clips beside this one; null where names mean nothing
 */
function clipOf(root: string, folder: ClassFolder, name: string, real: ClassFolder | null): Clip {
  const { path, split, manipulation } = folder;
  const idOf = (parent: string): string =>
    withoutExtension(relative(root, resolve(parent, name)).split(sep).join('/'));
  const id = idOf(path);
  const video = videoOf(name);
  return {
    id,
    file: resolve(path, name),
    label: manipulation === 'real' ? REAL : FAKE,
    manipulation,
    compression: null,
    split,
    video: real === null ? id : `${manipulation}/${video}`,
    identities: real === null ? [] : [video],
    source: real === null || manipulation === 'real' ? null : idOf(real.path),
  };
}
