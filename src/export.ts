/** A trained detector's weights for other frameworks: what it needs at inference and nothing else. docs/weights.md describes the file. */
import { existsSync } from 'node:fs';
import type { DatasetContext } from './data/module.ts';
import type { Discriminator } from './discriminator/discriminator.ts';
import { restoreDetector } from './game/players.ts';
import { encodeSafeTensors, type NamedArray } from './ops/safetensors.ts';
import { FLOAT32 } from './ops/precision.ts';
import { openDetector, openEngine } from './prepare.ts';
import { writeFileAtomic } from './reports/files.ts';
import type { RunConfig } from './run-settings.ts';
import { imageSizeOf, manipulationsIn, readBestCheckpoint, type BestCheckpoint } from './trained-run.ts';

/** What `format=` takes. */
export const EXPORT_FORMATS = ['safetensors'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Raised when the meaning of an exported file's contents changes. */
const VERSION = 1;

export interface ExportOptions {
  /** The run folder that `train` filled. */
  readonly dir: string;
  readonly format: ExportFormat;
  /** Must not exist yet. */
  readonly file: string;
  readonly progress: DatasetContext['progress'];
}

export interface Exported {
  readonly tensors: number;
  readonly values: number;
  /** Round of the checkpoint, the best on val. */
  readonly round: number;
}

/**
 * Writes the detector of a run's best checkpoint, float32, its main batch-norm branch alone, atomically.
 *
 * @throws if the file exists, the run has no best checkpoint, or the checkpoint is of another detector
 */
export async function exportDetector(config: RunConfig, options: ExportOptions): Promise<Exported> {
  const { dir, file } = options;
  if (existsSync(file)) {
    throw new Error(`${file} exists and is not overwritten: remove it, or name another file with out=FILE`);
  }
  const best = readBestCheckpoint(dir);
  openEngine({ device: 'cpu', threads: null });
  const imageSize = await imageSizeOf(config, options.progress);
  const detector = await openDetector(config, imageSize, FLOAT32, manipulationsIn(best.checkpoint));
  try {
    restoreDetector(detector, best.checkpoint);
    const tensors = await inferenceTensors(detector, config, imageSize, best);
    const metadata = describe(detector.name, config, imageSize, best);
    writeFileAtomic(file, encodeSafeTensors({ tensors, metadata }));
    const values = [...tensors.values()].reduce((sum, tensor) => sum + tensor.values.length, 0);
    return { tensors: tensors.size, values, round: best.round };
  } finally {
    detector.dispose();
  }
}

/** The tensors by the names that the same detector without an auxiliary branch has. */
async function inferenceTensors(
  detector: Discriminator,
  config: RunConfig,
  imageSize: number,
  { checkpoint }: BestCheckpoint,
): Promise<Map<string, NamedArray>> {
  const withoutBranch = { ...config, game: { ...config.game, auxiliary_bn: false } };
  const plain = await openDetector(withoutBranch, imageSize, FLOAT32, manipulationsIn(checkpoint));
  try {
    return new Map(
      [...plain.state.keys()].map((name) => {
        const variable = detector.state.get(name);
        if (variable === undefined) {
          throw new Error(
            `detector ${detector.name} has no ${name} with auxiliary batch norm, and has it without: name its variables alike`,
          );
        }
        return [name, { shape: variable.shape, values: variable.dataSync<'float32'>() }];
      }),
    );
  } finally {
    plain.dispose();
  }
}

function describe(
  architecture: string,
  config: RunConfig,
  imageSize: number,
  { round, auc, threshold }: BestCheckpoint,
): Record<string, string> {
  const settings = Object.entries(config.discriminator).filter(([key]) => key !== 'name');
  return {
    format: `deepfake-game detector ${VERSION}`,
    architecture,
    settings: JSON.stringify(Object.fromEntries(settings)),
    image_size: String(imageSize),
    classes: JSON.stringify(['real', 'fake']),
    threshold: String(threshold),
    round: String(round),
    val_auc: String(auc),
  };
}
