/** Which layouts of image folders are understood: split folders, class folders, and the files below them. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Split } from './dataset.ts';

/** A folder of one class: all that is below it is real, or made by one manipulation. */
export interface ClassFolder {
  readonly path: string;
  /** Null where the layout has no split folders. */
  readonly split: Split | null;
  /** `'real'`, `'fake'` for a folder fake or 1_fake, else the folder's own name. */
  readonly manipulation: string;
}

/** The understood layouts, for error messages and help. */
export const LAYOUTS =
  'understood are: real/ and fake/; 0_real/ and 1_fake/; real/ (or original/, pristine/) beside one folder per manipulation; ' +
  'each of these also inside train/, val/ and test/, or inside test/ alone';

const SPLITS: Readonly<Record<string, Split>> = {
  train: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  test: 'test',
};
const REAL_NAMES = ['real', '0_real', 'original', 'pristine'];
const FAKE_NAMES = ['fake', '1_fake'];

/**
 * Finds the class folders below `root`; names of split, real and fake folders are matched in any case, hidden folders ignored.
 *
 * @throws an error naming the folder and the understood layouts if it is missing or laid out in another way
 */
export async function findClassFolders(root: string): Promise<readonly ClassFolder[]> {
  const names = await subfolders(root);
  const given = names.filter((name) => splitOf(name) !== undefined);
  if (given.length === 0) return classesIn(root, null, names);
  const others = names.filter((name) => splitOf(name) === undefined);
  if (others.length > 0) {
    throw layoutError(root, `has split folders (${given.join(', ')}) beside others (${others.join(', ')})`);
  }
  const splits = given.map((name) => splitOf(name) as Split);
  if (new Set(splits).size < splits.length) {
    throw layoutError(root, `names one split twice (${given.join(', ')})`);
  }
  if (splits.includes('train') !== splits.includes('val')) {
    const [has, lacks] = splits.includes('train') ? ['train', 'val'] : ['val', 'train'];
    throw layoutError(
      root,
      `has ${has}/ but no ${lacks}/, and checkpoints of a training are chosen on val: add ${lacks}/, or move the class ` +
        'folders up to have them split',
    );
  }
  const found = await Promise.all(
    given.map(async (name) => {
      const path = join(root, name);
      return classesIn(path, splitOf(name) as Split, await subfolders(path));
    }),
  );
  return found.flat();
}

/**
 * The files below a folder at any depth, as sorted paths relative to it with `/`; links are followed, hidden files and folders
 * (a leading dot) left out.
 *
 * @throws if a folder cannot be listed, or a link leads back to a folder that contains it
 */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const walk = async (path: string, below: string, above: readonly string[]): Promise<string[]> => {
    const real = await realpath(path);
    if (above.includes(real))
      throw new Error(`${path} is a link to a folder that contains it; remove the link`);
    const found = await Promise.all(
      (await listFolder(path)).map(async ({ name, isFolder }) =>
        isFolder ? walk(join(path, name), `${below}${name}/`, [...above, real]) : [`${below}${name}`],
      ),
    );
    return found.flat();
  };
  return (await walk(folder, '', [])).sort(compareText);
}

/** The files, not folders, directly in a folder, sorted; hidden ones left out. */
export async function looseFiles(folder: string): Promise<readonly string[]> {
  return (await listFolder(folder)).filter(({ isFolder }) => !isFolder).map(({ name }) => name);
}

/** What lies in a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
  /** A link to what is not there. */
  readonly isDangling: boolean;
}

/**
 * The entries of a folder that are not hidden, sorted; a link counts as what it leads to, one that leads nowhere as a file. Rejects with
 * the system's error if the folder cannot be listed.
 */
export async function listFolder(path: string): Promise<readonly FolderEntry[]> {
  const entries = (await readdir(path, { withFileTypes: true })).filter(({ name }) => !name.startsWith('.'));
  const kinds = await Promise.all(
    entries.map(async (entry): Promise<FolderEntry> => {
      const name = entry.name;
      if (!entry.isSymbolicLink()) return { name, isFolder: entry.isDirectory(), isDangling: false };
      const target = await stat(join(path, name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
      return { name, isFolder: target?.isDirectory() ?? false, isDangling: target === null };
    }),
  );
  return kinds.sort((a, b) => compareText(a.name, b.name));
}

/** Order by code units: the same in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function splitOf(name: string): Split | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(SPLITS, key) ? SPLITS[key] : undefined;
}

async function subfolders(path: string): Promise<readonly string[]> {
  const entries = await listFolder(path).catch((cause: unknown) => {
    const code = (cause as NodeJS.ErrnoException).code;
    const what =
      code === 'ENOENT' ? 'does not exist' : code === 'ENOTDIR' ? 'is a file' : `cannot be listed (${code})`;
    throw new Error(`${path} ${what}; data.path must be a folder of images: ${LAYOUTS}`, { cause });
  });
  return entries.filter(({ isFolder }) => isFolder).map(({ name }) => name);
}

function classesIn(path: string, split: Split | null, names: readonly string[]): readonly ClassFolder[] {
  const real = names.filter((name) => REAL_NAMES.includes(name.toLowerCase()));
  const fake = names.filter((name) => !real.includes(name));
  const found = names.length === 0 ? 'it has no subfolders' : `it has ${names.join(', ')}`;
  if (real.length === 0) throw layoutError(path, `has no folder of real images (${found})`);
  if (real.length > 1)
    throw layoutError(path, `has ${real.length} folders of real images (${real.join(', ')})`);
  if (fake.length === 0) throw layoutError(path, `has no folder of fake images (${found})`);
  const manipulations = fake.map((name) => (FAKE_NAMES.includes(name.toLowerCase()) ? 'fake' : name));
  if (new Set(manipulations).size < fake.length) {
    throw layoutError(path, `has two folders for the same manipulation (${fake.join(', ')})`);
  }
  return [
    { path: join(path, real[0] as string), split, manipulation: 'real' },
    ...fake.map((name, i) => ({ path: join(path, name), split, manipulation: manipulations[i] as string })),
  ];
}

function layoutError(path: string, what: string): Error {
  return new Error(`${path} ${what}; ${LAYOUTS}`);
}
