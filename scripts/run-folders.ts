// Run folders among the arguments of commands that take several of them, with key=value beside: what explain and report share.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { readArguments, type Arguments } from './arguments.ts';

/**
 * The folders, and the other arguments. What has no `=`, or is there as a file, is taken for a folder.
 *
 * @throws if there is none, one is named twice, or as {@link readArguments} does
 */
export function readRunFolders<K extends string>(
  argv: readonly string[],
  keys: readonly K[],
  usage: string,
): { readonly dirs: readonly string[]; readonly args: Arguments<K> } {
  const dirs = argv.filter((argument) => !argument.includes('=') || existsSync(argument));
  const others = argv.filter((argument) => !dirs.includes(argument));
  const args = readArguments(others, keys, usage);
  if (dirs.length === 0) throw new Error(`no run folder: usage: ${usage}`);
  const places = dirs.map((dir) => path.resolve(dir));
  const twice = dirs.find((_, i) => places.indexOf(places[i]!) < i);
  if (twice !== undefined) throw new Error(`${twice} is named twice; usage: ${usage}`);
  return { dirs, args };
}

/** The deepest folder that all of these are, or lie in; of one the folder itself. */
export function commonFolder(folders: readonly string[]): string {
  const parts = folders.map((folder) => path.resolve(folder).split(path.sep));
  const differ = parts[0]!.findIndex((part, i) => parts.some((other) => other[i] !== part));
  return parts[0]!.slice(0, differ === -1 ? undefined : differ).join(path.sep) || path.sep;
}
