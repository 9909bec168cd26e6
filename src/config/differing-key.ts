/** A place where two sets of settings differ. */
export interface Differing {
  /** Dotted, such as `game.rounds`. */
  readonly key: string;
  /** As JSON; `not there` where a key is missing. */
  readonly here: string;
  readonly there: string;
}

/** The first key whose values differ, in the order of `here`, then what only `there` has; null if all are the same. Values are as JSON knows them. */
export function differingKey(here: unknown, there: unknown): Differing | null {
  return compare(here, there, '');
}

function compare(here: unknown, there: unknown, key: string): Differing | null {
  if (isSection(here) && isSection(there)) {
    for (const name of new Set([...Object.keys(here), ...Object.keys(there)])) {
      const inside = compare(here[name], there[name], key === '' ? name : `${key}.${name}`);
      if (inside !== null) return inside;
    }
    return null;
  }
  const [a, b] = [print(here), print(there)];
  return a === b ? null : { key, here: a, there: b };
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function print(value: unknown): string {
  return value === undefined ? 'not there' : JSON.stringify(value);
}
