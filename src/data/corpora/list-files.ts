/** The owners' lists: text, JSON and CSV, with errors that say the file and the line. */
import { readFile } from 'node:fs/promises';

/** One line of a list that is not blank. */
export interface ListLine {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

/** The lines of a text file that are not blank, trimmed (of a leading byte order mark too); line ends of any system. */
export async function readLines(file: string): Promise<readonly ListLine[]> {
  return (await readFile(file, 'utf8'))
    .split(/\r\n|\n|\r/)
    .map((text, i) => ({ number: i + 1, text: text.trim() }))
    .filter(({ text }) => text !== '');
}

/** What a JSON file holds, a leading byte order mark left aside. Throws, naming the file, if it is none. */
export async function readJson(file: string): Promise<unknown> {
  const text = (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${file} is no JSON: ${(cause as Error).message}; download it again`, { cause });
  }
}

/** The entries of a JSON object whose values are objects. Throws, naming the file and the entry, if it is anything else. */
export async function readJsonTable(
  file: string,
): Promise<readonly (readonly [string, Readonly<Record<string, unknown>>])[]> {
  const table = await readJson(file);
  if (!isRecord(table)) throw new Error(`${file} must hold an object with an entry a video`);
  return Object.entries(table).map(([key, entry]) => {
    if (!isRecord(entry)) throw new Error(`${file}: the entry ${key} must be an object`);
    return [key, entry] as const;
  });
}

/** A path of a list with `/`, whatever the system that it was written on. */
export function withSlashes(path: string): string {
  return path.replaceAll('\\', '/');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
