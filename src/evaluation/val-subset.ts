/** The few images of a split that monitors look at again and again. */
import type { Batch, Sample } from '../data/dataset.ts';

/**
 * `count` samples, half of them real as far as there are any, each class spread evenly over the split's order and with it over videos and
 * manipulations. The same every time; all samples where there are no more.
 */
export function spreadSubset(samples: readonly Sample[], count: number): readonly Sample[] {
  const reals = samples.filter((sample) => sample.label === 0);
  const fakes = samples.filter((sample) => sample.label === 1);
  const half = Math.floor(count / 2);
  const real = Math.min(reals.length, Math.max(half, count - fakes.length));
  const fake = Math.min(fakes.length, count - real);
  return [...evenly(reals, real), ...evenly(fakes, fake)];
}

/** `count` of the items, count ≤ their number, as far apart as can be. */
function evenly<T>(items: readonly T[], count: number): readonly T[] {
  return Array.from({ length: count }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / count)]!);
}

/** Batches on their way to somebody else, with some of their images kept: so a subset costs no reading of its own. */
export interface Keeper {
  /** The batches as they are; what is kept of them is copied as they pass. */
  passing(batches: AsyncIterable<Batch>): AsyncGenerator<Batch, void>;
  /** The kept images as one batch, in the order of `samples`. Throws, naming the sample, if one has not passed. */
  batch(): Batch;
}

/** Keeps the images of the given samples, at least one. */
export function keepImages(samples: readonly Sample[]): Keeper {
  const wanted = new Set(samples.map(({ id }) => id));
  const kept = new Map<string, Float32Array>();
  let image: readonly [number, number, number] = [0, 0, 0];
  return {
    async *passing(batches) {
      for await (const batch of batches) {
        const [, height, width, channels] = batch.shape;
        image = [height, width, channels];
        const length = height * width * channels;
        batch.samples.forEach(({ id }, row) => {
          if (wanted.has(id)) kept.set(id, batch.images.slice(row * length, (row + 1) * length));
        });
        yield batch;
      }
    },
    batch() {
      const [height, width, channels] = image;
      const images = new Float32Array(samples.length * height * width * channels);
      samples.forEach(({ id }, row) => {
        const pixels = kept.get(id);
        if (pixels === undefined) throw new Error(`no batch that has passed holds the sample ${id}`);
        images.set(pixels, row * pixels.length);
      });
      return { images, shape: [samples.length, height, width, channels], samples };
    },
  };
}
