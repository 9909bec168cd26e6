/** Batches for training and evaluation, rendered ahead in a worker thread. */
import { Worker } from 'node:worker_threads';
import type { AugmentSettings } from './augment.ts';
import { PLAIN_BATCHES, type BatchSettings } from './batch-settings.ts';
import type { Batch, Sample, Split } from './dataset.ts';
import type { OpenDataset } from './index.ts';
import type { WorkerReply, WorkerRequest, WorkerStart } from './loader-worker.ts';
import { planBatches } from './sampling.ts';
import { planShares } from './shares.ts';

export interface LoaderOptions {
  /** Seed of the order of the samples and of their augmentation. */
  readonly seed: number;
  readonly augment: AugmentSettings;
  /** What training batches are made of; pairs and the manipulations in turn unless told. */
  readonly batches?: BatchSettings;
  /** Batches that are asked for before they are needed; 3 unless told. */
  readonly ahead?: number;
}

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
  /** Ends the worker after the batch at hand; whoever still waits for a batch gets an error. May be called twice. */
  readonly close: () => Promise<void>;
}

/**
 * Starts the worker, which opens the dataset for itself. A sample that cannot be read makes the iteration throw, with the
 * sample and its file named, when its batch is due. The worker keeps the process alive only while a batch is under way.
 *
 * @throws if the worker cannot open the dataset
 */
export async function openLoader(dataset: OpenDataset, options: LoaderOptions): Promise<Loader> {
  const { seed, augment, batches = PLAIN_BATCHES, ahead = 3 } = options;
  if (!Number.isInteger(ahead) || ahead < 1) throw new Error(`ahead must be at least 1; it is ${ahead}`);
  const worker = await startWorker({ source: dataset.source, augment, seed });
  const { size } = dataset;

  const order = (samples: readonly Sample[], batch: number | null): Promise<Batch> => {
    const images = worker.render(
      samples.map(({ id }) => id),
      batch,
    );
    return images.then((pixels) => ({
      images: pixels,
      shape: [samples.length, size, size, 3] as const,
      samples,
    }));
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
      return inOrder(() => order(plan(n), n++), ahead) as AsyncGenerator<Batch, never>;
    },
    evalBatches: (split, batchSize) => {
      if (!Number.isInteger(batchSize) || batchSize < 1) {
        throw new Error(`the batch size must be at least 1; it is ${batchSize}`);
      }
      const samples = dataset.samples(split);
      if (samples.length === 0) throw new Error(`dataset ${dataset.name} has no samples in ${split}`);
      let from = 0;
      const next = (): Promise<Batch> | null => {
        const rows = samples.slice(from, (from += batchSize));
        return rows.length === 0 ? null : order(rows, null);
      };
      return inOrder(next, ahead);
    },
    close: worker.close,
  };
}

/** Yields what `next` promises, in order, with `ahead` promises under way; ends when `next` gives null. */
async function* inOrder<T>(next: () => Promise<T> | null, ahead: number): AsyncGenerator<T, void> {
  const underWay: Promise<T>[] = [];
  for (;;) {
    while (underWay.length < ahead) {
      const promise = next();
      if (promise === null) break;
      // Its error is thrown when its turn comes; until then it must not count as unhandled.
      promise.catch(() => undefined);
      underWay.push(promise);
    }
    const first = underWay.shift();
    if (first === undefined) return;
    yield await first;
  }
}

interface Waiting {
  readonly resolve: (images: Float32Array) => void;
  readonly reject: (error: Error) => void;
}

interface RenderWorker {
  /** [N, size, size, 3] in [0, 1]; augmented as training batch `batch`, or as read if null. */
  readonly render: (ids: readonly string[], batch: number | null) => Promise<Float32Array>;
  readonly close: () => Promise<void>;
}

/** The worker behind promises; resolves once the worker has opened the dataset. */
async function startWorker(start: WorkerStart): Promise<RenderWorker> {
  const worker = new Worker(new URL('./loader-worker.mjs', import.meta.url), {
    workerData: start,
    execArgv: [],
  });
  const waiting = new Map<number, Waiting>();
  let ended: Error | null = null;
  let requests = 0;
  const fail = (error: Error): void => {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      fail(new Error(`the loader's worker ended unexpectedly, exit code ${code}`));
      resolve();
    });
  });
  worker.on('error', (cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    fail(new Error(`the loader's worker failed: ${reason}`, { cause }));
  });
  worker.on('message', (reply: WorkerReply) => {
    const waiter = waiting.get(reply.request);
    waiting.delete(reply.request);
    // once closing, the worker must hold the process until it has ended
    if (waiting.size === 0 && ended === null) worker.unref();
    if ('error' in reply) waiter?.reject(new Error(reply.error));
    else waiter?.resolve(reply.images);
  });
  const expectReply = (request: number): Promise<Float32Array> =>
    new Promise((resolve, reject) => {
      if (ended !== null) {
        reject(ended);
        return;
      }
      waiting.set(request, { resolve, reject });
      worker.ref();
    });
  const send = (request: WorkerRequest): void => worker.postMessage(request);
  const close = async (): Promise<void> => {
    fail(new Error('the loader is closed'));
    worker.ref();
    send('close');
    await exited;
  };
  await expectReply(-1).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    render: (ids, batch) => {
      const request = requests++;
      const images = expectReply(request);
      if (ended === null) send({ request, ids, batch });
      return images;
    },
    close,
  };
}
