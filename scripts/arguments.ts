// The arguments of commands that take key=value alone: known keys once each, and overrides of settings where a command takes them.
import { didYouMean } from '../src/config/did-you-mean.ts';

export interface Arguments<K extends string> {
  readonly values: Readonly<Partial<Record<K, string>>>;
  /** The arguments that are overrides of settings, as they were given. */
  readonly overrides: readonly string[];
}

/**
 * Reads `key=value` arguments.
 *
 * @param usage the command's synopsis, for errors
 * @param isOverride tells arguments that change settings from the command's own
 * @throws an error naming the argument and the known keys
 */
export function readArguments<K extends string>(
  argv: readonly string[],
  keys: readonly K[],
  usage: string,
  isOverride: (argument: string) => boolean = () => false,
): Arguments<K> {
  const values: Partial<Record<K, string>> = {};
  const overrides: string[] = [];
  for (const argument of argv) {
    if (isOverride(argument)) {
      overrides.push(argument);
      continue;
    }
    const [, key, value] = /^([^=]*)=([^]*)$/.exec(argument) ?? [];
    if (key === undefined) {
      throw new Error(`'${argument}' is not of the form key=value; usage: ${usage}`);
    }
    const known = keys.find((each) => each === key);
    if (known === undefined) {
      throw new Error(
        `unknown key '${key}'.${didYouMean(key.split('.')[0]!, keys)} Known: ${keys.join(', ')}; usage: ${usage}`,
      );
    }
    if (value === '') throw new Error(`'${key}' is empty; usage: ${usage}`);
    if (values[known] !== undefined) throw new Error(`'${key}' is given twice; usage: ${usage}`);
    values[known] = value!;
  }
  return { values, overrides };
}

/** The value of a key that must be given. */
export function required<K extends string>({ values }: Arguments<K>, key: K, usage: string): string {
  const value = values[key];
  if (value === undefined) throw new Error(`'${key}' must be given; usage: ${usage}`);
  return value;
}

/** The value of a key with few choices; the first one if it is not given. */
export function chosen<K extends string, C extends string>(
  { values }: Arguments<K>,
  key: K,
  choices: readonly [C, ...C[]],
): C {
  const value = values[key] ?? choices[0];
  const choice = choices.find((each) => each === value);
  if (choice === undefined) {
    throw new Error(
      `${key}=${value}: there is no such ${key}.${didYouMean(value, choices)} Known: ${choices.join(', ')}`,
    );
  }
  return choice;
}

/** The value of a key as a whole number of at least `min`; undefined if it is not given. */
export function wholeNumber<K extends string>(
  { values }: Arguments<K>,
  key: K,
  min: number,
): number | undefined {
  const text = values[key];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < min) {
    throw new Error(`${key}=${text}: ${key} must be a whole number >= ${min}`);
  }
  return value;
}

/** A flag's value as a whole number above 0; undefined if the flag is not given. */
export function naturalOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) throw new Error(`${flag} must be a whole number above 0, not ${text}`);
  return n;
}
