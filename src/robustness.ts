/** Robustness of a trained detector: its corruption curves and attack curves, what they tell together, and the folder that keeps them. */
import path from 'node:path';
import type { TopLevelSpec } from 'vega-lite';
import type { DatasetContext } from './data/module.ts';
import { openKeptScores } from './evaluation/kept-scores.ts';
import type { CorruptionFigures } from './evaluation/robustness/corruption-figures.ts';
import { restoreDetector } from './game/players.ts';
import { FLOAT32 } from './ops/precision.ts';
import { openDetector, openEngine, precisionFor, prepareData } from './prepare.ts';
import { svgAndPngOf } from './reports/charts.ts';
import { writeFileAtomic } from './reports/files.ts';
import { encodePng, sheetOf } from './reports/pictures.ts';
import type { ProgressOptions } from './reports/progress.ts';
import type { RobustnessConfig } from './robustness-config.ts';
import { attackCurves, type AttackCurves } from './robustness-attacks.ts';
import { corruptionCurves, type CorruptionCurves } from './robustness-corruptions.ts';
import { attackChart, corruptionChart } from './robustness-results.ts';
import { Stopped, type Scene } from './robustness-scene.ts';
import type { RunConfig } from './run-settings.ts';
import { hashOfBest, manipulationsIn, readBestCheckpoint } from './trained-run.ts';

export interface RobustnessOptions {
  /** The run folder that `train` filled. */
  readonly dir: string;
  readonly settings: RobustnessConfig;
  readonly progress: DatasetContext['progress'];
  /** Where the progress line goes. */
  readonly screen: ProgressOptions['out'];
  /** Aborted when the user wants to stop: what is made so far is kept. */
  readonly stop: AbortSignal;
}

/** What is told of a run, in `robustness.json` too. */
export interface RobustnessReport {
  readonly format: string;
  readonly checkpoint: { readonly round: number; readonly val_auc: number; readonly threshold: number };
  readonly settings: unknown;
  /** Null where no corruption was asked for. */
  readonly corruptions: (CorruptionFigures & { readonly images: number }) | null;
  /** Null where there is no opponent with a budget. */
  readonly attacks: AttackCurves | null;
}

/**
 * Asks a run's best detector, at the threshold chosen on val, and fills the run folder's `robustness/`: a score table for each condition,
 * charts, a sheet of one image at every corruption; `robustness.json` beside it. Tables that an earlier call made of the same
 * checkpoint, images and settings are taken. Null if it was stopped.
 *
 * @throws if the run has no checkpoint, or what `corruptionCurves` and `attackCurves` throw
 */
export async function robustness(
  run: RunConfig,
  options: RobustnessOptions,
): Promise<RobustnessReport | null> {
  const { dir, settings } = options;
  const best = readBestCheckpoint(dir);
  openEngine(run.runtime);
  const dataset = await prepareData(run.data, run.seed, options.progress);
  // float16 loses small gradients, and attacks need them
  const float16 = precisionFor(run.runtime).precision === 'float16';
  const casts = float16 ? FLOAT32 : undefined;
  const detector = await openDetector(run, dataset.size, casts, manipulationsIn(best.checkpoint));
  const folder = path.join(dir, 'robustness');
  const { split, seed, resamples } = settings;
  try {
    restoreDetector(detector, best.checkpoint);
    const kept = openKeptScores(folder);
    const scene: Scene = {
      ...{ config: run, detector, best, dataset, split, seed, resamples, kept },
      ...{ checkpointHash: hashOfBest(dir), screen: options.screen, stop: options.stop },
    };
    const corruptions =
      settings.corruptions.names.length === 0 ? null : await corruptionCurves(scene, settings.corruptions);
    if (corruptions !== null) await drawCorruptions(folder, path.basename(dir), corruptions);
    const asked = settings.opponents.some(({ budget }) => settings.attacks[budget].length > 0);
    const attacks = asked ? await attackCurves(scene, settings) : null;
    if (attacks !== null)
      await draw(folder, 'attacks', attackChart(`Attacks: ${path.basename(dir)}`, attacks));
    const report: RobustnessReport = {
      format: 'deepfake-game robustness 1',
      checkpoint: { round: best.round, val_auc: best.auc, threshold: best.threshold },
      settings: toldSettings(settings),
      corruptions: corruptions === null ? null : withoutSheet(corruptions),
      attacks,
    };
    writeFileAtomic(path.join(dir, 'robustness.json'), `${JSON.stringify(report, null, 2)}\n`);
    return report;
  } catch (error) {
    if (error instanceof Stopped) return null;
    throw error;
  } finally {
    detector.dispose();
  }
}

/** As they were composed; the opponents are among the attacks. */
function toldSettings({ opponents: _, ...settings }: RobustnessConfig): unknown {
  return settings;
}

function withoutSheet({ sheet: _, ...curves }: CorruptionCurves): RobustnessReport['corruptions'] {
  return curves;
}

async function drawCorruptions(folder: string, name: string, curves: CorruptionCurves): Promise<void> {
  const chart = corruptionChart(`Corruptions: ${name}`, curves);
  await draw(folder, 'corruptions', chart);
  writeFileAtomic(path.join(folder, 'corrupted.png'), await encodePng(sheetOf(curves.sheet)));
}

async function draw(folder: string, name: string, chart: TopLevelSpec): Promise<void> {
  const { svg, png } = await svgAndPngOf(chart);
  writeFileAtomic(path.join(folder, `${name}.svg`), svg);
  writeFileAtomic(path.join(folder, `${name}.png`), png);
}
