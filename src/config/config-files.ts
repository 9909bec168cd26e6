import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './config-error.ts';
import { readConfigFile } from './yaml-source.ts';
import type { ConfigFile } from './yaml-source.ts';

/** The folder of configurations: a folder in it is a group, a `.yaml` file in a group is one of its options. */
export interface ConfigFiles {
  readonly dir: string;
  /** Whether the folder exists; '' is the folder of configurations itself. */
  readonly isGroup: (group: string) => boolean;
  /** The file `dir/name.yaml`, read once; undefined where there is none. */
  readonly load: (name: string) => ConfigFile | undefined;
  /** The options of a group, sorted; empty where there is no such group. */
  readonly options: (group: string) => readonly string[];
  /** Every group, nested ones as `a/b`, sorted. */
  readonly groups: () => readonly string[];
}

/**
 * Opens a folder of configurations. Files are read when asked for and kept, so that all jobs of a sweep see the same text.
 * @throws ConfigError if the folder is missing
 */
export function openConfigFiles(dir: string): ConfigFiles {
  if (!isDirectory(dir))
    throw new ConfigError(`${dir}: no such folder of configurations; name one with --config-dir`);
  const loaded = new Map<string, ConfigFile | undefined>();
  return {
    dir,
    isGroup: (group) => isSafeName(group) && isDirectory(join(dir, group)),
    load: (name) => {
      if (!loaded.has(name)) loaded.set(name, loadFile(dir, name));
      return loaded.get(name);
    },
    options: (group) => listOptions(join(dir, group)),
    groups: () => listGroups(dir, ''),
  };
}

function isSafeName(name: string): boolean {
  return !name.includes('\\') && !name.split('/').includes('..');
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function loadFile(dir: string, name: string): ConfigFile | undefined {
  if (!isSafeName(name)) throw new ConfigError(`the configuration '${name}' lies outside ${dir}`);
  const path = join(dir, name.endsWith('.yaml') ? name : `${name}.yaml`);
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readConfigFile(path) : undefined;
}

function listOptions(folder: string): readonly string[] {
  if (!isDirectory(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length))
    .sort();
}

function listGroups(dir: string, parent: string): readonly string[] {
  const folders = readdirSync(join(dir, parent), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  return folders
    .map((entry) => (parent === '' ? entry.name : `${parent}/${entry.name}`))
    .sort()
    .flatMap((group) => [group, ...listGroups(dir, group)]);
}
