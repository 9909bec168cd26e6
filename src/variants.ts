/** Finds an opponent or a detector by name, or in a user's own file, so that a new one needs no change of this library. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { didYouMean } from './config/did-you-mean.ts';
import { text } from './config/settings.ts';
import { MISSING } from './config/tree.ts';
import { DISCRIMINATORS } from './discriminator/index.ts';
import type { AnyDiscriminatorVariant } from './discriminator/discriminator.ts';
import { PART_KEY } from './generator/combined.ts';
import { COMBINATIONS, GENERATORS } from './generator/index.ts';
import type { AnyGeneratorVariant } from './generator/generator.ts';

/** A group's settings do not say which variant they are for. `key` is at fault, `problem` says why and what would be right. */
export class VariantError extends Error {
  readonly key: string;
  readonly problem: string;

  constructor(key: string, problem: string, options?: ErrorOptions) {
    super(`'${key}' ${problem}`, options);
    this.name = 'VariantError';
    this.key = key;
    this.problem = problem;
  }
}

/** What generators and discriminators have in common: a name, settings and a factory; either may say more. */
interface Variant extends Pick<AnyGeneratorVariant, 'name' | 'settings' | 'plays' | 'startsClean' | 'check'> {
  readonly create: unknown;
  readonly needs?: unknown;
}

/** A group's plain values, checked or not. */
type Section = Readonly<Record<string, unknown>>;

/**
 * The opponent that a section of settings is for: by its `name`, from its `module` where that is 'module', made of its `opponents` where
 * it is a combination. Only those three keys are read.
 *
 * @param place the section's key, for messages
 * @throws VariantError
 */
export async function findGenerator(section: Section, place = 'generator'): Promise<AnyGeneratorVariant> {
  const nothing = `. One that changes nothing is +${place}.name=none, without a choice of generator@${place}`;
  const name = nameIn(section, place, 'opponent', place === 'generator' ? '' : nothing);
  if (!Object.hasOwn(COMBINATIONS, name)) {
    const known = [...Object.keys(GENERATORS), ...Object.keys(COMBINATIONS)];
    return (await find(place, name, section, GENERATORS as Table, known)) as AnyGeneratorVariant;
  }
  const { opponents } = section;
  const places = `${place}.opponents`;
  if (!isSection(opponents) || Object.keys(opponents).length === 0) {
    throw new VariantError(
      places,
      `must hold the opponents that the ${name} is made of: +generator@${places}.first=blur`,
    );
  }
  const found: [string, AnyGeneratorVariant][] = [];
  for (const [key, part] of Object.entries(opponents)) {
    if (!PART_KEY.test(key)) {
      throw new VariantError(`${places}.${key}`, 'needs another key: letters and digits, a letter first');
    }
    found.push([key, await findGenerator(isSection(part) ? part : {}, `${places}.${key}`)]);
  }
  return COMBINATIONS[name]!.of(Object.fromEntries(found));
}

/** The detector that a section of settings is for: by its `name`, or from its `module`. Throws a VariantError. */
export async function findDiscriminator(section: Section): Promise<AnyDiscriminatorVariant> {
  const place = 'discriminator';
  const name = nameIn(section, place, 'detector');
  return (await find(place, name, section, DISCRIMINATORS as Table)) as AnyDiscriminatorVariant;
}

type Table = Readonly<Record<string, Variant>>;

function nameIn({ name }: Section, place: string, what: string, remedy = ''): string {
  if (typeof name !== 'string' || name === MISSING) {
    throw new VariantError(`${place}.name`, `must say which ${what} it is${remedy}`);
  }
  return name;
}

async function find(
  place: string,
  name: string,
  { module }: Section,
  table: Table,
  known: readonly string[] = Object.keys(table),
): Promise<Variant> {
  if (name === 'module') {
    return importVariant(place, module);
  }
  const variant = Object.hasOwn(table, name) ? table[name] : undefined;
  if (variant === undefined) {
    throw new VariantError(
      `${place}.name`,
      `is ${name}, but there are ${known.join(', ')} and module (your own file).${didYouMean(name, known)}`,
    );
  }
  return variant;
}

/** Importing a file runs it: name only files that you trust. */
async function importVariant(place: string, module: unknown): Promise<Variant> {
  const key = `${place}.module`;
  if (typeof module !== 'string' || module === '' || module === MISSING) {
    throw new VariantError(key, `must be the path of your own file: ${key}=./mine.ts`);
  }
  const file = path.resolve(module);
  let found: Partial<Variant>;
  try {
    found = (await import(pathToFileURL(file).href)) as Partial<Variant>;
  } catch (cause) {
    throw new VariantError(key, `is ${file}, which cannot be imported: ${(cause as Error).message}`, {
      cause,
    });
  }
  const { settings, create, plays, startsClean, check, needs } = found;
  if (typeof create !== 'function' || typeof settings !== 'object' || settings === null) {
    throw new VariantError(
      key,
      `is ${file}, which must export \`settings\` (a record of settings, {} if there are none) and \`create(settings, context)\`; it exports ${Object.keys(found).join(', ') || 'nothing'}`,
    );
  }
  const ownPath = text(
    `Path of the TypeScript or JavaScript file that exports { settings, create }, from the working folder.`,
  );
  return {
    name: 'module',
    settings: { ...settings, module: ownPath },
    create,
    ...(plays === undefined ? {} : { plays }),
    ...(startsClean === undefined ? {} : { startsClean }),
    ...(check === undefined ? {} : { check }),
    ...(needs === undefined ? {} : { needs }),
  };
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
