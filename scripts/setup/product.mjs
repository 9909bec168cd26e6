import fs from 'node:fs';
import path from 'node:path';
import { withLock } from './lock.mjs';
import { Problem } from './problem.mjs';

/** @type {Set<string>} */
const unfinished = new Set();

/** Removes what is half made; for when set-up itself is told to end. */
export function removeUnfinished() {
  for (const folder of unfinished) fs.rmSync(folder, { recursive: true, force: true });
  unfinished.clear();
}

/**
 * A folder of the cache that is either whole or not there: it is made beside its place under a temporary name and
 * renamed when it is whole, one process at a time, after a look at the free space. What a killed process left is
 * removed by the next.
 * @typedef {object} Product
 * @property {string} folder where it belongs
 * @property {string} what what making it is called, as in "downloading …"
 * @property {number} bytes free space that making it needs at its peak
 * @property {() => boolean} isWhole whether the folder holds what it should (a cheap look)
 * @property {(folder: string) => Promise<void>} make fills a new empty folder
 *
 * @param {Product} product
 * @returns {Promise<void>}
 */
export async function ensure({ folder, what, bytes, isWhole, make }) {
  if (isWhole()) return;
  createFolder(path.dirname(folder));
  await withLock(`${folder}.lock`, what, async () => {
    if (isWhole()) return; // made by another process while this one waited
    const parent = path.dirname(folder);
    const prefix = `${path.basename(folder)}.partial-`;
    for (const name of fs.readdirSync(parent).filter((name) => name.startsWith(prefix))) {
      fs.rmSync(path.join(parent, name), { recursive: true, force: true });
    }
    fs.rmSync(folder, { recursive: true, force: true });
    checkFreeSpace(parent, bytes, what);
    const partial = path.join(parent, `${prefix}${process.pid}`);
    unfinished.add(partial);
    try {
      fs.mkdirSync(partial);
      await make(partial);
      fs.renameSync(partial, folder);
    } catch (error) {
      throw isFull(error) ? new Problem(fullDisk(parent, bytes, what)) : error;
    } finally {
      fs.rmSync(partial, { recursive: true, force: true });
      unfinished.delete(partial);
    }
  });
}

/** @param {string} folder */
function createFolder(folder) {
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.accessSync(folder, fs.constants.W_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Problem(
      `the cache folder ${folder} cannot be written (${reason}): make it writable, or name another with DEEPFAKE_GAME_CACHE=/some/folder`,
    );
  }
}

/**
 * @param {string} folder
 * @param {number} bytes
 * @param {string} what
 */
function checkFreeSpace(folder, bytes, what) {
  const { bavail, bsize } = fs.statfsSync(folder);
  if (bavail * bsize < bytes) throw new Problem(fullDisk(folder, bytes, what));
}

/**
 * @param {string} folder
 * @param {number} bytes
 * @param {string} what
 */
function fullDisk(folder, bytes, what) {
  return (
    `${what} needs ${(bytes / 1e9).toFixed(1)} GB free in ${folder}; nothing was written: ` +
    'free some space, or name a folder on another disk with DEEPFAKE_GAME_CACHE=/some/folder, and run again'
  );
}

/** @param {unknown} error */
function isFull(error) {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}
