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
import { plainValue, type ConfigNode, type MapNode } from './config/tree.ts';
import { readConfigFile } from './config/yaml-source.ts';
import { augmentSettings } from './data/augment.ts';
import { batchSettings } from './data/batch-settings.ts';
import { datasetSettings } from './data/index.ts';
import { diffAugmentSettings } from './game/image-views.ts';
import { optimizerSettings } from './game/optimizer.ts';
import { scheduleSettings } from './game/schedule.ts';
import type { AnyGeneratorVariant, SettingsProblem } from './generator/generator.ts';
import { epsScheduleSettings } from './generator/eps-schedule.ts';
import { goalSetting } from './generator/goal.ts';
import { findDiscriminator, findGenerator, VariantError } from './variants.ts';

const wholePairs = integer({ min: 2, doc: 'Images a round, half of them real.' });

export const gameSettings = {
  play: choice(
    ['alternating', 'simultaneous', 'free'],
    'alternating: one player after the other; simultaneous: one backward pass moves both; free: batches are replayed, each pass serves both (Free AT).',
  ),
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
  accumulate: integer({
    min: 1,
    doc: 'Equal parts that a batch goes through the players in, so that less memory is needed; one step is taken along the mean of their gradients. Batch norm takes its statistics from a part. 1 = the whole batch at once.',
  }),
  crafting: choice(
    ['eval', 'train', 'shared'],
    'Batch-norm statistics that the opponent sees: running (eval) or the batch’s (train); shared: as clean images do when the detector learns from them (the batch’s, main branch), so that the pass of the clean images is also the first of an attack that starts at them.',
  ),
  auxiliary_bn: flag(
    'Whether adversarial images have batch-norm parameters and statistics of their own (AdvProp).',
  ),
  compile: choice(
    [true, false, 'auto'],
    'Whether a round is recorded when it first comes up and then runs as one TensorFlow function: true: always, and a round that cannot be recorded is an error; auto: where it can be, the reason said where not, in games of 50 rounds or more; false: never.',
  ),
  schedule: scheduleSettings,
};

/** What each way of playing asks for besides. */
export const playSettings = {
  alternating: {
    g_per_d: integer({ min: 1, doc: 'Steps of a learned generator per round.' }),
    d_per_g: integer({ min: 1, doc: 'Steps of the detector per round.' }),
    pool_size: integer({
      min: 0,
      doc: 'Past images of the opponent kept for each class, half of what a detector meets once they are full; 0 = none.',
    }),
  },
  simultaneous: {},
  free: {
    replays: integer({ min: 1, doc: 'm, updates of the detector and steps of the attack per round.' }),
  },
};

export const evaluationSettings = {
  every: integer({ min: 1, doc: 'Rounds between evaluations on val.' }),
  batch_size: integer({ min: 1, doc: 'Images at a time.' }),
  resamples: integer({ min: 0, doc: 'Bootstrap resamples of the confidence intervals; 0 = none.' }),
  probe_images: integer({
    min: 0,
    doc: 'Val images on which training looks, at each evaluation, how the detector stands against its opponent and against PGD; 0 = none.',
  }),
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
  loader_threads: nullable(
    integer({
      min: 1,
      doc: 'Threads that read and augment images; null = half of the cores, at most 8. The images are the same with any number.',
    }),
  ),
  recompute: flag(
    'Whether a detector’s activations are computed again in the backward pass instead of kept: less memory, about a third more time.',
  ),
  precision: choice(
    ['float32', 'bfloat16', 'float16', 'auto'],
    'In what the networks’ convolutions compute; variables, losses and opponents’ arithmetic are float32 in any. auto: bfloat16 or float16 where the machine has hardware for it, and float32 elsewhere.',
  ),
};

export const commonSettings = {
  seed: integer({ min: 0, doc: 'Seed of weights, batches, augmentation and the opponent.' }),
  batches: batchSettings,
  augment: augmentSettings,
  diff_augment: diffAugmentSettings,
  game: gameSettings,
  optimizer_d: optimizerSettings,
  optimizer_g: optimizerSettings,
  evaluation: evaluationSettings,
  run: runSettings,
  runtime: runtimeSettings,
} satisfies SettingsRecord;

