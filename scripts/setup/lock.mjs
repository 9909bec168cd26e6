import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './progress.mjs';

const HEARTBEAT_MS = 5_000;
const SILENT_MS = 60_000;

/** @type {Set<string>} */
const held = new Set();

/** Gives up every lock that this process holds; for when set-up itself is told to end. */
export function releaseLocks() {
  for (const file of held) fs.rmSync(file, { force: true });
  held.clear();
}

/**
 * Runs a job while holding a lock file, waiting first for another process that holds it. A holder that died is
 * noticed: at once by its process id on the same host, elsewhere because it stopped touching the file.
 *
 * The lock only spares doing the work twice. Correctness does not hang on it: what a job makes is renamed into place.
 * @template Result
 * @param {string} file
 * @param {string} what what the holder does, for the waiting user
 * @param {() => Promise<Result>} job
 * @returns {Promise<Result>}
 */
export async function withLock(file, what, job) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  let told = false;
  while (!take(file)) {
    if (takeAwayFromTheDead(file)) continue;
    if (!told) say(`waiting for another set-up that is ${what} (lock ${file})`);
    told = true;
    await sleep(200);
  }
  held.add(file);
  const heartbeat = setInterval(() => touch(file), HEARTBEAT_MS);
  try {
    return await job();
  } finally {
    clearInterval(heartbeat);
    held.delete(file);
    fs.rmSync(file, { force: true });
  }
}

/**
 * Links a finished file to the lock's name, so that no lock file is ever seen empty.
 * @param {string} file
 */
function take(file) {
  const own = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  fs.writeFileSync(own, JSON.stringify({ pid: process.pid, host: os.hostname() }));
  try {
    fs.linkSync(own, file);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    fs.rmSync(own);
  }
}

/**
 * Removes the lock if its holder is gone. Says whether taking it is worth another try.
 * @param {string} file
 */
function takeAwayFromTheDead(file) {
  try {
    const before = fs.statSync(file);
    /** @type {unknown} */
    const holder = JSON.parse(fs.readFileSync(file, 'utf8'));
    if (Date.now() - before.mtimeMs < SILENT_MS && !isDead(holder)) return false;
    // Only the file that was judged may go: between the look and the removal another process can have taken over.
    if (fs.statSync(file).ino === before.ino) fs.rmSync(file, { force: true });
    return true;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return true;
    throw error;
  }
}

/** @param {unknown} holder */
function isDead(holder) {
  const { pid, host } = /** @type {{ pid: number, host: string }} */ (holder);
  if (host !== os.hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return isCode(error, 'ESRCH');
  }
}

/** @param {string} file */
function touch(file) {
  const now = new Date();
  try {
    fs.utimesSync(file, now, now);
  } catch (error) {
    // Somebody deleted the cache folder; the job will notice that in its own words.
    if (!isCode(error, 'ENOENT')) throw error;
  }
}

/**
 * @param {unknown} error
 * @param {string} code
 */
function isCode(error, code) {
  return error instanceof Error && 'code' in error && error.code === code;
}
