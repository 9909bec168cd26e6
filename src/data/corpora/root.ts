/** The folder that `data.root` must name, checked before anything is read from it. */
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { text } from '../../config/settings.ts';
import { listFolder } from '../folder-layout.ts';

export const rootSetting = text('the folder that the dataset was downloaded to, from the working folder');

/** How a dataset's folder is known. */
export interface RootLayout {
  /** The dataset, as its owners call it. */
  readonly title: string;
  /** What lies in its folder, for messages. */
  readonly expected: string;
  /** Whether that lies in this folder; looks at names only. */
  readonly recognises: (folder: string) => Promise<boolean>;
}

const LEVELS_UP = 4; // from original_sequences/youtube/c23/videos to the root

/**
 * The absolute path of a dataset's folder.
 *
 * @throws if it is not there or holds something else, with what was expected, and where that is if it lies a level deeper or further up
 */
export async function openRoot(given: string, layout: RootLayout): Promise<string> {
  const root = resolve(given);
  if (await layout.recognises(root)) return root;
  const what = await kindOf(root);
  const place = await nearby(root, layout.recognises);
  const remedy = place === null ? '' : `; that lies in ${place}: say data.root=${place}`;
  throw new Error(`data.root: ${root} ${what}; ${layout.title} has ${layout.expected} there${remedy}`);
}

/** Whether there is a folder, or a link to one, of this path. */
export async function isFolder(path: string): Promise<boolean> {
  return (await entryAt(path))?.isDirectory() ?? false;
}

/** Whether there is a file, or a link to one, of this path. */
export async function isFile(path: string): Promise<boolean> {
  return (await entryAt(path))?.isFile() ?? false;
}

async function entryAt(path: string) {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
}

async function kindOf(root: string): Promise<string> {
  const entry = await entryAt(root);
  if (entry === null) return 'does not exist';
  if (!entry.isDirectory()) return 'is a file';
  const names = (await listFolder(root)).map(({ name }) => name);
  const shown = names.length > 5 ? `${names.slice(0, 5).join(', ')}, …` : names.join(', ');
  return names.length === 0 ? 'is empty' : `has other things (${shown})`;
}

async function nearby(root: string, recognises: RootLayout['recognises']): Promise<string | null> {
  const below = (await isFolder(root)) ? await listFolder(root) : [];
  const candidates = below.filter((entry) => entry.isFolder).map(({ name }) => join(root, name));
  let above = root;
  for (let level = 0; level < LEVELS_UP; level++) candidates.push((above = dirname(above)));
  for (const candidate of candidates) if (await recognises(candidate)) return candidate;
  return null;
}
