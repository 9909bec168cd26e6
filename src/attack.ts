/**
 * An attack on a trained detector: any opponent against the best checkpoint of a run, its images kept for others to use. The detector is
 * the one that is tested: running statistics, main batch norm, the threshold chosen on val.
 */
import * as tf from '@tensorflow/tfjs';
import { attackBatch } from './attack-batch.ts';
import { cacheFolder } from './data/cache-folder.ts';
import type { Sample, Split } from './data/dataset.ts';
import { openDataset, type OpenDataset } from './data/index.ts';
import { openLoader, type Loader } from './data/loader.ts';
import type { DatasetContext } from './data/module.ts';
import type { Discriminator } from './discriminator/discriminator.ts';
import { attackCsv, attackFigures, type AttackFigures, type AttackRow } from './evaluation/attack-figures.ts';
import { restore } from './game/checkpoint.ts';
import { restoreDetector } from './game/players.ts';
import type { Generator } from './generator/generator.ts';
import { createRng } from './ops/random.ts';
import { FLOAT32 } from './ops/precision.ts';
import { loaderOptions, openDetector, openEngine, precisionFor, prepareData } from './prepare.ts';
import { openAttackFolder, requireNewFolder, type AttackFolder } from './reports/attack-folder.ts';
import { openProgress, type ProgressOptions } from './reports/progress.ts';
import type { RunConfig, VariantConfig } from './run-settings.ts';
import { imageSizeOf, manipulationsIn, readBestCheckpoint, type BestCheckpoint } from './trained-run.ts';
import { findGenerator } from './variants.ts';

export interface AttackOptions {
  /** The run folder that `train` filled. */
  readonly dir: string;
  readonly opponent: OpponentChoice;
  /** A folder of images, all splits of which are attacked, or a split of the run's own dataset. */
  readonly images: { readonly input: string } | { readonly split: Split };
  /** Attack this many images at most, as many real as fake ones where there are enough. */
  readonly limit: number | undefined;
  /** Seed of the opponent's draws. */
  readonly seed: number;
  /** A new or empty folder. */
  readonly out: string;
  readonly progress: DatasetContext['progress'];
  /** Where the progress line goes. */
  readonly screen: ProgressOptions['out'];
  /** Aborted when the user wants to stop: nothing is left behind. */
  readonly stop: AbortSignal;
}

export interface OpponentChoice {
  readonly settings: VariantConfig;
  /** The run's own opponent under the same overrides, if it is of that name: what a learned opponent is made from, its weights being the checkpoint's. */
  readonly own: (() => Promise<VariantConfig>) | null;
}

/** What is told of an attack, in `attack.json` too. */
export interface AttackReport extends AttackFigures {
  readonly format: string;
  readonly run: string;
  readonly checkpoint: { readonly round: number; readonly val_auc: number; readonly threshold: number };
  readonly opponent: VariantConfig;
  readonly images: {
    readonly from: string;
    readonly count: number;
    readonly size: number;
    readonly batch_size: number;
  };
  readonly seed: number;
  readonly skipped: OpenDataset['skipped'];
}

/**
 * Attacks a run's best detector and fills the folder `out`; null if it was stopped.
 *
 * @throws if `out` is not empty, a learned opponent is not the run's own or had not joined yet, or, naming the image, the opponent left [0, 1] or its budget
 */
export async function attack(config: RunConfig, options: AttackOptions): Promise<AttackReport | null> {
  requireNewFolder(options.out);
  const best = readBestCheckpoint(options.dir);
  openEngine(config.runtime);
  const size = await imageSizeOf(config, options.progress);
  const { opponent, settings } = await openOpponent(config, options.opponent, size, best);
  // float16 loses small gradients unless a game adapts the scale of its losses, and there is none here
  const float16 = precisionFor(config.runtime).precision === 'float16';
  const casts = float16 ? FLOAT32 : undefined;
  const detector = await openDetector(config, size, casts, manipulationsIn(best.checkpoint));
  restoreDetector(detector, best.checkpoint);
  const dataset = await openImages(config, size, options);
  const samples = takeTurns(dataset.samples('val')).slice(0, options.limit);
  const loader = await openLoader({ ...dataset, samples: () => samples }, loaderOptions(config));
  const folder = openAttackFolder(options.out, {
    ids: samples.map(({ id }) => id),
    labels: samples.map(({ label }) => label),
    size,
  });
  try {
    const rows = await attackAll({ detector, opponent, loader, folder }, samples.length, config, options);
    if (rows === null) return null;
    const { round, auc, threshold } = best;
    const report: AttackReport = {
      format: 'deepfake-game attack 1',
      run: options.dir,
      checkpoint: { round, val_auc: auc, threshold },
      opponent: settings,
      images: {
        from: 'input' in options.images ? options.images.input : `${dataset.name}, ${options.images.split}`,
        count: rows.length,
        size,
        batch_size: config.evaluation.batch_size,
      },
      seed: options.seed,
      ...attackFigures(rows, threshold),
      skipped: dataset.skipped,
    };
    folder.finish({ json: report, csv: attackCsv(rows, folder.pngs) });
    return report;
  } finally {
    folder.discard();
    await loader.close();
    detector.dispose();
    opponent.dispose();
  }
}

