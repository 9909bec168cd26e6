/**
 * The settings of a run, typed and checked: each room's own record of settings, those of the chosen variants among them.
 * A variant is chosen by the `name` key of its group; `name: module` takes a user's own file instead.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from './config/config-error.ts';
import { checkSettings } from './config/schema.ts';
import {
  choice,
  flag,
  integer,
  nullable,
  number,
  text,
  type SettingsOf,
  type SettingsRecord,
} from './config/settings.ts';
import { plainValue, type MapNode } from './config/tree.ts';
import { readConfigFile } from './config/yaml-source.ts';
import { augmentSettings } from './data/augment.ts';
import { datasetSettings } from './data/index.ts';
import { optimizerSettings } from './game/optimizer.ts';
import { scheduleSettings } from './game/schedule.ts';
import { findDiscriminator, findGenerator } from './variants.ts';

const wholePairs = integer({ min: 2, doc: 'Images a round, half of them real.' });

export const gameSettings = {
  objective: choice(['clean', 'adversarial', 'clean+adversarial'], 'Which images the detector learns from.'),
  lambda: number({ min: 0, doc: 'λ, weight of the adversarial loss.' }),
  rounds: integer({ min: 1, doc: 'Rounds to play.' }),
  clean_rounds: integer({
    min: 0,
    doc: 'Rounds at the start that learn from clean images alone; then the opponent joins.',
  }),
  batch_size: {
    ...wholePairs,
    expects: 'an even integer >= 2',
    accepts: (value: unknown) => wholePairs.accepts(value) && (value as number) % 2 === 0,
  },
  g_per_d: integer({ min: 1, doc: 'Steps of a learned generator per round.' }),
  d_per_g: integer({ min: 1, doc: 'Steps of the detector per round.' }),
  crafting: choice(
    ['eval', 'train'],
    'Batch-norm statistics that the opponent sees: running (eval) or the batch’s (train).',
  ),
  auxiliary_bn: flag(
    'Whether adversarial images have batch-norm parameters and statistics of their own (AdvProp).',
  ),
  schedule: scheduleSettings,
};

export const evaluationSettings = {
  every: integer({ min: 1, doc: 'Rounds between evaluations on val.' }),
  batch_size: integer({ min: 1, doc: 'Images at a time.' }),
  resamples: integer({ min: 0, doc: 'Bootstrap resamples of the confidence intervals; 0 = none.' }),
};

export const runSettings = {
  dir: text('The run folder.'),
  report_every: integer({ min: 1, doc: 'Rounds between reports of the losses.' }),
  picture_every: integer({ min: 1, doc: 'Rounds between pictures and histograms.' }),
  checkpoint_every: integer({ min: 1, doc: 'Rounds between checkpoints.' }),
  checkpoints_kept: integer({ min: 1, doc: 'Newest checkpoints that stay.' }),
};

export const runtimeSettings = {
  device: choice(['cpu', 'gpu'], 'Where TensorFlow computes.'),
  threads: nullable(integer({ min: 1, doc: 'Threads of one operation; null = one a core.' })),
};

export const commonSettings = {
  seed: integer({ min: 0, doc: 'Seed of weights, batches, augmentation and the opponent.' }),
  augment: augmentSettings,
  game: gameSettings,
  optimizer_d: optimizerSettings,
  optimizer_g: optimizerSettings,
  evaluation: evaluationSettings,
  run: runSettings,
  runtime: runtimeSettings,
} satisfies SettingsRecord;

export type CommonConfig = SettingsOf<typeof commonSettings>;

/** A variant's group: its name, and settings that the variant itself describes. */
export interface VariantConfig {
  readonly name: string;
  readonly [setting: string]: unknown;
}

export interface RunConfig extends CommonConfig {
  readonly data: VariantConfig;
  readonly discriminator: VariantConfig;
  readonly generator: VariantConfig;
}

/**
 * Checks a composed configuration, interpolations resolved, against the settings of the rooms and of the chosen variants.
 * Throws, with every problem at once, what `checkSettings` throws; or that a group's `name` is unknown.
 */
export async function checkRunConfig(resolved: MapNode): Promise<RunConfig> {
  const variant = (group: string): { readonly name: string; readonly module: unknown } => {
    const section = resolved.entries.get(group);
    const value = (key: string): unknown => {
      const node = section?.kind === 'map' ? section.entries.get(key) : undefined;
      return node === undefined ? undefined : plainValue(node);
    };
    const name = value('name');
    if (typeof name !== 'string') {
      throw new ConfigError(
        `${section?.origin.place ?? 'the configuration'}: '${group}.name' must say which ${group} it is`,
      );
    }
    return { name, module: value('module') };
  };
  const data = variant('data');
  const discriminator = variant('discriminator');
  const generator = variant('generator');
  const named = (settings: SettingsRecord, group: string): SettingsRecord => ({
    name: text(`Which ${group}.`),
    ...settings,
  });
  return checkSettings(resolved, {
    ...commonSettings,
    data: named(await datasetSettings(data.name, data.module), 'dataset'),
    discriminator: named(
      (await findDiscriminator(discriminator.name, discriminator.module)).settings,
      'detector',
    ),
    generator: named((await findGenerator(generator.name, generator.module)).settings, 'opponent'),
  }) as unknown as RunConfig;
}

/** The settings that a run folder keeps. Throws if the folder holds no run. */
export async function readRunConfig(dir: string): Promise<RunConfig> {
  const file = path.join(dir, 'config.yaml');
  if (!existsSync(file)) {
    throw new ConfigError(`${dir}: no run here (config.yaml is missing). Name the folder of a run`);
  }
  return checkRunConfig(readConfigFile(file).root);
}
