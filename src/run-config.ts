/** The settings of a run, checked: those of all rooms and of the chosen variants, one by one and taken together. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from './config/config-error.ts';
import { checkSettings } from './config/schema.ts';
import { text, type SettingsRecord } from './config/settings.ts';
import { plainValue, type ConfigNode, type MapNode } from './config/tree.ts';
import { readConfigFile } from './config/yaml-source.ts';
import { contradictionsOf } from './contradictions.ts';
import { DatasetError, datasetSettings } from './data/index.ts';
import { criterionSettings } from './game/criterion.ts';
import { commonSettings, gameSettings, playSettings, type RunConfig } from './run-settings.ts';
import { findDiscriminator, findGenerator, VariantError } from './variants.ts';

/**
 * Checks a composed configuration, interpolations resolved, against the settings of the rooms and of the chosen variants.
 * Throws, with every problem at once, what `checkSettings` throws; or that a group's `name` is unknown; or what settings that are each
 * allowed cannot mean together.
 */
export async function checkRunConfig(resolved: MapNode): Promise<RunConfig> {
  const data = sectionAt(resolved, 'data');
  if (typeof data['name'] !== 'string') {
    throw new ConfigError(`${placeOf(resolved, 'data.name')}: 'data.name' must say which dataset it is`);
  }
  const detector = await placing(resolved, findDiscriminator(sectionAt(resolved, 'discriminator')));
  const opponent = await placing(resolved, findGenerator(sectionAt(resolved, 'generator')));
  const named = (settings: SettingsRecord, group: string): SettingsRecord => ({
    name: text(`Which ${group}.`),
    ...settings,
  });
  const config = checkSettings(resolved, {
    ...commonSettings,
    game: {
      ...gameSettings,
      ...chosen(playSettings, sectionAt(resolved, 'game')['play'], 'alternating'),
    },
    criterion: {
      ...commonSettings.criterion,
      ...chosen(criterionSettings, sectionAt(resolved, 'criterion')['name'], 'cross-entropy'),
    },
    data: named(await placing(resolved, datasetSettings(data['name'], data)), 'dataset'),
    discriminator: named(detector.settings, 'detector'),
    generator: named(opponent.settings, 'opponent'),
  }) as unknown as RunConfig;
  const problems = contradictionsOf(config, opponent, detector);
  if (problems.length > 0) {
    throw new ConfigError(
      problems.map(({ key, problem }) => `${placeOf(resolved, key)}: '${key}': ${problem}`),
    );
  }
  return config;
}

/** The settings of what a key chooses; an unknown name is left to the check of that key itself. */
function chosen<Name extends string>(
  settings: Readonly<Record<Name, SettingsRecord>>,
  name: unknown,
  otherwise: Name,
): SettingsRecord {
  return typeof name === 'string' && Object.hasOwn(settings, name)
    ? settings[name as Name]
    : settings[otherwise];
}

/** A group's plain values; none where it is no section. */
function sectionAt(resolved: MapNode, group: string): Readonly<Record<string, unknown>> {
  const section = resolved.entries.get(group);
  return section?.kind === 'map' ? (plainValue(section) as Record<string, unknown>) : {};
}

/** What was looked for; that it was not found is told with the place where the key at fault got its value. */
async function placing<T>(resolved: MapNode, found: Promise<T>): Promise<T> {
  try {
    return await found;
  } catch (error) {
    if (!(error instanceof VariantError || error instanceof DatasetError)) throw error;
    throw new ConfigError(`${placeOf(resolved, error.key)}: ${error.message}`, { cause: error });
  }
}

/** Where a dotted key got its value. */
function placeOf(resolved: MapNode, key: string): string {
  let node: ConfigNode = resolved;
  for (const part of key.split('.')) {
    const next: ConfigNode | undefined = node.kind === 'map' ? node.entries.get(part) : undefined;
    if (next === undefined) break;
    node = next;
  }
  return node.origin.place;
}

/** The settings that a run folder keeps. Throws if the folder holds no run. */
export async function readRunConfig(dir: string): Promise<RunConfig> {
  const file = path.join(dir, 'config.yaml');
  if (!existsSync(file)) {
    throw new ConfigError(`${dir}: no run here (config.yaml is missing). Name the folder of a run`);
  }
  return checkRunConfig(readConfigFile(file).root);
}
