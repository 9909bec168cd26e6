import { ConfigError } from './config-error.ts';
import type { ConfigFile } from './yaml-source.ts';
import type { ConfigNode } from './tree.ts';

/** One item of a defaults list: a configuration to be composed, and where its values go. */
export interface DefaultsEntry {
  /** The group (`generator`, `/generator`), or undefined for an item that names one configuration, or `_self_`. */
  readonly group: string | undefined;
  /** The chosen option, several, none (null); for an item without a group the configuration's path. */
  choice: string | readonly string[] | null;
  /** What follows `@`, with `_here_` as ''. */
  package: string | undefined;
  readonly optional: boolean;
  readonly override: boolean;
  /** Appended by `+group=option`. */
  readonly appended: boolean;
  /** Where it was written. */
  readonly place: string;
  /** The group and the package of the configuration that lists it; set when that one is read. */
  baseGroup: string;
  basePackage: string;
  /** From `# @package` of the chosen file. */
  packageHeader: string | undefined;
  deleted: boolean;
}

export function makeEntry(
  fields: Pick<DefaultsEntry, 'group' | 'choice' | 'place'> & Partial<DefaultsEntry>,
): DefaultsEntry {
  return {
    package: undefined,
    optional: false,
    override: false,
    appended: false,
    baseGroup: '',
    basePackage: '',
    packageHeader: undefined,
    deleted: false,
    ...fields,
  };
}

export function isSelf(entry: DefaultsEntry): boolean {
  return entry.group === undefined && entry.choice === '_self_';
}

/** Places an entry below the configuration that lists it. */
export function placeBelow(entry: DefaultsEntry, group: string, pkg: string): void {
  entry.baseGroup = group;
  entry.basePackage = pkg;
  if (entry.package?.includes('_group_'))
    entry.package = `_global_.${entry.package.replaceAll('_group_', groupPath(entry).replaceAll('/', '.'))}`;
}

/** The path before the last slash of an entry without a group, the group's own path else; a leading slash is dropped. */
function ownGroup(entry: DefaultsEntry): string {
  const written = (entry.group ?? String(entry.choice)).replace(/^\//, '');
  return entry.group === undefined ? written.slice(0, Math.max(0, written.lastIndexOf('/'))) : written;
}

/** The absolute group: relative ones count from the group of the listing configuration. */
export function groupPath(entry: DefaultsEntry): string {
  const own = ownGroup(entry);
  const absolute = (entry.group ?? String(entry.choice)).startsWith('/');
  return absolute || entry.baseGroup === ''
    ? own
    : own === ''
      ? entry.baseGroup
      : `${entry.baseGroup}/${own}`;
}

/** The option's or the configuration's own name; null where nothing is chosen. */
export function nameOf(entry: DefaultsEntry): string | null {
  if (entry.choice === null || typeof entry.choice !== 'string') return null;
  return entry.group === undefined ? entry.choice.slice(entry.choice.lastIndexOf('/') + 1) : entry.choice;
}

/** The file's path below the folder of configurations, without `.yaml`. */
export function configPath(entry: DefaultsEntry): string {
  const group = groupPath(entry);
  return group === '' ? String(nameOf(entry)) : `${group}/${nameOf(entry)}`;
}

/** Where the values go: the package written in the list, else the file's header, else the group's path. */
export function finalPackage(entry: DefaultsEntry, useHeader = true): string {
  const own =
    entry.package ?? (useHeader ? entry.packageHeader : undefined) ?? ownGroup(entry).replaceAll('/', '.');
  const joined = [entry.basePackage, own].filter((part) => part !== '').join('.');
  const global = joined.lastIndexOf('_global_');
  return global === -1 ? joined : joined.slice(global + '_global_'.length + 1);
}

/** The key that an override chooses this entry by: `generator`, or `group@package` where it is not the group's own. */
export function overrideKey(entry: DefaultsEntry): string {
  const group = groupPath(entry);
  const target = finalPackage(entry, false);
  return target === group.replaceAll('/', '.') ? group : `${group}@${target === '' ? '_global_' : target}`;
}

/** Takes over the header of the chosen file; a header is always absolute. */
export function setPackageHeader(entry: DefaultsEntry, header: string | undefined): void {
  if (header === undefined || header === '_group_') return;
  entry.packageHeader = /^_global_(?:\.|$)/.test(header) ? header : `_global_.${header}`;
}

/**
 * The defaults list of a file.
 * @throws ConfigError with file:line for an item of no known form
 */
export function readDefaultsList(file: ConfigFile): DefaultsEntry[] {
  const defaults = file.root.entries.get('defaults');
  if (defaults === undefined) return [];
  if (defaults.kind !== 'list') throw new ConfigError(`${defaults.origin.place}: 'defaults' must be a list`);
  return defaults.items.map(readItem);
}

function readItem(item: ConfigNode): DefaultsEntry {
  const { place } = item.origin;
  if (item.kind === 'text') {
    const { name, package: pkg } = splitPackage(item.value, place);
    if (name === '_self_' && pkg !== undefined) throw new ConfigError(`${place}: _self_ takes no package`);
    return makeEntry({ group: undefined, choice: name, package: pkg, place });
  }
  const [pair, ...more] = item.kind === 'map' ? item.entries : [];
  if (pair === undefined || more.length > 0)
    throw new ConfigError(`${place}: an item of the defaults list is 'name' or 'group: option'`);
  const [key, value] = pair;
  const words = key.split(' ');
  const { name, package: pkg } = splitPackage(words.at(-1) ?? '', place);
  const unknown = words.slice(0, -1).find((word) => word !== 'optional' && word !== 'override');
  if (unknown !== undefined || name === '')
    throw new ConfigError(`${place}: '${key}' is no group of the defaults list`);
  if (/^\/?hydra(?:\/|$)/.test(name))
    throw new ConfigError(`${place}: there are no settings of Hydra itself here`);
  return makeEntry({
    group: name,
    choice: readChoice(value, key),
    package: pkg,
    optional: words.includes('optional'),
    override: words.includes('override'),
    place,
  });
}

function splitPackage(text: string, place: string): { name: string; package: string | undefined } {
  const at = text.indexOf('@');
  if (at === -1) return { name: text, package: undefined };
  const pkg = text.slice(at + 1);
  if (pkg.includes(':')) throw new ConfigError(`${place}: '@a:b' is not supported`);
  return { name: text.slice(0, at), package: pkg === '_here_' ? '' : pkg };
}

function readChoice(value: ConfigNode, key: string): string | readonly string[] | null {
  if (value.kind === 'null') return null;
  if (value.kind === 'text') return value.value;
  const options =
    value.kind === 'list'
      ? value.items.map((item) => (item.kind === 'text' ? item.value : undefined))
      : [undefined];
  const texts = options.filter((option) => option !== undefined);
  if (texts.length < options.length)
    throw new ConfigError(
      `${value.origin.place}: the choice of '${key}' must be text, a list of texts, or null; quote it`,
    );
  return texts;
}
