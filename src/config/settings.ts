/**
 * Setting descriptors: what a variant says about each of its settings.
 *
 * A variant exports a record of descriptors from its own file; the YAML files in configs/ hold every value, so there are no
 * defaults here. A descriptor never converts: the text '7' is not an integer and NaN is not a number.
 */

/** A place where the value's type lives for the compiler only; no descriptor ever holds it. */
declare const valueType: unique symbol;

/** A value that a choice can name. */
export type Choice = string | number | boolean;

/** One setting: its meaning, what it accepts in words, and the check. Made by the factories below. */
export interface Setting<T = unknown> {
  /** What the setting means, with its unit. */
  readonly doc: string;
  /** What is accepted, to be read after "must be": `an integer from 1 to 8`. */
  readonly expects: string;
  /** The accepted values, where they can be counted. */
  readonly choices?: readonly Choice[];
  /** Whether the value, a plain JavaScript value, is accepted; never throws. */
  readonly accepts: (value: unknown) => boolean;
  readonly [valueType]?: T;
}

/** A record of settings; a record inside it is a nested section. */
export interface SettingsRecord {
  readonly [key: string]: Setting | SettingsRecord;
}

/** The typed, read-only values that a record of settings describes. */
export type SettingsOf<S> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : SettingsOf<S[K]>;
};

/** Limits of a number: `min` and `max` are included, `above` and `below` are not. */
export interface NumberLimits {
  readonly min?: number;
  readonly max?: number;
  readonly above?: number;
  readonly below?: number;
  readonly doc: string;
}

/** A finite number within the limits. */
export function number(limits: NumberLimits): Setting<number> {
  return {
    doc: limits.doc,
    expects: `a number${inWords(limits)}`,
    accepts: (value) => typeof value === 'number' && Number.isFinite(value) && within(value, limits),
  };
}

/** A whole number within the limits, exact in a double (at most 2^53 - 1 in magnitude). */
export function integer(limits: NumberLimits): Setting<number> {
  return {
    doc: limits.doc,
    expects: `an integer${inWords(limits)}`,
    accepts: (value) => Number.isSafeInteger(value) && within(value as number, limits),
  };
}

/** One of the listed values, compared with `===`. */
export function choice<const T extends readonly [Choice, ...Choice[]]>(
  values: T,
  doc: string,
): Setting<T[number]> {
  return {
    doc,
    expects: values.length === 1 ? String(values[0]) : `one of ${values.join(', ')}`,
    choices: values,
    accepts: (value) => values.some((known) => known === value),
  };
}

/** true or false. */
export function flag(doc: string): Setting<boolean> {
  return { doc, expects: 'true or false', accepts: (value) => typeof value === 'boolean' };
}

/** Any text, the empty one included. */
export function text(doc: string): Setting<string> {
  return { doc, expects: 'text', accepts: (value) => typeof value === 'string' };
}

/** A list, each item of which the given setting accepts; `length` limits how many there are. */
export function list<T>(
  item: Setting<T>,
  length: { readonly min?: number; readonly max?: number } = {},
): Setting<readonly T[]> {
  const limits = inWords(length);
  return {
    doc: item.doc,
    expects: `a list${limits === '' ? '' : ` of length${limits}`}, each item ${item.expects}`,
    accepts: (value) =>
      Array.isArray(value) && within(value.length, length) && value.every((entry) => item.accepts(entry)),
  };
}

/** Either null or what the given setting accepts. */
export function nullable<T>(item: Setting<T>): Setting<T | null> {
  return {
    ...(item as Setting),
    expects: `null or ${item.expects}`,
    accepts: (value) => value === null || item.accepts(value),
  } as Setting<T | null>;
}

/** Whether an entry of a settings record is a setting, not a nested section. */
export function isSetting(entry: Setting | SettingsRecord): entry is Setting {
  return typeof entry.accepts === 'function';
}

function within(value: number, { min, max, above, below }: Partial<NumberLimits>): boolean {
  return (
    (min === undefined || value >= min) &&
    (max === undefined || value <= max) &&
    (above === undefined || value > above) &&
    (below === undefined || value < below)
  );
}

/** The limits in words, with a leading blank: ` from 0 to 1`, ` above 0`, ` >= 3`. */
function inWords({ min, max, above, below }: Partial<NumberLimits>): string {
  const lower = min !== undefined ? `>= ${min}` : above !== undefined ? `> ${above}` : undefined;
  const upper = max !== undefined ? `<= ${max}` : below !== undefined ? `< ${below}` : undefined;
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  const limits = [lower, upper].filter((limit) => limit !== undefined);
  return limits.length === 0 ? '' : ` ${limits.join(' and ')}`;
}
