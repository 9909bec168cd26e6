/** From a sample to its pixels in a batch: read, augment, scale to [0, 1]. */
import { augment, drawAugmentation } from './augment.ts';
import type { AugmentSettings } from './augment.ts';
import { REAL, type RgbImage, type Sample, type SampleReader } from './dataset.ts';
import { warp, type Geometry } from './augmentation/geometry.ts';
import type { Mask } from './forgery/float-image.ts';
import { toFloat } from './image.ts';
import { makeOnline } from './online-fakes.ts';
import { rngFor, type Rng } from './rng.ts';

/** How the images of training batch `batch` are augmented. The draws depend on (seed, batch, pair) and nothing else. */
export interface BatchAugmentation {
  readonly settings: AugmentSettings;
  readonly seed: number;
  readonly batch: number;
}

/** Where a batch is rendered. */
export interface BatchRoom {
  /** [N, size, size, 3] float32 in [0, 1]. */
  readonly images: Float32Array;
  /** [N, size, size] in [0, 1], and [N], 1 where that is known; null where nobody asked. */
  readonly masks: { readonly values: Float32Array; readonly known: Float32Array } | null;
}

/**
 * Renders a sample as row `row` of a batch. Nothing depends on the thread or on what was rendered
 * before.
 *
 * @param augmentation null: the image as it is read
 * @throws if the sample cannot be read, with its id and file; no other sample takes its place
 */
export async function renderSample(
  reader: SampleReader,
  sample: Sample,
  augmentation: BatchAugmentation | null,
  { images, masks }: BatchRoom,
  row: number,
): Promise<void> {
  const read = await readSquare(reader, sample.madeOf ?? sample);
  const made =
    sample.madeOf === undefined
      ? null
      : await makeOnline(reader, sample, read, onlineDraws(sample, augmentation));
  const drawn = augmentation === null ? null : drawFor(sample, augmentation);
  const seen = drawn === null ? (made ?? read) : await augment(made ?? read, drawn);
  const area = reader.size * reader.size;
  toFloat(seen, images, row * area * 3);
  if (masks === null) return;
  const mask = made?.mask ?? (await maskOf(reader, sample));
  masks.known[row] = mask === null && sample.label !== REAL ? 0 : 1;
  const values = masks.values.subarray(row * area, (row + 1) * area);
  if (mask === null) values.fill(0);
  else writeMask(mask, drawn, values);
}

/** As the reader has it; null of reals, which have nothing to show, and where it is not known. */
async function maskOf(reader: SampleReader, sample: Sample): Promise<Mask | null> {
  const mask = sample.label === REAL ? null : ((await reader.mask?.(sample)) ?? null);
  if (mask !== null && (mask.width !== reader.size || mask.data.length !== reader.size ** 2)) {
    throw new Error(
      `sample ${sample.id} (${sample.file}): mask() gave ${mask.width}×${mask.height}, not ${reader.size}×${reader.size}`,
    );
  }
  return mask;
}

/** Goes where the pixels go, by the same look-up in steps of 1/255; what happens to colours changes no mask. */
function writeMask({ width, height, data }: Mask, geometry: Geometry | null, values: Float32Array): void {
  const grey = new Uint8Array(3 * data.length);
  data.forEach((opacity, i) => grey.fill(Math.round(255 * opacity), 3 * i, 3 * i + 3));
  const image: RgbImage = { width, height, data: grey };
  const moved = geometry === null ? image : warp(image, geometry);
  for (let i = 0; i < values.length; i++) values[i] = moved.data[3 * i]! / 255;
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
