import { ConfigError } from './config-error.ts';
import type { ConfigFiles } from './config-files.ts';
import { groupPath, makeEntry, nameOf, overrideKey } from './defaults-entry.ts';
import type { DefaultsEntry } from './defaults-entry.ts';
import { didYouMean } from './did-you-mean.ts';
import { singleValue, spellKey } from './overrides.ts';
import type { Override } from './overrides.ts';

/** What overrides ask of the defaults list, and what has been chosen so far. */
export interface GroupOverrides {
  /** By override key: the option to choose instead. */
  readonly choices: Map<string, { choice: DefaultsEntry['choice']; place: string; used: boolean }>;
  /** From `+group=option`. */
  readonly appended: readonly DefaultsEntry[];
  /** From `~group` and `~group=option`. */
  readonly deletions: Map<string, { choice: string | null; text: string; used: boolean }>;
  /** By override key: the choices made, null for none. */
  readonly known: Map<string, string | null>;
  /** By group: the override keys it was chosen under. */
  readonly knownKeys: Map<string, Set<string>>;
}

/**
 * Parts the overrides of groups from those of values; a mapping as value (`group={a:1}`) is of the second kind.
 * @throws ConfigError for `++group`, and for a choice that is neither text nor a list
 */
export function readGroupOverrides(
  overrides: readonly Override[],
  files: ConfigFiles,
): { groups: GroupOverrides; values: readonly Override[] } {
  const appended: DefaultsEntry[] = [];
  const groups: GroupOverrides = {
    choices: new Map(),
    appended,
    deletions: new Map(),
    known: new Map(),
    knownKeys: new Map(),
  };
  const values: Override[] = [];
  for (const override of overrides) {
    const value = singleValue(override);
    if (value?.kind === 'map' || !files.isGroup(override.key)) {
      if (override.key.includes('/')) throw unknownGroup(override, files);
      values.push(override);
      continue;
    }
    const place = `override '${override.text}'`;
    const key = spellKey({ ...override, action: 'change' });
    if (override.action === 'force-add')
      throw new ConfigError(`${place}: a group takes + or no sign, not ++`);
    if (override.action === 'delete') {
      groups.deletions.set(key, { choice: deletedOption(override), text: override.text, used: false });
      continue;
    }
    const choice = chosenOptions(override);
    if (override.action === 'add') {
      const pkg = override.package === '_here_' ? '' : override.package;
      appended.push(makeEntry({ group: override.key, choice, package: pkg, appended: true, place }));
    } else groups.choices.set(key, { choice, place, used: false });
  }
  return { groups, values };
}

function unknownGroup(override: Override, files: ConfigFiles): ConfigError {
  const hint = didYouMean(override.key, files.groups());
  return new ConfigError(`override '${override.text}': there is no group '${override.key}'.${hint}`);
}

function deletedOption(override: Override): string | null {
  const value = singleValue(override);
  if (value === undefined || value.kind === 'null') return null;
  if (value.kind === 'text') return value.value;
  throw new ConfigError(`override '${override.text}': the option to delete must be text`);
}

function chosenOptions(override: Override): string | readonly string[] {
  const value = singleValue(override);
  if (value?.kind === 'text') return value.value;
  const options =
    value?.kind === 'list'
      ? value.items.map((item) => (item.kind === 'text' ? item.value : undefined))
      : [undefined];
  const texts = options.filter((option) => option !== undefined);
  if (texts.length < options.length)
    throw new ConfigError(
      `override '${override.text}': an option of the group '${override.key}' must be text or a list of texts`,
    );
  return texts;
}

/** Whether the entry is deleted by an override, which is then used up. */
export function takeDeletion(overrides: GroupOverrides, entry: DefaultsEntry): boolean {
  const deletion = entry.group === undefined ? undefined : overrides.deletions.get(overrideKey(entry));
  if (deletion === undefined || (deletion.choice !== null && deletion.choice !== nameOf(entry))) return false;
  deletion.used = true;
  entry.deleted = true;
  return true;
}

/**
 * Notes the choice an entry makes.
 * @throws ConfigError if the same key was given another option
 */
export function recordChoice(overrides: GroupOverrides, entry: DefaultsEntry): void {
  if (entry.group === undefined) return;
  const key = overrideKey(entry);
  const choice = nameOf(entry);
  const before = overrides.known.get(key);
  if (before !== undefined && before !== choice)
    throw new ConfigError(
      `${entry.place}: '${key}' is chosen twice, ${before} and ${choice}; to change it write 'override ${key}'`,
    );
  overrides.known.set(key, choice);
  const keys = overrides.knownKeys.get(groupPath(entry)) ?? new Set();
  overrides.knownKeys.set(groupPath(entry), keys.add(key));
}

/**
 * Refuses overrides that met nothing in the defaults list.
 * @throws ConfigError naming the override and the remedy
 */
export function refuseUnused(overrides: GroupOverrides): void {
  for (const [key, { choice, place, used }] of overrides.choices) {
    if (used) continue;
    const known = [...(overrides.knownKeys.get(key.split('@')[0] ?? '') ?? [])].sort();
    const remedy =
      known.length > 0 ? `Known: ${known.join(', ')}.` : `To add the group write +${key}=${String(choice)}.`;
    throw new ConfigError(`${place}: nothing in the defaults list is chosen by '${key}'. ${remedy}`);
  }
  for (const { text, used } of overrides.deletions.values())
    if (!used) throw new ConfigError(`override '${text}': nothing in the defaults list matches`);
}
