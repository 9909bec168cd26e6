/**
 * The thread that renders batches, so that reading and augmenting cost the training loop nothing. It opens the dataset itself and
 * answers requests one after the other, in their order. Started by loader.ts only, through loader-worker.mjs.
 */
import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import type { AugmentSettings } from './augment.ts';
import type { Sample } from './dataset.ts';
import { openDataset } from './index.ts';
import type { DatasetSource } from './index.ts';
import { renderBatch } from './render-batch.ts';

/** What the worker is started with. */
export interface WorkerStart {
  readonly source: DatasetSource;
  readonly augment: AugmentSettings;
  /** Seed of the augmentation. */
  readonly seed: number;
}

/** One batch to render; `batch` is its number if it is to be augmented, null if not. The word `close` ends the thread. */
export type WorkerRequest =
  { readonly request: number; readonly ids: readonly string[]; readonly batch: number | null } | 'close';

/** The answer to a request; request -1 tells that the dataset is open, or why it is not. */
export type WorkerReply =
  | { readonly request: number; readonly images: Float32Array }
  | { readonly request: number; readonly error: string };

const port = parentPort;
if (port === null) throw new Error('loader-worker.ts is a worker thread of loader.ts; import loader.ts');
const { source, augment, seed } = workerData as WorkerStart;

// The pictures are small and each file is read once an epoch: no cache, and no threads of libvips beside libuv's.
sharp.cache(false);
sharp.concurrency(1);

const byId = open();
let last: Promise<void> = byId.then(
  () => reply({ request: -1, images: new Float32Array() }),
  (error: unknown) => reply({ request: -1, error: messageOf(error) }),
);
let closing = false;

port.on('message', (message: WorkerRequest) => {
  if (message === 'close') {
    closing = true;
    // After the batch at hand: ending a thread in the middle of native work is not safe.
    last = last.then(() => port.close());
    return;
  }
  last = last.then(async () => {
    if (closing) return;
    await answer(message).catch((error: unknown) =>
      reply({ request: message.request, error: messageOf(error) }),
    );
  });
});

async function open() {
  const dataset = await openDataset(source, () => undefined); // the first opening, in the main thread, told its progress
  const samples = (['train', 'val', 'test'] as const).flatMap((split) => dataset.samples(split));
  return { dataset, samples: new Map(samples.map((sample) => [sample.id, sample])) };
}

async function answer({ request, ids, batch }: Exclude<WorkerRequest, 'close'>): Promise<void> {
  const { dataset, samples } = await byId;
  const wanted = ids.map((id): Sample => {
    const sample = samples.get(id);
    if (sample === undefined) {
      throw new Error(`dataset ${source.name}: sample ${id} is gone since the run began; start again`);
    }
    return sample;
  });
  const images = await renderBatch(
    dataset,
    wanted,
    batch === null ? null : { settings: augment, seed, batch },
  );
  reply({ request, images }, [images.buffer]);
}

function reply(message: WorkerReply, transfer: readonly ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
