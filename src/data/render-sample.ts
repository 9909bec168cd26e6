/** From a sample to its pixels in a batch: read, augment, scale to [0, 1]. */
import { augment, drawAugmentation } from './augment.ts';
import type { AugmentSettings } from './augment.ts';
import type { Sample, SampleReader } from './dataset.ts';
import { toFloat } from './image.ts';
import { makeOnline } from './online-fakes.ts';
import { rngFor, type Rng } from './rng.ts';

/** How the images of training batch `batch` are augmented. The draws depend on (seed, batch, pair) and nothing else. */
export interface BatchAugmentation {
  readonly settings: AugmentSettings;
  readonly seed: number;
  readonly batch: number;
}

/**
 * Renders a sample as row `row` of `images`, [N, size, size, 3] float32 in [0, 1]. Nothing depends on the thread or on what was rendered
 * before.
 *
 * @param augmentation null: the image as it is read
 * @throws if the sample cannot be read, with its id and file; no other sample takes its place
 */
export async function renderSample(
  reader: SampleReader,
  sample: Sample,
  augmentation: BatchAugmentation | null,
  images: Float32Array,
  row: number,
): Promise<void> {
  const read = await readSquare(reader, sample.madeOf ?? sample);
  const picture =
    sample.madeOf === undefined
      ? read
      : await makeOnline(reader, sample, read, onlineDraws(sample, augmentation));
  const seen = augmentation === null ? picture : await augment(picture, drawFor(sample, augmentation));
  toFloat(seen, images, row * reader.size * reader.size * 3);
}

function drawFor({ pair }: Sample, { settings, seed, batch }: BatchAugmentation) {
  return drawAugmentation(settings, rngFor(seed, 'augment', batch, pair));
}

/** What is not augmented is made as in batch 0. */
function onlineDraws({ pair, manipulation }: Sample, augmentation: BatchAugmentation | null): Rng {
  const { seed, batch } = augmentation ?? { seed: 0, batch: 0 };
  return rngFor(seed, 'online', manipulation, batch, pair);
}

async function readSquare(reader: SampleReader, sample: Sample) {
  const { size } = reader;
  const image = await reader.read(sample).catch((cause: unknown) => {
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
