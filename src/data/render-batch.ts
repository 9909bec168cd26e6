/** From samples to the pixels of a batch: read, augment, scale to [0, 1]. */
import { augment, drawAugmentation } from './augment.ts';
import type { AugmentSettings } from './augment.ts';
import type { Dataset, Sample } from './dataset.ts';
import { toFloat } from './image.ts';
import { rngFor } from './rng.ts';

/** Full-size images that are decoded at once: as many as libuv has threads, so that a batch of large photos fits into memory. */
const AT_ONCE = 4;

/** How the images of training batch `batch` are augmented. The draws depend on (seed, batch, pair) and nothing else. */
export interface BatchAugmentation {
  readonly settings: AugmentSettings;
  readonly seed: number;
  readonly batch: number;
}

/**
 * Renders samples as [N, size, size, 3] float32 in [0, 1], in their order.
 *
 * @param augmentation null: the images as they are read
 * @throws if a sample cannot be read, with its id and file; no other sample takes its place
 */
export async function renderBatch(
  dataset: Dataset,
  samples: readonly Sample[],
  augmentation: BatchAugmentation | null,
): Promise<Float32Array<ArrayBuffer>> {
  const { size } = dataset;
  const images = new Float32Array(samples.length * size * size * 3);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < samples.length) {
      const row = next++;
      const sample = samples[row] as Sample;
      const picture = await readSquare(dataset, sample);
      const seen = augmentation === null ? picture : await augment(picture, drawFor(sample, augmentation));
      toFloat(seen, images, row * size * size * 3);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return images;
}

function drawFor({ pair }: Sample, { settings, seed, batch }: BatchAugmentation) {
  return drawAugmentation(settings, rngFor(seed, 'augment', batch, pair));
}

async function readSquare(dataset: Dataset, sample: Sample) {
  const { size } = dataset;
  const image = await dataset.read(sample).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const place = reason.includes(sample.file) ? '' : ` (${sample.file})`;
    throw new Error(`sample ${sample.id}${place}: ${reason}`, { cause });
  });
  if (image.width !== size || image.height !== size || image.data.length !== size * size * 3) {
    throw new Error(
      `sample ${sample.id} (${sample.file}): read() gave ${image.width}×${image.height} with ${image.data.length} bytes, ` +
        `not ${size}×${size}×3`,
    );
  }
  return image;
}
