/**
 * A thread that renders samples, so that reading and augmenting cost the training loop nothing. All threads get the same requests, in the
 * same order; each takes rows of the first batch that has any left, so that a batch is done as soon as can be, and writes them where the
 * consumer will read them. Started by loader-threads.ts only, through loader-worker.mjs.
 */
import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import type { AugmentSettings } from './augment.ts';
import { roomIn, type Slot } from './batch-memory.ts';
import type { Sample } from './dataset.ts';
import { openReader } from './index.ts';
import type { DatasetSource } from './index.ts';
import { renderSample, type BatchRoom } from './render-sample.ts';

/** What a worker is started with. */
export interface WorkerStart {
  readonly source: DatasetSource;
  readonly augment: AugmentSettings;
  /** Seed of the augmentation. */
  readonly seed: number;
  /** Samples that are in the making at once: while one is decoded by sharp's threads, another is augmented by this one. */
  readonly atOnce: number;
}

/** A batch to render together with the other threads; `batch` is its number if it is to be augmented, null if not. */
export interface RenderRequest {
  readonly request: number;
  readonly samples: readonly Sample[];
  /** Side of the images in pixels. */
  readonly size: number;
  readonly batch: number | null;
  readonly slot: Slot;
  /** Whether masks are wanted too. */
  readonly masks: boolean;
}

/** The word `close` ends the thread. */
export type WorkerRequest = RenderRequest | 'close';

/** Why a row is missing. */
export interface RowError {
  readonly row: number;
  readonly message: string;
}

/** Told once for each request, when this thread will not touch its slot any more; request -1 tells that the dataset is open, or why not. */
export interface WorkerReply {
  readonly request: number;
  readonly errors: readonly RowError[];
}

interface Job extends RenderRequest {
  readonly room: BatchRoom;
  readonly nextRow: Int32Array;
  readonly errors: RowError[];
  /** Rows that this thread has taken and not yet finished. */
  pending: number;
}

const port = parentPort;
if (port === null) throw new Error('loader-worker.ts is a worker thread of loader.ts; import loader.ts');
const { source, augment, seed, atOnce } = workerData as WorkerStart;

// The pictures are small and each file is read once an epoch: no cache, and no threads of libvips beside libuv's.
sharp.cache(false);
sharp.concurrency(1);

const opening = openReader(source);
opening.then(
  () => reply({ request: -1, errors: [] }),
  (error: unknown) => reply({ request: -1, errors: [{ row: 0, message: messageOf(error) }] }),
);
/** Batches that may have rows left, in the order of the requests. */
let jobs: Job[] = [];
let running = 0;
let closing = false;

port.on('message', (message: WorkerRequest) => {
  if (message === 'close') {
    // What is under way is finished: ending a thread in the middle of native work is not safe.
    closing = true;
    jobs = [];
    if (running === 0) port.close();
    return;
  }
  const { samples, slot, masks, size } = message;
  jobs.push({
    ...message,
    room: roomIn(slot, { rows: samples.length, size, masks }),
    nextRow: new Int32Array(slot.nextRow),
    errors: [],
    pending: 0,
  });
  fill();
});

/** Takes rows until as many are in the making as may be, or none is left. */
function fill(): void {
  let job: Job | undefined;
  while (running < atOnce && (job = jobs[0]) !== undefined) {
    const row = Atomics.add(job.nextRow, 0, 1);
    if (row >= job.samples.length) {
      jobs.shift();
      if (job.pending === 0) finish(job);
      continue;
    }
    running++;
    job.pending++;
    void render(job, row);
  }
}

async function render(job: Job, row: number): Promise<void> {
  const { samples, batch, room } = job;
  try {
    const augmentation = batch === null ? null : { settings: augment, seed, batch };
    await renderSample(await opening, samples[row] as Sample, augmentation, room, row);
  } catch (error) {
    job.errors.push({ row, message: messageOf(error) });
    Atomics.store(job.nextRow, 0, samples.length); // the batch is lost: nobody need take more of its rows
  }
  running--;
  job.pending--;
  if (closing) {
    if (running === 0) port?.close();
    return;
  }
  if (job.pending === 0 && !jobs.includes(job)) finish(job);
  fill();
}

function finish({ request, errors }: Job): void {
  reply({ request, errors });
}

function reply(message: WorkerReply): void {
  port?.postMessage(message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