interface Scene {
  readonly detector: Discriminator;
  readonly opponent: Generator;
  readonly loader: Loader;
  readonly folder: AttackFolder;
}

/** Batch after batch into the folder; null if it was stopped. */
async function attackAll(
  { detector, opponent, loader, folder }: Scene,
  count: number,
  { evaluation: { batch_size: batchSize } }: RunConfig,
  { seed, screen, stop }: AttackOptions,
): Promise<AttackRow[] | null> {
  const turn = { rng: createRng(seed, 'attack'), progress: 1 };
  const line = openProgress({ label: opponent.name, steps: Math.ceil(count / batchSize), out: screen });
  const rows: AttackRow[] = [];
  try {
    for await (const batch of loader.evalBatches('val', batchSize)) {
      if (stop.aborted) return null;
      const attacked = attackBatch(detector, opponent, batch, turn);
      if (rows.length === 0) await folder.compare(attacked.comparison);
      await folder.append(attacked.images, attacked.bytes);
      rows.push(...attacked.rows);
      line.update(Math.ceil(rows.length / batchSize), lossesOf(attacked.rows), batch.samples.length);
    }
    return rows;
  } finally {
    line.close();
  }
}

/**
 * The images to attack: a folder's at the detector's size, all splits together, or a split of the run's own dataset. Whichever split the
 * result is asked for, it gives these.
 */
async function openImages(
  config: RunConfig,
  size: number,
  { images, progress }: Pick<AttackOptions, 'images' | 'progress'>,
): Promise<OpenDataset> {
  if ('split' in images) {
    const dataset = await prepareData(config.data, config.seed, progress);
    const samples = dataset.samples(images.split);
    if (samples.length === 0) {
      throw new Error(
        `split=${images.split}: dataset ${dataset.name} has no images there; name images with input=FOLDER`,
      );
    }
    return { ...dataset, samples: () => samples };
  }
  const settings = {
    path: images.input,
    size,
    val_fraction: 0,
    test_fraction: 1,
    unit: 'file', // nothing is split, so nothing has to stay together
    check: 'header',
  };
  const source = { name: 'folder', settings, cacheFolder: cacheFolder(), seed: config.seed };
  const dataset = await openDataset(source, progress).catch((cause: Error) => {
    throw new Error(`input=${images.input}: ${cause.message}`, { cause });
  });
  const all = (['train', 'val', 'test'] as const).flatMap((split) => dataset.samples(split));
  return { ...dataset, samples: () => all };
}

/** Real and fake by turns, as in training, so that a part of them has both; what one class has more comes last. */
function takeTurns(samples: readonly Sample[]): Sample[] {
  const real = samples.filter(({ label }) => label === 0);
  const fake = samples.filter(({ label }) => label === 1);
  const pairs = Array.from({ length: Math.max(real.length, fake.length) }, (_, i) => [real[i], fake[i]]);
  return pairs.flat().filter((sample) => sample !== undefined);
}

/** The opponent, with the checkpoint's weights if it has any. */
async function openOpponent(
  config: RunConfig,
  { settings, own }: OpponentChoice,
  imageSize: number,
  { checkpoint, round }: BestCheckpoint,
): Promise<{ readonly opponent: Generator; readonly settings: VariantConfig }> {
  const open = async (chosen: VariantConfig): Promise<Generator> => {
    const variant = await findGenerator(chosen);
    return variant.create(chosen, { imageSize, seed: config.seed });
  };
  const opponent = await open(settings);
  if (opponent.state.size === 0) return { opponent, settings };
  opponent.dispose();
  if (own === null) {
    throw new Error(
      `generator=${settings.name}: a learned opponent needs the weights that it learned, and this run was trained against ` +
        `${config.generator.name}. Leave generator= out to attack with that, or name a run that was trained against ${settings.name}`,
    );
  }
  if (round <= config.game.clean_rounds) {
    throw new Error(
      `the best round on val is ${round}, and ${settings.name} joined after round ${config.game.clean_rounds}: its weights there are those ` +
        'that it was made with. Attack with a classical opponent, such as generator=pgd',
    );
  }
  const ownSettings = await own();
  const learned = await open(ownSettings);
  const variables = new Map([...learned.state].map(([name, variable]) => [`generator/${name}`, variable]));
  restore(checkpoint, variables, { generator: learned.name }, (values, shape) =>
    tf.tensor(values, shape, 'float32'),
  );
  return { opponent: learned, settings: ownSettings };
}

function lossesOf(rows: readonly AttackRow[]): Record<string, number> {
  const mean = (state: 'clean' | 'adversarial'): number =>
    rows.reduce((sum, { judged }) => sum + judged[state].loss, 0) / rows.length;
  return { loss_clean: mean('clean'), loss_adversarial: mean('adversarial') };
}