export type CommonConfig = SettingsOf<typeof commonSettings>;

/** The settings of the game with those of its way of playing. */
export type GameConfig = Omit<CommonConfig['game'], 'play'> &
  {
    [Play in keyof typeof playSettings]: { readonly play: Play } & SettingsOf<(typeof playSettings)[Play]>;
  }[keyof typeof playSettings];

/** A variant's group: its name, and settings that the variant itself describes. */
export interface VariantConfig {
  readonly name: string;
  readonly [setting: string]: unknown;
}

export interface RunConfig extends Omit<CommonConfig, 'game'> {
  readonly game: GameConfig;
  readonly data: VariantConfig;
  readonly discriminator: VariantConfig;
  readonly generator: VariantConfig;
}

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
    game: { ...gameSettings, ...playSettingsOf(sectionAt(resolved, 'game')['play']) },
    data: named(await datasetSettings(data['name'], data), 'dataset'),
    discriminator: named(detector.settings, 'detector'),
    generator: named(opponent.settings, 'opponent'),
  }) as unknown as RunConfig;
  const problems = [...gameProblems(config, opponent), ...opponentProblems(config, opponent)];
  if (problems.length > 0) {
    throw new ConfigError(
      problems.map(({ key, problem }) => `${placeOf(resolved, key)}: '${key}': ${problem}`),
    );
  }
  return config;
}

/** The settings of the way of playing; an unknown one is left to the check of `game.play` itself. */
function playSettingsOf(play: unknown): SettingsRecord {
  return typeof play === 'string' && Object.hasOwn(playSettings, play)
    ? playSettings[play as keyof typeof playSettings]
    : playSettings.alternating;
}

/** Ways of playing that the opponent cannot follow, and settings that mean nothing in them. */
function gameProblems(
  { game, generator, diff_augment }: RunConfig,
  opponent: AnyGeneratorVariant,
): SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  const plays = opponent.plays ?? ['alternating'];
  if (!plays.includes(game.play)) {
    problems.push({
      key: 'game.play',
      problem: `is ${game.play}, which is no way for the opponent ${generator.name} to play: set game=${plays.join(' or game=')}`,
    });
  }
  // a setting of that name in a user's own file may mean something else
  if (
    game.play === 'free' &&
    opponent.settings['goal'] === goalSetting &&
    generator['goal'] !== 'true-label'
  ) {
    problems.push({
      key: 'generator.goal',
      problem: `is ${String(generator['goal'])}, but free play has no gradient but that of the detector's own loss: set it to true-label`,
    });
  }
  if (game.play === 'free' && generator['random_start'] === true) {
    problems.push({
      key: 'generator.random_start',
      problem: 'is true, but free play starts from what it carries over from the last batch: set it to false',
    });
  }
  if (generator.name !== 'none') problems.push(...absenceProblems(game));
  if (game.batch_size % (2 * game.accumulate) !== 0) {
    problems.push({
      key: 'game.accumulate',
      problem: `is ${game.accumulate}, but a batch of ${game.batch_size} does not fall into ${game.accumulate} equal parts of whole pairs: set it to a divisor of ${game.batch_size / 2}`,
    });
  }
  if (game.compile === true) problems.push(...recordingProblems({ game, generator }, opponent));
  if (game.play === 'alternating' && game.crafting === 'shared') {
    problems.push(...sharingProblems({ game, generator }, opponent));
    const { colour_probability, translation_probability, cutout_probability } = diff_augment;
    if (colour_probability + translation_probability + cutout_probability > 0) {
      problems.push({
        key: 'game.crafting',
        problem:
          'is shared, but with diff_augment the pass of the clean images sees changed views of them, and an attack does not: set it to train or eval',
      });
    }
  }
  if (game.play !== 'alternating') {
    if (game.crafting !== 'train') {
      problems.push({
        key: 'game.crafting',
        problem: `is ${game.crafting}, but in ${game.play} play the opponent meets the detector in the pass that it learns in: set it to train`,
      });
    }
    if (game.objective === 'clean' || (game.objective === 'clean+adversarial' && game.lambda === 0)) {
      const blind = `leaves out the adversarial loss, from which ${game.play} play takes the opponent's gradient`;
      problems.push(
        game.objective === 'clean'
          ? { key: 'game.objective', problem: `${blind}: set it to clean+adversarial or adversarial` }
          : { key: 'game.lambda', problem: `${blind}: set it above 0` },
      );
    }
  }
  return problems;
}

