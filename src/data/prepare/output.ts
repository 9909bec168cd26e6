/** The output folder: made for one set of settings, and told by a file of its own. */
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { readIfThere, writeWhole } from '../whole-file.ts';

/** All that the crops depend on beside the clips: plain values, nested by key. */
export type MadeWith = Readonly<Record<string, unknown>>;

/**
 * Makes the folder, or finds that it was made with the same.
 *
 * @throws if it holds crops that were made otherwise, naming what differs, or other things than crops
 */
export async function openOutput(out: string, madeWith: MadeWith): Promise<void> {
  const file = path.join(out, 'prepare.json');
  const written = await readIfThere(file);
  if (written === undefined) {
    await mkdir(out, { recursive: true });
    if ((await readdir(out)).length > 0) {
      throw new Error(`out=${out}: the folder holds something else; name a new or an empty one`);
    }
    return writeWhole(file, `${JSON.stringify(madeWith, null, 2)}\n`);
  }
  const before = flatten(JSON.parse(written.toString('utf8')) as MadeWith);
  const now = flatten(madeWith);
  const differing = [...new Set([...before.keys(), ...now.keys()])].filter(
    (key) => before.get(key) !== now.get(key),
  );
  if (differing.length === 0) return;
  const told = differing.map(
    (key) => `${key} was ${before.get(key) ?? 'not there'}, is ${now.get(key) ?? 'not there'}`,
  );
  throw new Error(
    `out=${out}: its crops were made otherwise (${told.join('; ')}); name another folder, or delete this one to make all anew`,
  );
}

function flatten(values: MadeWith, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(values).flatMap(([key, value]): [string, string][] =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? [...flatten(value as MadeWith, `${prefix}${key}.`)]
        : [[`${prefix}${key}`, JSON.stringify(value)]],
    ),
  );
}
