/** The landmarks of a manifest, read when the first are asked for: not every run needs them, and they are most of the file. */
import { nameOf, type SampleReader } from '../dataset.ts';
import { uprightSize } from '../image.ts';
import { COLUMN_NAMES, LANDMARK_NUMBERS } from './columns.ts';
import { openManifest } from './manifest-file.ts';

/** Rows whose landmarks are kept in one array. */
const ROWS_A_BLOCK = 4096;

/**
 * The landmarks of samples whose id is the image's path in the manifest, in pixels of the largest centred square at size × size, as
 * {@link SampleReader} says. The first call reads the whole column, about 0.6 GB for a million faces.
 */
export function landmarksOf(
  file: string,
  size: number,
  encoded: NonNullable<SampleReader['encoded']>,
): NonNullable<SampleReader['landmarks']> {
  let read: Promise<Table> | undefined;
  return async (sample) => {
    const found = (await (read ??= readTable(file)))(sample.id);
    if (found === null) return null;
    const bytes = sample.packed === undefined ? undefined : await encoded(sample);
    const { side, left, top } = squareOf(await uprightSize(nameOf(sample), bytes));
    // a pixel's centre is a whole number, so its left edge is half a pixel before
    const scaled = (value: number, from: number): number => ((value - from + 0.5) * size) / side - 0.5;
    return Array.from({ length: LANDMARK_NUMBERS / 2 }, (_, point) => [
      scaled(found[2 * point] as number, left),
      scaled(found[2 * point + 1] as number, top),
    ]);
  };
}

/** The largest centred square of an image. */
function squareOf({ width, height }: Size): { side: number; left: number; top: number } {
  const side = Math.min(width, height);
  return { side, left: Math.floor((width - side) / 2), top: Math.floor((height - side) / 2) };
}

type Size = Awaited<ReturnType<typeof uprightSize>>;

/** Landmarks as {@link landmarksOf} gives them, in pixels of the whole image again: x and y in turn, as a row has them. */
export function inImage(points: readonly (readonly [number, number])[], image: Size, size: number): number[] {
  const { side, left, top } = squareOf(image);
  const back = (value: number, from: number): number => ((value + 0.5) * side) / size - 0.5 + from;
  return points.flatMap(([x, y]) => [back(x, left), back(y, top)]);
}

type Table = (image: string) => Float32Array | null;

async function readTable(file: string): Promise<Table> {
  const needed = ['image', 'label', 'landmarks'];
  const manifest = await openManifest(
    file,
    COLUMN_NAMES.filter((name) => !needed.includes(name)),
  );
  const blocks: Float32Array[] = [];
  const rows = new Map<string, number>();
  for await (const { image, landmarks } of manifest.rows()) {
    if (landmarks === null) continue;
    const [block, at] = [Math.floor(rows.size / ROWS_A_BLOCK), rows.size % ROWS_A_BLOCK];
    (blocks[block] ??= new Float32Array(ROWS_A_BLOCK * LANDMARK_NUMBERS)).set(
      landmarks,
      at * LANDMARK_NUMBERS,
    );
    rows.set(image, rows.size);
  }
  return (image) => {
    const row = rows.get(image);
    if (row === undefined) return null;
    const at = (row % ROWS_A_BLOCK) * LANDMARK_NUMBERS;
    return (blocks[Math.floor(row / ROWS_A_BLOCK)] as Float32Array).subarray(at, at + LANDMARK_NUMBERS);
  };
}
