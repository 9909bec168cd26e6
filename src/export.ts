/** A trained detector's weights for other frameworks: what it needs at inference and nothing else. docs/weights.md describes the file. */
import { existsSync } from 'node:fs';
import type { DatasetContext } from './data/module.ts';
import { writeDetectorGraph } from './detector-graph.ts';
import type { Discriminator } from './discriminator/discriminator.ts';
import { standardModel } from './discriminator/standard-model.ts';
import { restoreDetector } from './game/players.ts';
import { encodeSafeTensors, type NamedArray } from './ops/safetensors.ts';
import { FLOAT32 } from './ops/precision.ts';
import { openDetector, openEngine } from './prepare.ts';
import { writeFileAtomic } from './reports/files.ts';
import { writeLayersModel } from './reports/layers-model.ts';
import type { RunConfig } from './run-settings.ts';
import { imageSizeOf, manipulationsIn, readBestCheckpoint, type BestCheckpoint } from './trained-run.ts';

/** What `format=` takes. */
export const EXPORT_FORMATS = ['safetensors', 'tfjs', 'tfjs-graph'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Raised when the meaning of an exported file's contents changes. */
const VERSION = 1;

export interface ExportOptions {
  /** The run folder that `train` filled. */
  readonly dir: string;
  readonly format: ExportFormat;
  /** The file of safetensors, or else the folder. Must not exist yet. */
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
 * Writes the detector of a run's best checkpoint, float32, its main batch-norm branch alone, atomically: as one file of safetensors, or as a folder
 * with `model.json` and `weights.bin` for TensorFlow.js: a model of its stock layers, or a graph of operations, which every detector can be.
 *
 * @throws if the file exists, the run has no best checkpoint, the checkpoint is of another detector, or the detector cannot be had in the format
 */
export async function exportDetector(config: RunConfig, options: ExportOptions): Promise<Exported> {
  const { dir, file, format } = options;
  if (existsSync(file)) {
    const [what, key] = format === 'safetensors' ? ['file', 'FILE'] : ['folder', 'FOLDER'];
    throw new Error(
      `${file} exists and is not overwritten: remove it, or name another ${what} with out=${key}`,
    );
  }
  const best = readBestCheckpoint(dir);
  openEngine({ device: 'cpu', threads: null });
  const imageSize = await imageSizeOf(config, options.progress);
  const detector = await openDetector(config, imageSize, FLOAT32, manipulationsIn(best.checkpoint));
  try {
    restoreDetector(detector, best.checkpoint);
    const tensors = await inferenceTensors(detector, config, imageSize, best);
    const metadata = describe(detector.name, config, imageSize, best);
    switch (format) {
      case 'safetensors':
        writeFileAtomic(file, encodeSafeTensors({ tensors, metadata }));
        break;
      case 'tfjs':
        await writeStandard(file, detector, metadata);
        break;
      case 'tfjs-graph':
        writeDetectorGraph(file, detector, imageSize, metadata);
    }
    const values = [...tensors.values()].reduce((sum, tensor) => sum + tensor.values.length, 0);
    return { tensors: tensors.size, values, round: best.round };
  } finally {
    detector.dispose();
  }
}

/** The detector as a folder that `tf.loadLayersModel` of plain TensorFlow.js reads. */
async function writeStandard(
  folder: string,
  { name, model }: Discriminator,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  if (model === undefined) {
    throw new Error(
      `detector ${name} is no single model of tf.layers: export it with format=tfjs-graph, which every detector has`,
    );
  }
  const standard = standardModel(model);
  try {
    await writeLayersModel(folder, standard, metadata);
  } finally {
    standard.dispose();
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
