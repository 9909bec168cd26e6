/**
 * What a trained detector looks at: where in an image (Grad-CAM, integrated gradients), and at which frequencies (AUC with bands of the spectrum taken
 * away). The detector is the one that is tested, in float32.
 */
import path from 'node:path';
import type { Split } from './data/dataset.ts';
import type { DatasetContext } from './data/module.ts';
import { groupsOf } from './evaluate.ts';
import { drawSheets, type ImageReport, type SheetReport } from './explain-sheets.ts';
import { settingsHash, sweepSpectrum, writeSpectra } from './explain-spectrum.ts';
import { bandFilters } from './explanation/bands.ts';
import type { Baseline } from './explanation/baseline.ts';
import { chooseImages } from './explanation/choose.ts';
import { noGradCam } from './explanation/grad-cam.ts';
import { spectrumFigures, type SpectrumFigure } from './explanation/spectrum-figures.ts';
import { restoreDetector } from './game/players.ts';
import { FLOAT32 } from './ops/precision.ts';
import { openDetector, openEngine, prepareData } from './prepare.ts';
import { writeFileAtomic } from './reports/files.ts';
import type { ProgressOptions } from './reports/progress.ts';
import type { RunConfig } from './run-settings.ts';
import { hashOfBest, manipulationsIn, readBestCheckpoint } from './trained-run.ts';

export interface ExplainOptions {
  /** The run folder that `train` filled; the explanation goes into its folder `explanation`. */
  readonly dir: string;
  readonly split: Split;
  /** Images of each kind that are shown. */
  readonly images: number;
  /** Steps of the integral. */
  readonly steps: number;
  readonly baseline: Baseline;
  /** Bands that the spectrum is cut into. */
  readonly bands: number;
  readonly progress: DatasetContext['progress'];
  /** Where the progress line goes. */
  readonly screen: ProgressOptions['out'];
  /** Aborted when the user wants to stop: score tables that are done stay, and the next call goes on from there. */
  readonly stop: AbortSignal;
}

/** What is told of an explanation, in `explanation.json`. */
export interface ExplainReport {
  readonly format: string;
  readonly run: string;
  readonly opponent: string;
  /** As `settingsHash` gives it. */
  readonly settings: string;
  readonly checkpoint: { readonly round: number; readonly threshold: number };
  readonly split: Split;
  readonly count: number;
  /** Why there is no Grad-CAM; null if there is. */
  readonly no_grad_cam: string | null;
  readonly integrated_gradients: {
    readonly baseline: Baseline;
    readonly steps: number;
    /** The largest |residual| over the largest |difference| of all images shown: how incomplete the integrals are. */
    readonly incompleteness: number;
  };
  readonly sheets: readonly SheetReport[];
  readonly spectrum: readonly SpectrumFigure[];
}

/**
 * Explains a run's best detector on a split of its data and fills the folder `explanation`; null if it was stopped.
 *
 * @throws if the run has no finished evaluation on val, the split is empty or of one class, or a file cannot be written
 */
export async function explain(config: RunConfig, options: ExplainOptions): Promise<ExplainReport | null> {
  const filters = bandFilters(options.bands);
  openEngine(config.runtime);
  const best = readBestCheckpoint(options.dir);
  const dataset = await prepareData(config.data, config.seed, options.progress);
  const detector = await openDetector(config, dataset.size, FLOAT32, manipulationsIn(best.checkpoint));
  const folder = path.join(options.dir, 'explanation');
  try {
    restoreDetector(detector, best.checkpoint);
    const scores = await sweepSpectrum(
      { config, dataset, detector, checkpointHash: hashOfBest(options.dir) },
      filters,
      options,
    );
    if (scores === null) return null;
    const rows = scores[0]!.rows; // without a filter
    const trained = new Set(dataset.samples('train').map(({ manipulation }) => manipulation));
    const spectrum = spectrumFigures(scores, groupsOf(rows, trained), {
      seed: config.seed,
      resamples: config.evaluation.resamples,
    });
    const groups = chooseImages(rows, best.threshold, options.images);
    const sheets = await drawSheets(detector, dataset, groups, folder, options);
    if (sheets === null) return null;
    const shown = sheets.flatMap(({ images }) => images);
    const most = (of: (image: ImageReport) => number): number =>
      Math.max(...shown.map((image) => Math.abs(of(image))));
    const { round, threshold } = best;
    const report: ExplainReport = {
      format: 'deepfake-game explanation 1',
      run: options.dir,
      opponent: config.generator.name,
      settings: settingsHash(config),
      checkpoint: { round, threshold },
      split: options.split,
      count: rows.length,
      no_grad_cam: noGradCam(detector),
      integrated_gradients: {
        baseline: options.baseline,
        steps: options.steps,
        incompleteness: most(({ residual }) => residual) / most(({ difference }) => difference),
      },
      sheets,
      spectrum,
    };
    await writeSpectra(folder, [report]);
    writeFileAtomic(path.join(folder, 'explanation.json'), `${JSON.stringify(report, null, 2)}\n`);
    return report;
  } finally {
    detector.dispose();
  }
}
