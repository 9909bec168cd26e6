/** Score tables that a command fills one after another and finds again when it was stopped on the way. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../reports/files.ts';
import { readScores, writeScores, type ScoreRow } from './scores.ts';

/** Says of each table by what it was made: a hash of that, by the table's name. */
const RECORD = 'made-by.json';

export interface KeptScores {
  /** Whether {@link KeptScores.find} has it, without reading it. */
  has(name: string, madeBy: unknown): boolean;
  /** The table of that name if it was made by just this; null otherwise. Throws if the file is damaged. */
  find(name: string, madeBy: unknown): ScoreRow[] | null;
  /** Writes `NAME.csv`. A table is recorded after it is there, so that a crash between leaves it to be made again. */
  keep(name: string, madeBy: unknown, rows: readonly ScoreRow[]): void;
}

/** Opens a folder of tables, which need not be there yet. Throws if its record cannot be read. */
export function openKeptScores(folder: string): KeptScores {
  const record = path.join(folder, RECORD);
  const made = readRecord(record);
  const fileOf = (name: string): string => path.join(folder, `${name}.csv`);
  const has = (name: string, madeBy: unknown): boolean =>
    made[name] === hashOf(madeBy) && existsSync(fileOf(name));
  return {
    has,
    find: (name, madeBy) => (has(name, madeBy) ? readScores(fileOf(name)) : null),
    keep: (name, madeBy, rows) => {
      writeScores(fileOf(name), rows);
      made[name] = hashOf(madeBy);
      writeFileAtomic(record, `${JSON.stringify(made, null, 2)}\n`);
    },
  };
}

function readRecord(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  } catch (cause) {
    throw new Error(`${file} is damaged; delete it, and the tables are made anew`, { cause });
  }
}

function hashOf(madeBy: unknown): string {
  return createHash('sha256').update(JSON.stringify(madeBy)).digest('hex');
}
