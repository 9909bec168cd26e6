/** Batches for training and evaluation, rendered ahead by worker threads into memory that they share with the consumer. */
import { availableParallelism } from 'node:os';
import type { AugmentSettings } from './augment.ts';
import { createBatchMemory, roomIn, valuesOf, type Slot } from './batch-memory.ts';
import { PLAIN_BATCHES, type PlanSettings } from './batch-settings.ts';
import type { Batch, Sample, Split } from './dataset.ts';
import type { OpenDataset } from './index.ts';
import { startThreads } from './loader-threads.ts';
import { planBatches } from './sampling.ts';
import { planShares } from './shares.ts';

/** sharp decodes on libuv's threads, of which a process has 4 unless told: more samples at once would only need memory. */
const AT_ONCE = 4;

export interface LoaderOptions {
  /** Seed of the order of the samples and of their augmentation. */
  readonly seed: number;
  readonly augment: AugmentSettings;
  /** Worker threads; null, or left out: {@link defaultThreads}. The batches are the same with any number. */
  readonly threads?: number | null;
  /** What training batches are made of; pairs and the manipulations in turn unless told. */
  readonly batches?: PlanSettings;
  /** Whether training batches carry masks. */
  readonly masks?: boolean;
  /** Batches that are asked for before they are needed; 3 unless told. */
  readonly ahead?: number;
}

/**
 * A batch's `images` lie in memory that is used again: they hold until the next batch of the same iteration is asked for, or the iteration
 * is left. Who keeps them longer copies them.
 */
export interface Loader {
  /**
   * Training batches without end, from number `start` (0 unless told) on. Batch n depends on the dataset, the seed, the batch size,
   * the settings and n alone, see {@link planBatches}: rows 2i are real, rows 2i + 1 fake, a pair side by side under the same augmentation.
   */
  readonly trainBatches: (options: {
    readonly batchSize: number;
    readonly start?: number;
  }) => AsyncGenerator<Batch, never>;
  /** Every sample of a split once, in the dataset's order, not augmented; the last batch may be smaller. Throws if there are none. */
  readonly evalBatches: (split: Split, batchSize: number) => AsyncGenerator<Batch, void>;
  /** Ends the threads after the samples at hand; whoever still waits for a batch gets an error. May be called twice. */
  readonly close: () => Promise<void>;
}

/** Half of the cores, 1 to 8: decoding has threads of its own beside these, and TensorFlow wants the cores too. */
export function defaultThreads(cores = availableParallelism()): number {
  return Math.min(8, Math.max(1, Math.floor(cores / 2)));
}

/**
 * Starts the threads, each of which opens a reader of the dataset for itself. A sample that cannot be read makes the iteration throw, with
 * the sample and its file named, when its batch is due. The threads keep the process alive only while a batch is under way.
 *
 * @throws if a thread cannot open the dataset
 */
export async function openLoader(dataset: OpenDataset, options: LoaderOptions): Promise<Loader> {
  const { seed, augment, batches = PLAIN_BATCHES, masks = false, ahead = 3 } = options;
  const count = options.threads ?? defaultThreads();
  for (const [name, value] of Object.entries({ ahead, threads: count })) {
    if (!Number.isInteger(value) || value < 1) throw new Error(`${name} must be at least 1; it is ${value}`);
  }
  const atOnce = Math.max(2, Math.ceil(AT_ONCE / count));
  const threads = await startThreads({ source: dataset.source, augment, seed, atOnce }, count);
  const memory = createBatchMemory();
  const { size } = dataset;

  const order = (samples: readonly Sample[], batch: number | null): Ordered => {
    // what is not augmented is looked at, not learnt from
    const wanted = { rows: samples.length, size, masks: masks && batch !== null };
    const slot = memory.take(valuesOf(wanted));
    const room = roomIn(slot, wanted);
    const shape = [samples.length, size, size, 3] as const;
    const filled: Batch = {
      images: room.images,
      shape,
      samples,
      ...(room.masks === null ? {} : { masks: room.masks }),
    };
    const done = threads.render({ samples, size, batch, slot, masks: wanted.masks });
    return { slot, batch: done.then(() => filled) };
  };
  const release = ({ slot, batch }: Ordered): void => {
    const giveBack = (): void => {
      if (!threads.hasEnded()) memory.release(slot);
    };
    batch.then(giveBack, giveBack);
  };
  return {
    trainBatches: ({ batchSize, start = 0 }) => {
      const train = dataset.samples('train');
      const plan =
        dataset.shares === undefined
          ? planBatches(train, batchSize, seed, batches)
          : planShares(train, dataset.shares, batchSize, seed, batches);
      plan(start); // an impossible start throws here, not at the first batch
      let n = start;
      return inOrder(() => order(plan(n), n++), release, ahead) as AsyncGenerator<Batch, never>;
    },
    evalBatches: (split, batchSize) => {
      if (!Number.isInteger(batchSize) || batchSize < 1) {
        throw new Error(`the batch size must be at least 1; it is ${batchSize}`);
      }
      const samples = dataset.samples(split);
      if (samples.length === 0) throw new Error(`dataset ${dataset.name} has no samples in ${split}`);
      let from = 0;
      const next = (): Ordered | null => {
        const rows = samples.slice(from, (from += batchSize));
        return rows.length === 0 ? null : order(rows, null);
      };
      return inOrder(next, release, ahead);
    },
    close: threads.close,
  };
}

/** A batch on its way, and the memory that it takes. */
interface Ordered {
  readonly slot: Slot;
  readonly batch: Promise<Batch>;
}

/**
 * Yields the batches that `next` orders, one after the other, with `ahead` of them under way; ends when `next` gives null. A batch is
 * released when the one after it is asked for, and all that are under way when the iteration is left.
 */
async function* inOrder(
  next: () => Ordered | null,
  release: (ordered: Ordered) => void,
  ahead: number,
): AsyncGenerator<Batch, void> {
  const underWay: Ordered[] = [];
  try {
    for (;;) {
      while (underWay.length < ahead) {
        const ordered = next();
        if (ordered === null) break;
        // Its error is thrown when its turn comes; until then it must not count as unhandled.
        ordered.batch.catch(() => undefined);
        underWay.push(ordered);
      }
      const first = underWay[0];
      if (first === undefined) return;
      yield await first.batch;
      release(first);
      underWay.shift();
    }
  } finally {
    underWay.forEach(release);
  }
}
