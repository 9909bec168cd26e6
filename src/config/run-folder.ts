import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from './config-error.ts';

/** Runs that start in the same second get a suffix; this many never do. */
const MOST_SUFFIXES = 10_000;

/**
 * Makes a folder that nobody else has: `path`, or `path_1`, `path_2` … where it exists already. Two processes never get the same.
 * @param path from the configuration (`run.dir`), such as `outputs/2026-01-31/12-00-00`
 * @returns the folder's path
 * @throws ConfigError if it cannot be made
 */
export function createRunFolder(path: string): string {
  makeParents(path);
  for (let suffix = 0; suffix < MOST_SUFFIXES; suffix++) {
    const candidate = suffix === 0 ? path : `${path}_${suffix}`;
    if (makeNew(candidate)) return candidate;
  }
  throw new ConfigError(`${path}: exists ${MOST_SUFFIXES} times; choose another run.dir`);
}

/** The folder of a sweep's job, inside the sweep's own: `multirun/DATE/TIME/3`. */
export function createJobFolder(sweepFolder: string, job: number): string {
  return createRunFolder(join(sweepFolder, String(job)));
}

function makeParents(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (cause) {
    throw cannotMake(path, cause);
  }
}

/** Whether the folder could be made; false where it exists. */
function makeNew(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cannotMake(path, cause);
  }
}

function cannotMake(path: string, cause: unknown): ConfigError {
  return new ConfigError(
    `${path}: the run folder cannot be made (${(cause as Error).message}); choose a writable one with run.dir=FOLDER`,
    { cause },
  );
}
