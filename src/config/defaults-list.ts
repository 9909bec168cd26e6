import { ConfigError } from './config-error.ts';
import type { ConfigFiles } from './config-files.ts';
import {
  configPath,
  finalPackage,
  groupPath,
  isSelf,
  makeEntry,
  nameOf,
  overrideKey,
  placeBelow,
  readDefaultsList,
  setPackageHeader,
} from './defaults-entry.ts';
import type { DefaultsEntry } from './defaults-entry.ts';
import { didYouMean } from './did-you-mean.ts';
import { recordChoice, takeDeletion } from './group-overrides.ts';
import type { GroupOverrides } from './group-overrides.ts';
import { dereference } from './interpolate.ts';
import type { ResolveContext } from './resolvers.ts';
import type { ConfigNode, MapNode } from './tree.ts';

/** One configuration file and the package its values go to; later ones win. */
export interface Placement {
  readonly path: string;
  readonly package: string;
}

/** A configuration with those that its defaults list pulls in, in order; without any it stands for itself. */
interface Branch {
  readonly entry: DefaultsEntry;
  readonly children: readonly (Branch | 'self')[] | undefined;
}

interface Expansion {
  readonly files: ConfigFiles;
  readonly overrides: GroupOverrides;
  readonly context: ResolveContext;
}

/**
 * Expands the defaults lists from the primary configuration down, as Hydra 1.3 does: from the last item to the first, so that an
 * `override` in a later one (an experiment) reaches the earlier ones, and the command line before all of them.
 * @throws ConfigError naming file and line for a choice that does not exist, is missing (`???`), or is made twice
 */
export function expandDefaults(
  files: ConfigFiles,
  configName: string,
  overrides: GroupOverrides,
  context: ResolveContext,
): readonly Placement[] {
  const entry = makeEntry({ group: undefined, choice: configName, place: `${files.dir}/${configName}.yaml` });
  if (files.load(configName) === undefined) {
    const hint = didYouMean(configName, files.options(''));
    throw new ConfigError(
      `${files.dir}: no configuration '${configName}'.${hint} There are: ${files.options('').join(', ')}`,
    );
  }
  const branch = expand(
    entry,
    { files, overrides, context },
    { root: true, interpolated: false, parents: [] },
  );
  const found = flatten(branch);
  refuseDuplicates(found);
  return found.map(({ placement }) => placement);
}

interface Position {
  readonly root: boolean;
  /** Below an interpolated choice, which comes too late to override others. */
  readonly interpolated: boolean;
  readonly parents: readonly string[];
}

function expand(entry: DefaultsEntry, expansion: Expansion, position: Position): Branch {
  const { files, overrides } = expansion;
  const leaf: Branch = { entry, children: undefined };
  const named = nameOf(entry) !== null && nameOf(entry) !== '???';
  if (named) setPackageHeader(entry, files.load(configPath(entry))?.packageHeader);
  if (takeDeletion(overrides, entry)) return leaf;
  recordChoice(overrides, entry);
  if (nameOf(entry) === null) return leaf;
  const path = configPath(entry);
  if (path.endsWith('???')) throw missingChoice(entry, files);
  const file = files.load(path);
  if (file === undefined) {
    if (!entry.optional) throw noSuchConfig(entry, files);
    entry.deleted = true;
    return leaf;
  }
  if (position.parents.includes(path))
    throw new ConfigError(
      `${entry.place}: the defaults lists go in a circle: ${[...position.parents, path].join(' -> ')}`,
    );
  const list = listWithSelf(readDefaultsList(file), entry, expansion, position);
  const below = { root: false, interpolated: position.interpolated, parents: [...position.parents, path] };
  const children = expandList(list, entry, expansion, below);
  return { entry, children: children.length > 0 ? children : undefined };
}

/** The list with `_self_` last where it was left out, and at the root with what `+group=option` appends. */
function listWithSelf(
  list: DefaultsEntry[],
  entry: DefaultsEntry,
  expansion: Expansion,
  position: Position,
): DefaultsEntry[] {
  const appended = position.root ? expansion.overrides.appended : [];
  if (list.length > 0 || appended.length > 0) {
    const selves = list.filter(isSelf);
    if (selves[1] !== undefined)
      throw new ConfigError(`${selves[1].place}: _self_ stands twice in the defaults list`);
    const anything = list.length === 0 || list.some((item) => !item.override);
    if (selves.length === 0 && anything)
      list.push(makeEntry({ group: undefined, choice: '_self_', place: entry.place }));
  }
  list.push(...appended);
  readOverrides(list, entry, expansion, position);
  return list;
}

