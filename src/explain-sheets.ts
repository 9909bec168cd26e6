/** The part of an explanation that shows where in its images a detector looks. */
import * as tf from '@tensorflow/tfjs';
import path from 'node:path';
import type { Sample, SampleReader, Split } from './data/dataset.ts';
import type { OpenDataset } from './data/index.ts';
import { toFloat } from './data/image.ts';
import { INFERENCE, type Discriminator } from './discriminator/discriminator.ts';
import type { ScoreRow } from './evaluation/scores.ts';
import { baselineOf, type Baseline } from './explanation/baseline.ts';
import type { Group } from './explanation/choose.ts';
import { fakeLogit } from './explanation/fake-logit.ts';
import { gradCam } from './explanation/grad-cam.ts';
import { integratedGradients } from './explanation/integrated-gradients.ts';
import { explanationSheet, sheetRows, type Explained } from './reports/explanation-sheet.ts';
import { writeFileAtomic } from './reports/files.ts';
import { encodePng, type ImageBatch } from './reports/pictures.ts';
import { openProgress, type ProgressOptions } from './reports/progress.ts';

export interface SheetOptions {
  readonly split: Split;
  readonly steps: number;
  readonly baseline: Baseline;
  readonly screen: ProgressOptions['out'];
  readonly stop: AbortSignal;
}

/** One picture. */
export interface SheetReport {
  readonly file: string;
  /** What its rows are, from above. */
  readonly rows: readonly string[];
  /** Its columns, from the left. */
  readonly images: readonly ImageReport[];
}

export interface ImageReport extends Pick<ScoreRow, 'id' | 'manipulation' | 'score'> {
  /** F(x) − F(x′), F the log odds of 'fake'. */
  readonly difference: number;
  /** What the integral misses of it. */
  readonly residual: number;
}

/** Writes `sheet-GROUP.png` for each group into a folder; null if it was stopped. */
export async function drawSheets(
  detector: Discriminator,
  dataset: OpenDataset,
  groups: readonly Group[],
  folder: string,
  options: SheetOptions,
): Promise<SheetReport[] | null> {
  const samples = new Map(dataset.samples(options.split).map((sample) => [sample.id, sample]));
  const steps = groups.reduce((sum, { rows }) => sum + rows.length, 0);
  const line = openProgress({ label: 'pictures', steps, unit: 'image', out: options.screen });
  const sheets: SheetReport[] = [];
  let done = 0;
  try {
    for (const { name, rows } of groups) {
      if (options.stop.aborted) return null;
      const read = await readImages(
        dataset,
        rows.map(({ id }) => samples.get(id)!),
      );
      const { sheet, images } = explainImages(detector, read, options);
      const file = `sheet-${name.replace(/[^\w.-]+/g, '_')}.png`;
      writeFileAtomic(path.join(folder, file), await encodePng(explanationSheet(sheet)));
      sheets.push({
        file,
        rows: sheetRows(sheet.gradCam !== null),
        images: rows.map(({ id, manipulation, score }, i) => ({ id, manipulation, score, ...images[i]! })),
      });
      line.update((done += rows.length), {}, rows.length);
    }
    return sheets;
  } finally {
    line.close();
  }
}

/** As evaluation sees them: [N, size, size, 3]. */
async function readImages(reader: SampleReader, samples: readonly Sample[]): Promise<ImageBatch> {
  const { size } = reader;
  const data = new Float32Array(samples.length * size * size * 3);
  for (const [i, sample] of samples.entries()) toFloat(await reader.read(sample), data, i * size * size * 3);
  return { shape: [samples.length, size, size, 3], data };
}

interface ExplainedImages {
  readonly sheet: Explained;
  readonly images: readonly Pick<ImageReport, 'difference' | 'residual'>[];
}

function explainImages(
  detector: Discriminator,
  images: ImageBatch,
  { steps, baseline }: Pick<SheetOptions, 'steps' | 'baseline'>,
): ExplainedImages {
  const x = tf.tensor4d(images.data, [...images.shape]);
  const from = baselineOf(baseline, x);
  const F = (at: tf.Tensor4D): tf.Tensor1D => fakeLogit(detector.logits(at, INFERENCE));
  const { values, difference, residual } = integratedGradients(F, x, from, steps);
  const cam = detector.halves === undefined ? null : gradCam(detector, x);
  const sheet = {
    images,
    gradCam: cam === null ? null : batchOf(cam),
    attributions: batchOf(values),
  };
  tf.dispose([x, from, values, ...(cam === null ? [] : [cam])]);
  return {
    sheet,
    images: Array.from(difference, (value, i) => ({ difference: value, residual: residual[i]! })),
  };
}

function batchOf(tensor: tf.Tensor4D): ImageBatch {
  return { shape: tensor.shape, data: tensor.dataSync<'float32'>() };
}
