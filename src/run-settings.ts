/**
 * The settings of a run, typed: each room's own record of settings. What a variant takes is described in the variant's own file; a variant
 * is chosen by the `name` key of its group, and `name: module` takes a user's own file instead.
 */
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
import { augmentSettings } from './data/augment.ts';
import { batchSettings } from './data/batch-settings.ts';
import { criterionName, type CriterionSettings } from './game/criterion.ts';
import { diffAugmentSettings } from './game/image-views.ts';
import { fineTuningSettings } from './game/fine-tuning.ts';
import { mixupSettings } from './game/mixup.ts';
import { optimizerSettings } from './game/optimizer.ts';
import { scheduleSettings } from './game/schedule.ts';

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

/** One group of options for both players; what is the detector's alone is refused for the opponent's (contradictions.ts). */
const optimizerGroup = { ...optimizerSettings, ...fineTuningSettings };

export const commonSettings = {
  seed: integer({ min: 0, doc: 'Seed of weights, batches, augmentation and the opponent.' }),
  batches: batchSettings,
  augment: augmentSettings,
  diff_augment: diffAugmentSettings,
  mixup: mixupSettings,
  criterion: { name: criterionName },
  game: gameSettings,
  optimizer_d: optimizerGroup,
  optimizer_g: optimizerGroup,
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

export interface RunConfig extends Omit<CommonConfig, 'game' | 'criterion'> {
  readonly criterion: CriterionSettings;
  readonly game: GameConfig;
  readonly data: VariantConfig;
  readonly discriminator: VariantConfig;
  readonly generator: VariantConfig;
}
