import { ConfigError } from './config-error.ts';
import { checkInterpolations } from './interpolation-syntax.ts';
import { parseOverrideValue } from './override-values.ts';
import type { OverrideElement, OverrideValue } from './override-values.ts';
import { checkKey } from './tree.ts';
import type { ConfigNode, Origin } from './tree.ts';

/** One override of the command line, read but not yet applied. */
export interface Override {
  /** `k=v` changes, `+k=v` adds, `++k=v` does either, `~k` deletes. */
  readonly action: 'change' | 'add' | 'force-add' | 'delete';
  /** A key path `a.b` or a group `a/b`. */
  readonly key: string;
  /** What follows `@`. */
  readonly package: string | undefined;
  /** Its one value; several are a sweep `a,b`; undefined only for `~k`. */
  readonly elements: readonly OverrideElement[] | undefined;
  readonly text: string;
}

const SPECIAL = '[a-zA-Z_$][a-zA-Z0-9_$-]*';
const ID = '[a-zA-Z_][a-zA-Z0-9_-]*';
const STEP = `(?:${SPECIAL}|[1-9](?:_?[0-9])*|0)`;
const PATH = `${STEP}(?:\\.${STEP})+`;
const OVERRIDE = new RegExp(
  `^(?<sign>~|\\+\\+?)?(?<key>${ID}(?:/${ID})+|${PATH}|${SPECIAL}|)(?:@(?<package>${PATH}|${SPECIAL}|))?(?:=[ \\t]*(?<value>[^]*))?$`,
);

/**
 * Reads one override.
 * @throws ConfigError naming the override and what is wrong with it
 */
export function parseOverride(text: string): Override {
  const found = OVERRIDE.exec(text)?.groups;
  const sign = found?.['sign'];
  const value = found?.['value'];
  if (found === undefined || (value === undefined && sign !== '~'))
    throw new ConfigError(`override '${text}': not of the form key=value, +key=value, ++key=value or ~key`);
  const key = found['key'] ?? '';
  if (key === '') throw new ConfigError(`override '${text}': the key is missing`);
  if (/^hydra(?:[./]|$)/.test(key))
    throw new ConfigError(
      `override '${text}': there are no settings of Hydra itself here; the run folder is 'run.dir'`,
    );
  for (const step of key.split(/[./]/)) checkKey(step, `override '${text}'`);
  return {
    action: sign === '+' ? 'add' : sign === '++' ? 'force-add' : sign === '~' ? 'delete' : 'change',
    key,
    package: found['package'],
    elements: value === undefined ? undefined : readElements(value, text),
    text,
  };
}

function readElements(value: string, text: string): readonly OverrideElement[] {
  if (value === '') return [{ kind: 'text', value: '' }];
  try {
    return parseOverrideValue(value);
  } catch (cause) {
    throw new ConfigError(`override '${text}': ${(cause as Error).message}`, { cause });
  }
}

/** Whether the override asks for several runs. */
export function isSweep(override: Override): boolean {
  const { elements = [] } = override;
  return elements.length > 1 || elements[0]?.kind === 'call';
}

/**
 * The one value of an override that is no sweep; undefined for `~k`.
 * @throws ConfigError for a sweep: it needs --multirun
 */
export function singleValue(override: Override): OverrideValue | undefined {
  const { elements = [], text } = override;
  const [element] = elements;
  if (elements.length > 1)
    throw new ConfigError(
      `override '${text}': ambiguous value. For a list write key=[a,b], for text quote it: key='"a,b"', to run each add --multirun`,
    );
  if (element?.kind === 'call')
    throw new ConfigError(`override '${text}': ${element.name}() needs --multirun`);
  return element;
}

/** The override's left side with its sign: `+group@package`. */
export function spellKey(override: Override): string {
  const sign = { change: '', add: '+', 'force-add': '++', delete: '~' }[override.action];
  return `${sign}${override.key}${override.package === undefined ? '' : `@${override.package}`}`;
}

/**
 * The override's value as a node of the configuration.
 * @throws ConfigError for keys of mappings that are not text, and for broken interpolations
 */
export function nodeOfValue(value: OverrideValue, text: string): ConfigNode {
  const origin: Origin = { place: `override '${text}'` };
  const convert = (part: OverrideValue): ConfigNode => {
    switch (part.kind) {
      case 'text':
        checkInterpolations(part.value, origin.place);
        return { kind: 'text', value: part.value, origin };
      case 'list':
        return { kind: 'list', items: part.items.map(convert), origin };
      case 'map':
        return {
          kind: 'map',
          entries: new Map(part.entries.map(([key, item]) => [textKey(key), convert(item)])),
          origin,
        };
      case 'null':
      case 'bool':
      case 'int':
      case 'float':
        return { ...part, origin };
    }
  };
  const textKey = (key: OverrideValue): string => {
    if (key.kind !== 'text') throw new ConfigError(`${origin.place}: the keys of a mapping must be text`);
    checkKey(key.value, origin.place);
    return key.value;
  };
  return convert(value);
}
