import convict from 'convict';
import { ConfigError } from './config-error.ts';
import { didYouMean } from './did-you-mean.ts';
import { isSetting } from './settings.ts';
import type { Setting, SettingsOf, SettingsRecord } from './settings.ts';
import { isMissing, plainValue } from './tree.ts';
import type { ConfigNode, MapNode } from './tree.ts';

/**
 * Checks a resolved configuration against the settings its chosen variants ask for, and gives it back typed and frozen.
 *
 * All problems are reported at once, each with the key, the file:line or override it came from, what is wrong and what would
 * be right: keys that nobody knows, keys that are missing or still `???`, values of the wrong kind or out of range.
 *
 * @param config a composed tree with its interpolations resolved
 * @param settings the records of the chosen variants, each under the section of its group
 * @throws ConfigError with one problem a line
 */
export function checkSettings<const S extends SettingsRecord>(config: MapNode, settings: S): SettingsOf<S> {
  const problems: string[] = [];
  checkSection(config, settings, '', problems);
  checkValues(config, settings, '', problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return validate(config, settings) as SettingsOf<S>;
}

function join(prefix: string, key: string): string {
  return prefix === '' ? key : `${prefix}.${key}`;
}

/** Unknown and missing keys, and sections that are none. */
function checkSection(section: MapNode, settings: SettingsRecord, prefix: string, problems: string[]): void {
  const known = Object.keys(settings);
  for (const [key, node] of section.entries) {
    if (Object.hasOwn(settings, key)) continue;
    const where = prefix === '' ? '' : ` in '${prefix}'`;
    const list = known.length > 0 ? ` Known${where}: ${known.join(', ')}.` : '';
    problems.push(
      `${node.origin.place}: unknown key '${join(prefix, key)}'.${didYouMean(key, known)}${list}`,
    );
  }
  for (const [key, entry] of Object.entries(settings)) {
    const name = join(prefix, key);
    const node = section.entries.get(key);
    if (node === undefined)
      problems.push(`${section.origin.place}: the key '${name}' is missing${describe(entry)}`);
    else if (isMissing(node))
      problems.push(`${node.origin.place}: '${name}' must be given${describe(entry)}`);
    else if (isSetting(entry)) continue;
    else if (node.kind === 'map') checkSection(node, entry, name, problems);
    else
      problems.push(
        `${node.origin.place}: '${name}' must be a section with ${Object.keys(entry).join(', ')}`,
      );
  }
}

function describe(entry: Setting | SettingsRecord): string {
  return isSetting(entry)
    ? `: ${entry.expects} (${entry.doc})`
    : `: a section with ${Object.keys(entry).join(', ')}`;
}

/** The values that are there. */
function checkValues(section: MapNode, settings: SettingsRecord, prefix: string, problems: string[]): void {
  for (const [key, entry] of Object.entries(settings)) {
    const node = section.entries.get(key);
    if (node === undefined || isMissing(node)) continue;
    if (!isSetting(entry)) {
      if (node.kind === 'map') checkValues(node, entry, join(prefix, key), problems);
      continue;
    }
    const problem = checkValue(node, entry, join(prefix, key), plainOf(node));
    if (problem !== undefined) problems.push(problem);
  }
}

/** The node's plain value; an integer too large for a number is given as a bigint, which no setting accepts. */
function plainOf(node: ConfigNode): unknown {
  return node.kind === 'int' && !Number.isSafeInteger(Number(node.value)) ? node.value : plainValue(node);
}

function checkValue(node: ConfigNode, setting: Setting, name: string, value: unknown): string | undefined {
  if (setting.accepts(value)) return undefined;
  const hint =
    typeof value === 'string' && setting.choices ? didYouMean(value, setting.choices.map(String)) : '';
  return `${node.origin.place}: '${name}' must be ${setting.expects}, got ${spellValue(node, value)}.${hint} (${setting.doc})`;
}

function spellValue(node: ConfigNode, value: unknown): string {
  if (typeof value === 'string') return `the text '${value}'`;
  if (node.kind === 'map') return 'a section';
  return node.kind === 'list' ? JSON.stringify(value) : String(value);
}

/**
 * Lets convict have the last word: strictly, without its defaults, its conversions, the environment or the command line. It comes
 * after the checks above because it takes a missing key for a null and stumbles over a section where a value belongs.
 */
function validate(config: MapNode, settings: SettingsRecord): unknown {
  const checked = convict<Record<string, unknown>>(convictSchema(config, settings, ''), {
    args: [],
    env: {},
  });
  checked.load(plainValue(config) as Record<string, unknown>);
  try {
    checked.validate({ allowed: 'strict' });
  } catch (cause) {
    throw new ConfigError((cause as Error).message, { cause });
  }
  return deepFreeze(checked.getProperties());
}

type ConvictSchema = convict.Schema<Record<string, unknown>>;

function convictSchema(section: MapNode, settings: SettingsRecord, prefix: string): ConvictSchema {
  const entries = Object.entries(settings).map(([key, entry]) => {
    const name = join(prefix, key);
    if (key === 'default' || key === '_cvtProperties' || key.includes('.'))
      throw new TypeError(
        `the setting '${name}' needs another name: convict gives '${key}' a meaning of its own`,
      );
    const node = section.entries.get(key);
    if (!isSetting(entry) && node?.kind === 'map') return [key, convictSchema(node, entry, name)];
    if (!isSetting(entry) || node === undefined) throw new TypeError(`'${name}' has not been checked`);
    const format = (value: unknown): void => {
      const problem = checkValue(node, entry, name, value);
      if (problem !== undefined) throw new Error(problem);
    };
    return [key, { doc: entry.doc, default: null, format }];
  });
  return Object.fromEntries(entries) as ConvictSchema;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
