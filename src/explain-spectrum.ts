/** The part of an explanation that asks which frequencies a detector needs: its score tables, and the chart. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Split } from './data/dataset.ts';
import type { OpenDataset } from './data/index.ts';
import { openLoader } from './data/loader.ts';
import type { Discriminator } from './discriminator/discriminator.ts';
import type { BandFilter } from './explanation/bands.ts';
import { spectrumCsv, type SpectrumFigure } from './explanation/spectrum-figures.ts';
import { filtersLeft, sweep, type FilteredScores } from './explanation/sweep.ts';
import { loaderOptions } from './prepare.ts';
import { bandChart } from './reports/band-chart.ts';
import { svgAndPngOf } from './reports/charts.ts';
import { writeFileAtomic } from './reports/files.ts';
import { openProgress, type ProgressOptions } from './reports/progress.ts';
import { flatSettings, withoutSeed } from './reports/settings.ts';
import type { RunConfig } from './run-settings.ts';

export interface SpectrumOptions {
  /** The run folder. */
  readonly dir: string;
  readonly split: Split;
  readonly screen: ProgressOptions['out'];
  readonly stop: AbortSignal;
}

/**
 * The split's scores under all filters, kept in `explanation/scores` of the run folder and found there the next time; null if it was stopped.
 *
 * @throws as `sweep` does, and if the split is empty
 */
export async function sweepSpectrum(
  { config, dataset, detector, checkpointHash }: SpectrumScene,
  filters: readonly BandFilter[],
  { dir, split, screen, stop }: SpectrumOptions,
): Promise<FilteredScores[] | null> {
  const samples = dataset.samples(split);
  const batchSize = config.evaluation.batch_size;
  const madeWith = {
    checkpoint: checkpointHash,
    data: config.data,
    seed: config.seed,
    split,
  };
  const place = { folder: path.join(dir, 'explanation', 'scores'), madeWith, samples };
  const left = filtersLeft(filters, place) * Math.ceil(samples.length / batchSize);
  const loader = await openLoader(dataset, loaderOptions(config));
  const line = openProgress({ label: 'spectrum', steps: Math.max(1, left), unit: 'batch', out: screen });
  let done = 0;
  try {
    return await sweep(detector, filters, {
      ...place,
      stop,
      batches: () => loader.evalBatches(split, batchSize),
      scored: (images) => line.update(++done, {}, images),
    });
  } finally {
    line.close();
    await loader.close();
  }
}

/** A run, opened. */
export interface SpectrumScene {
  readonly config: RunConfig;
  readonly dataset: OpenDataset;
  readonly detector: Discriminator;
  /** Of the checkpoint's bytes: scores of another one are not taken for its own. */
  readonly checkpointHash: string;
}

/** The spectrum of one run. */
export interface RunSpectrum {
  readonly run: string;
  readonly opponent: string;
  /** Stands for all settings but the seed: runs that differ in it alone are drawn as one, with their mean. */
  readonly settings: string;
  readonly spectrum: readonly SpectrumFigure[];
}

/** The settings that a run shares with its repetitions under other seeds, as a short hash. */
export function settingsHash(config: RunConfig): string {
  const settings = [...withoutSeed(flatSettings(config))];
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 12);
}

/** Writes `spectrum.csv`, `spectrum.svg` and `spectrum.png` of one run, or of several side by side. */
export async function writeSpectra(folder: string, runs: readonly RunSpectrum[]): Promise<void> {
  const points = runs.flatMap(({ run, settings, spectrum }) =>
    spectrum.flatMap(({ kind, from, to, auc }) =>
      Object.entries(auc).map(([group, { value }]) => ({
        ...{ series: nameOf(settings, runs), run, kind, group, auc: value },
        frequency: kind === 'band-stop' ? (from + to) / 2 : kind === 'low-pass' ? to : from,
      })),
    ),
  );
  const chart = bandChart(
    'AUC on filtered images',
    points.flatMap(({ kind, ...point }) => (kind === 'none' ? [] : [{ ...point, sweep: kind }])),
    points.filter(({ kind }) => kind === 'none'),
  );
  writeFileAtomic(path.join(folder, 'spectrum.csv'), spectrumCsv(runs));
  const { svg, png } = await svgAndPngOf(chart);
  writeFileAtomic(path.join(folder, 'spectrum.svg'), svg);
  writeFileAtomic(path.join(folder, 'spectrum.png'), png);
}

/** The opponent, and where others played against it under other settings a run's folder too. */
function nameOf(settings: string, runs: readonly RunSpectrum[]): string {
  const { opponent, run } = runs.find((each) => each.settings === settings)!;
  const alone = runs.every((each) => each.opponent !== opponent || each.settings === settings);
  return alone ? opponent : `${opponent} (${path.basename(run)})`;
}