/** Notes the `override` items of a list; those noted before, from outside, win. */
function readOverrides(
  list: readonly DefaultsEntry[],
  parent: DefaultsEntry,
  expansion: Expansion,
  position: Position,
): void {
  let last: DefaultsEntry | undefined;
  for (const item of list) {
    if (isSelf(item)) continue;
    placeBelow(item, groupPath(parent), finalPackage(parent));
    if (last !== undefined && !item.override && !item.appended)
      throw new ConfigError(`${last.place}: overrides must be at the end of the defaults list`);
    if (!item.override) continue;
    last = item;
    if (position.interpolated)
      throw new ConfigError(`${item.place}: no overrides can stand below an interpolated choice of a group`);
    const key = overrideKey(item);
    if (!expansion.overrides.choices.has(key))
      expansion.overrides.choices.set(key, { choice: item.choice, place: item.place, used: false });
  }
}

function expandList(
  list: readonly DefaultsEntry[],
  parent: DefaultsEntry,
  expansion: Expansion,
  position: Position,
): readonly (Branch | 'self')[] {
  const children: (Branch | 'self' | DefaultsEntry)[] = [];
  for (const item of [...list].reverse()) {
    if (isSelf(item)) children.push('self');
    else if (!item.override) children.push(...expandItem(item, parent, expansion, position));
  }
  const known = knownChoices(list, expansion.overrides);
  return children
    .map((child) => {
      if (child === 'self' || 'entry' in child) return child;
      resolveChoice(child, known, expansion.context);
      return expand(child, expansion, { ...position, interpolated: true });
    })
    .reverse();
}

/** Expands an item, last option first; one whose choice is an interpolation is left for later. */
function expandItem(
  item: DefaultsEntry,
  parent: DefaultsEntry,
  expansion: Expansion,
  position: Position,
): readonly (Branch | DefaultsEntry)[] {
  if (item.group !== undefined) {
    const chosen = expansion.overrides.choices.get(overrideKey(item));
    if (chosen !== undefined) {
      item.choice = chosen.choice;
      chosen.used = true;
    }
  }
  if (typeof item.choice !== 'string' && item.choice !== null) {
    return [...item.choice].reverse().map((option) => {
      if (option.includes('${'))
        throw new ConfigError(`${item.place}: a list of options takes no interpolations`);
      const { package: pkg, optional, place } = item;
      const one = makeEntry({
        group: undefined,
        choice: `${item.group}/${option}`,
        package: pkg,
        optional,
        place,
      });
      placeBelow(one, groupPath(parent), finalPackage(parent));
      return expand(one, expansion, position);
    });
  }
  return item.choice?.includes('${') ? [item] : [expand(item, expansion, position)];
}

/** What interpolations in a defaults list may name: the choices of groups made so far. */
function knownChoices(list: readonly DefaultsEntry[], overrides: GroupOverrides): MapNode {
  const origin = { place: list[0]?.place ?? '' };
  const entries = [...overrides.known].map(([key, choice]): [string, ConfigNode] => [
    key,
    choice === null ? { kind: 'null', origin } : { kind: 'text', value: choice, origin },
  ]);
  return { kind: 'map', entries: new Map(entries), origin };
}

function resolveChoice(item: DefaultsEntry, known: MapNode, context: ResolveContext): void {
  const written = item.group === undefined ? configPath(item) : String(item.choice);
  const origin = { place: item.place };
  const { node } = dereference(
    { node: { kind: 'text', value: written, origin }, path: ['defaults'] },
    known,
    context,
  );
  if (node.kind !== 'text') throw new ConfigError(`${item.place}: '${written}' gives no name of an option`);
  item.choice = node.value;
}

function missingChoice(entry: DefaultsEntry, files: ConfigFiles): ConfigError {
  const group = groupPath(entry);
  const known = files.options(group).join(', ');
  return new ConfigError(
    `${entry.place}: choose an option of '${group}': ${overrideKey(entry)}=OPTION, one of ${known}`,
  );
}

function noSuchConfig(entry: DefaultsEntry, files: ConfigFiles): ConfigError {
  const group = groupPath(entry);
  const options = files.options(group);
  const hint = didYouMean(nameOf(entry) ?? '', options);
  const known = options.length > 0 ? ` Known in '${group}': ${options.join(', ')}.` : '';
  return new ConfigError(`${entry.place}: there is no configuration '${configPath(entry)}'.${hint}${known}`);
}

interface Flat {
  readonly placement: Placement;
  readonly key: string | undefined;
  readonly place: string;
}

function flatten({ entry, children }: Branch): readonly Flat[] {
  const placement = { path: configPath(entry), package: finalPackage(entry) };
  const { place } = entry;
  if (children !== undefined)
    return children.flatMap((child) =>
      child === 'self' ? [{ placement, key: undefined, place }] : flatten(child),
    );
  const nothing = entry.deleted || nameOf(entry) === null || nameOf(entry) === '???';
  return nothing
    ? []
    : [{ placement, key: entry.group === undefined ? undefined : overrideKey(entry), place }];
}

function refuseDuplicates(found: readonly Flat[]): void {
  const seen = new Set<string>();
  for (const { key, place } of found) {
    if (key === undefined) continue;
    if (seen.has(key)) throw new ConfigError(`${place}: '${key}' stands more than once in the defaults list`);
    seen.add(key);
  }
}
