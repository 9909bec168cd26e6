/** A run: training in a folder that explains itself, watched by TensorBoard, with a progress line, stopped by signals without loss. */
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { DatasetContext } from './data/module.ts';
import { listCheckpoints, readCheckpoint } from './game/checkpoint.ts';
import { openEngine, precisionFor } from './prepare.ts';
import { reportTo } from './reports/combine.ts';
import { openProgress, type ProgressOptions } from './reports/progress.ts';
import { openRunFolder } from './reports/run-folder.ts';
import { reportToTensorBoard } from './reports/tensorboard.ts';
import type { RunConfig } from './run-settings.ts';
import type { TensorFlow } from './tensorflow/binding.ts';
import { tellPrecision } from './tensorflow/choose-precision.ts';
import { train, type TrainResult } from './train.ts';

export interface RunOptions {
  /** The run folder: a new one, or with `resume` that of a run with a checkpoint. */
  readonly dir: string;
  readonly resume: boolean;
  /** The composed settings as YAML, kept in the folder. */
  readonly yaml: string;
  /** The command line, for the record. */
  readonly command: string;
  /** First word of the progress line. */
  readonly label: string;
  readonly out: ProgressOptions['out'];
  readonly stop: AbortSignal;
  /** Called after each round with its number, losses and images. */
  readonly onRound?: (round: number, losses: Readonly<Record<string, number>>, images: number) => void;
}

/** Trains in a run folder. The folder's status is right at every moment, also when this throws. */
export async function run(config: RunConfig, options: RunOptions): Promise<TrainResult> {
  const { dir, out } = options;
  const engine = openEngine(config.runtime);
  const chosen = precisionFor(config.runtime);
  const resumedStep = options.resume ? lastRound(dir) : undefined;
  const resumed = resumedStep === undefined ? {} : { resumedStep };
  const folder = openRunFolder(dir, {
    config: options.yaml,
    command: options.command,
    seed: config.seed,
    tfjs: tf.version_core,
    tensorflow: tensorFlowVersion(engine),
    threads: config.runtime.threads ?? 0,
    precision: chosen.precision,
    precisionReason: chosen.reason,
    ...resumed,
  });
  const reporter = reportTo([folder.reporter, reportToTensorBoard(path.join(dir, 'tensorboard'), resumed)]);
  const line = openProgress({ label: options.label, steps: config.game.rounds, out });
  let round = resumedStep ?? 0;
  try {
    const told = tellPrecision(config.runtime.precision, chosen);
    if (told !== null) line.note(told);
    reporter.text('config', `\`\`\`yaml\n${options.yaml}\`\`\``, round);
    const result = await train(config, {
      dir,
      reporter,
      stop: options.stop,
      log: (text) => line.note(text),
      progress: tellProgress((text) => line.note(text)),
      onRound: (state) => {
        round = state.round;
        const losses = lossesOf(state.metrics);
        line.update(state.round, losses, state.images);
        options.onRound?.(state.round, losses, state.images);
      },
    });
    if (result.status === 'finished') {
      reporter.hparams(hparamsOf(config), {
        'best/val_auc': result.best.auc,
        'best/round': result.best.round,
      });
      folder.setStatus('finished', result.rounds);
    } else {
      folder.setStatus('interrupted', result.rounds, `resume with: npm run train -- --resume ${dir}`);
    }
    return result;
  } catch (error) {
    folder.setStatus('failed', round, (error as Error).message);
    throw error;
  } finally {
    line.close();
    await reporter.close();
  }
}

/** Round of the newest checkpoint of a run. Throws if there is none. */
function lastRound(dir: string): number {
  const [newest, older] = [...listCheckpoints(path.join(dir, 'checkpoints'))].reverse();
  if (newest === undefined) {
    throw new Error(`${dir}: no checkpoint to resume from. Start the run anew in another folder`);
  }
  try {
    return readCheckpoint(newest).counters['rounds']!;
  } catch (cause) {
    const remedy =
      older === undefined
        ? 'Start the run anew in another folder'
        : `Move it away to resume from ${path.basename(older)}`;
    throw new Error(`${(cause as Error).message}. ${remedy}`, { cause });
  }
}

/** A line at the start and the end of each stage of preparing data, and every ten seconds between. */
export function tellProgress(tell: (text: string) => void): DatasetContext['progress'] {
  let last = { stage: '', at: 0 };
  return ({ stage, done, total }) => {
    const now = Date.now();
    if (stage !== last.stage || done === total || now - last.at >= 10_000) {
      last = { stage, at: now };
      tell(`${stage}: ${done} of ${total}`);
    }
  };
}

function lossesOf(metrics: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => name.startsWith('loss_')));
}

function hparamsOf(config: RunConfig): Record<string, string | number | boolean> {
  return {
    seed: config.seed,
    data: config.data.name,
    discriminator: config.discriminator.name,
    generator: config.generator.name,
    'game.objective': config.game.objective,
    criterion: config.criterion.name,
    'game.lambda': config.game.lambda,
    'game.rounds': config.game.rounds,
    'game.crafting': config.game.crafting,
    'game.auxiliary_bn': config.game.auxiliary_bn,
    'optimizer_d.lr': config.optimizer_d.lr,
  };
}

function tensorFlowVersion(engine: TensorFlow): string {
  return (engine.backend() as unknown as { binding: { TF_Version: string } }).binding.TF_Version;
}
