/** Corruption curves: what a detector reaches on images corrupted at five severities. */
import { cacheFolder } from './data/cache-folder.ts';
import {
  corrupt,
  CORRUPTIONS,
  SEVERITIES,
  type CorruptionContext,
  type CorruptionName,
  type Severity,
} from './data/corruption/corruptions.ts';
import type { Batch, RgbImage } from './data/dataset.ts';
import { toFloat, toPicture } from './data/image.ts';
import { mapInParallel } from './data/map-in-parallel.ts';
import { findFfmpeg } from './data/prepare/ffmpeg.ts';
import {
  corruptionFigures,
  reachedOf,
  type CorruptionFigures,
  type CorruptionPoint,
} from './evaluation/robustness/corruption-figures.ts';
import type { RobustnessSettings } from './evaluation/robustness/settings.ts';
import { evaluationOf, samplesOf, scoreConditions, withBatches, type Scene } from './robustness-scene.ts';

/** Figures of the curves, and one image at every corruption and severity: a row a corruption, the clean image first. */
export interface CorruptionCurves extends CorruptionFigures {
  readonly images: number;
  readonly sheet: readonly (readonly RgbImage[])[];
}

/**
 * Asks the detector about every corruption of the settings at every severity. Tables that are kept from an earlier call are taken.
 *
 * @throws Stopped; if `h264` is asked for and there is no ffmpeg
 */
export async function corruptionCurves(
  scene: Scene,
  { names, images }: RobustnessSettings['corruptions'],
): Promise<CorruptionCurves> {
  const samples = samplesOf(scene, images);
  const ffmpeg = ffmpegOnce();
  if (names.includes('h264')) await ffmpeg(); // before hours of the others
  const each = names.flatMap((name) =>
    SEVERITIES.map((severity) => ({ corruption: name, severity, table: `${name}-${severity}` })),
  );
  const { batch_size: batchSize } = scene.config.evaluation;
  const tables = await scoreConditions(scene, 'corruptions', samples, [
    {
      ...{ tables: ['clean'], madeBy: 'clean', batchSize },
      start: () => (batch) => Promise.resolve([batch]),
    },
    ...each.map(({ corruption, severity, table }) => ({
      ...{ tables: [table], madeBy: { corruption, strength: strengthOf(corruption, severity) }, batchSize },
      start: () => async (batch: Batch) => [await corruptBatch(batch, corruption, { severity, ffmpeg })],
    })),
  ]);
  const reached = (table: string) => reachedOf(evaluationOf(scene, tables.get(table)!));
  const points = each.map(({ corruption, severity, table }): CorruptionPoint => {
    const strength = strengthOf(corruption, severity);
    return { corruption, severity, strength, ...reached(table) };
  });
  return {
    ...corruptionFigures(reached('clean'), points),
    images: samples.length,
    sheet: await sheetOfOne(scene, names, ffmpeg),
  };
}

function strengthOf(name: CorruptionName, severity: Severity): number {
  return CORRUPTIONS[name].strengths[severity - 1]!;
}

/** The images of a batch corrupted, as 8-bit images, which is what they are. */
export async function corruptBatch(
  batch: Batch,
  name: CorruptionName,
  context: Omit<CorruptionContext, 'id'>,
): Promise<Batch> {
  const [, height, width] = batch.shape;
  const size = height * width * 3;
  const rows = batch.samples.map(({ id }, row) => ({
    id,
    image: toPicture(batch.images.subarray(row * size, (row + 1) * size), width, height),
  }));
  const corrupted = await mapInParallel(rows, ({ id, image }) => corrupt(image, name, { ...context, id }));
  const images = new Float32Array(batch.images.length);
  corrupted.forEach((image, row) => {
    toFloat(image, images, row * size);
  });
  return { images, shape: batch.shape, samples: batch.samples };
}

/** The split's first fake, which has more to lose than a real one. */
async function sheetOfOne(
  scene: Scene,
  names: readonly CorruptionName[],
  ffmpeg: CorruptionContext['ffmpeg'],
): Promise<readonly (readonly RgbImage[])[]> {
  const fake = scene.dataset.samples(scene.split).filter(({ label }) => label === 1);
  return withBatches(scene, fake.slice(0, 1), async (batches) => {
    const rows: RgbImage[][] = [];
    for await (const { images, shape, samples } of batches(1)) {
      const clean = toPicture(images, shape[2], shape[1]);
      for (const name of names) {
        const { id } = samples[0]!;
        const corrupted = SEVERITIES.map((severity) => corrupt(clean, name, { id, severity, ffmpeg }));
        rows.push([clean, ...(await Promise.all(corrupted))]);
      }
    }
    return rows;
  });
}

/** Looks for ffmpeg when it is first asked for. */
function ffmpegOnce(): () => Promise<string> {
  let found: Promise<string> | undefined;
  return () => (found ??= findFfmpeg(cacheFolder()));
}