/** What is known beforehand to keep a round from being recorded; it would show when the opponent joins. */
function recordingProblems(
  { game, generator }: Pick<RunConfig, 'game' | 'generator'>,
  opponent: AnyGeneratorVariant,
): SettingsProblem[] {
  const refused = (why: string): SettingsProblem => ({
    key: 'game.compile',
    problem: `is true, but no round can be recorded ${why}: set it to auto or false`,
  });
  const problems: SettingsProblem[] = [];
  if (game.play === 'alternating' && game.pool_size > 0) {
    problems.push(refused('in which a pool exchanges images (game.pool_size)'));
  }
  if (generator.name === 'mixture')
    problems.push(refused('in which an opponent is drawn (generator=mixture)'));
  // a setting of that name in a user's own file may mean something else
  if (
    opponent.settings['eps_growth'] === epsScheduleSettings.eps_growth &&
    generator['eps_growth'] !== 'constant'
  ) {
    problems.push(refused('whose budget grows (generator.eps_growth)'));
  }
  return problems;
}

/** Why the pass of the clean images cannot be the attack's first. */
function sharingProblems(
  { game, generator }: Pick<RunConfig, 'game' | 'generator'>,
  opponent: AnyGeneratorVariant,
): SettingsProblem[] {
  const shared =
    "is shared, but the pass of the clean images gives the gradient of the detector's own loss there";
  if (opponent.startsClean !== true) {
    return [
      {
        key: 'game.crafting',
        problem: `${shared}, and the opponent ${generator.name} does not start there: set it to train or eval`,
      },
    ];
  }
  const problems: SettingsProblem[] = [];
  if (game.objective === 'adversarial') {
    problems.push({
      key: 'game.crafting',
      problem:
        'is shared, but the objective adversarial has no pass of the clean images: set it to train or eval',
    });
  }
  // settings of those names in a user's own file may mean something else; one that says that it starts clean means these
  if (generator['random_start'] === true) {
    problems.push({
      key: 'generator.random_start',
      problem: `is true, but game.crafting ${shared}: set it to false, or game.crafting to train`,
    });
  }
  const { goal } = generator;
  if (typeof goal === 'string' && goal !== 'true-label') {
    problems.push({
      key: 'generator.goal',
      problem: `is ${goal}, but game.crafting ${shared}: set it to true-label, or game.crafting to train`,
    });
  }
  return problems;
}

/** Games that an opponent takes no part in, or that teach the detector nothing that is tested. */
function absenceProblems(game: RunConfig['game']): SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  if (game.objective === 'clean' && game.play === 'alternating') {
    problems.push({
      key: 'game.objective',
      problem:
        'is clean, so the opponent would never play: set it to clean+adversarial, or set generator=none',
    });
  }
  if (game.objective !== 'clean' && game.rounds <= game.clean_rounds) {
    problems.push({
      key: 'game.clean_rounds',
      problem: `is ${game.clean_rounds}, and the game has ${game.rounds} rounds, so the opponent would never play: set it below game.rounds`,
    });
  }
  if (game.objective === 'adversarial' && game.auxiliary_bn) {
    problems.push({
      key: 'game.auxiliary_bn',
      problem:
        'is true, but with adversarial images alone nothing would learn in the main batch norm, which is the one that is tested: set it to false',
    });
  }
  return problems;
}

function opponentProblems(
  { data, game, generator }: RunConfig,
  opponent: AnyGeneratorVariant,
): SettingsProblem[] {
  const size = data['size'];
  const found =
    opponent.check?.(generator, { imageSize: typeof size === 'number' ? size : null, play: game.play }) ?? [];
  return found.map(({ key, problem }) => ({ key: `generator.${key}`, problem }));
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
    if (!(error instanceof VariantError)) throw error;
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
