/** Finds an opponent or a detector by name, or in a user's own file, so that a new one needs no change of this library. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { text, type SettingsRecord } from './config/settings.ts';
import { DISCRIMINATORS } from './discriminator/index.ts';
import type { AnyDiscriminatorVariant } from './discriminator/discriminator.ts';
import { GENERATORS } from './generator/index.ts';
import type { AnyGeneratorVariant } from './generator/generator.ts';

/** What generators and discriminators have in common: a name, settings and a factory. */
interface Variant {
  readonly name: string;
  readonly settings: SettingsRecord;
  readonly create: unknown;
}

/** The opponent `generator.name`, or the one exported by `generator.module` for the name `module`. */
export function findGenerator(name: string, module: unknown): Promise<AnyGeneratorVariant> {
  return find(
    'generator',
    GENERATORS as Readonly<Record<string, Variant>>,
    name,
    module,
  ) as Promise<AnyGeneratorVariant>;
}

/** The detector `discriminator.name`, or the one exported by `discriminator.module` for the name `module`. */
export function findDiscriminator(name: string, module: unknown): Promise<AnyDiscriminatorVariant> {
  return find(
    'discriminator',
    DISCRIMINATORS as Readonly<Record<string, Variant>>,
    name,
    module,
  ) as Promise<AnyDiscriminatorVariant>;
}

async function find(
  group: string,
  table: Readonly<Record<string, Variant>>,
  name: string,
  module: unknown,
): Promise<Variant> {
  if (name === 'module') {
    return importVariant(group, module);
  }
  const variant = Object.hasOwn(table, name) ? table[name] : undefined;
  if (variant === undefined) {
    throw new Error(
      `${group}.name: there is no ${name}; there are ${Object.keys(table).join(', ')} and module (your own file)`,
    );
  }
  return variant;
}

/** Importing a file runs it: name only files that you trust. */
async function importVariant(group: string, module: unknown): Promise<Variant> {
  if (typeof module !== 'string' || module === '') {
    throw new Error(`${group}=module needs the path of your file: ${group}.module=./my-${group}.ts`);
  }
  const file = path.resolve(module);
  let found: Partial<Variant>;
  try {
    found = (await import(pathToFileURL(file).href)) as Partial<Variant>;
  } catch (cause) {
    throw new Error(`${group}.module: ${file} cannot be imported: ${(cause as Error).message}`, { cause });
  }
  const { settings, create } = found;
  if (typeof create !== 'function' || typeof settings !== 'object' || settings === null) {
    throw new Error(
      `${group}.module: ${file} must export \`settings\` (a record of settings, {} if there are none) and \`create(settings, context)\`; it exports ${Object.keys(found).join(', ') || 'nothing'}`,
    );
  }
  const ownPath = text(
    `Path of the TypeScript or JavaScript file that exports { settings, create }, from the working folder.`,
  );
  return { name: 'module', settings: { ...settings, module: ownPath }, create };
}
