/** Writing result files so that a crash, a full disk or a second reader never sees half of one. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file as a whole: to a temporary file in the same folder, through to the disk, then renamed over `file`.
 * Missing folders are made. On an error the old file, if there was one, is still there in full.
 *
 * @throws an error naming the folder and the remedy, see {@link explainWriteError}
 */
export function writeFileAtomic(file: string, content: string | Uint8Array): void {
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  try {
    mkdirSync(dirname(file), { recursive: true });
    const descriptor = openSync(temporary, 'w');
    try {
      writeFileSync(descriptor, content);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw explainWriteError(error, file);
  }
}

/** Turns a system error met while writing `path` into one that names the folder and says what to do. */
export function explainWriteError(error: unknown, path: string): Error {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const remedy = REMEDIES[code];
  if (remedy === undefined && !(error instanceof Error))
    return new Error(`cannot write ${path}: ${String(error)}`);
  const why = remedy ?? (error as Error).message;
  return new Error(`cannot write ${path}: ${why.replace('FOLDER', dirname(path))}`, { cause: error });
}

const UNWRITABLE = 'no permission in folder FOLDER. Choose another folder or make this one writable';
const FULL = 'no space left for folder FOLDER. Free some space or choose a folder on another disk';
const NOT_A_FOLDER = 'a part of FOLDER is a file, not a folder. Choose another folder or move that file away';

const REMEDIES: Readonly<Record<string, string | undefined>> = {
  EACCES: UNWRITABLE,
  EPERM: UNWRITABLE,
  EROFS: 'folder FOLDER is on a read-only file system. Choose another folder',
  ENOSPC: FULL,
  EDQUOT: 'the disk quota is used up for folder FOLDER. Free some space or choose another folder',
  ENOTDIR: NOT_A_FOLDER,
  EEXIST: NOT_A_FOLDER,
};
