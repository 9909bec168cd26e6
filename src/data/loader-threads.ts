/** The loader's worker threads behind promises: all of them render each batch. */
import { Worker } from 'node:worker_threads';
import type { RenderRequest, RowError, WorkerReply, WorkerRequest, WorkerStart } from './loader-worker.ts';

export interface LoaderThreads {
  /**
   * Renders a batch into its slot. Whatever becomes of it, once it is settled no thread touches the slot any more; but where it rejects
   * because the threads have ended, the slot must not be used again.
   */
  readonly render: (batch: Omit<RenderRequest, 'request'>) => Promise<void>;
  /** Ends the threads after the samples at hand; whoever still waits gets an error. May be called twice. */
  readonly close: () => Promise<void>;
  readonly hasEnded: () => boolean;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly errors: RowError[];
  /** Threads that have not answered yet. */
  missing: number;
}

/**
 * Starts `count` threads; resolves once each has opened the dataset. They keep the process alive only while a batch is under way.
 *
 * @throws if one cannot open the dataset
 */
export async function startThreads(start: WorkerStart, count: number): Promise<LoaderThreads> {
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL('./loader-worker.mjs', import.meta.url), { workerData: start, execArgv: [] }),
  );
  const waiting = new Map<number, Waiting>();
  let ended: Error | null = null;
  let requests = 0;
  const hold = (): void => workers.forEach((worker) => worker.ref());
  const fail = (error: Error): void => {
    if (ended !== null) return;
    ended = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    // once closing, the threads must hold the process until they have ended
    hold();
    for (const worker of workers) worker.postMessage('close' satisfies WorkerRequest);
  };
  const expectReplies = (request: number): Promise<void> =>
    new Promise((resolve, reject) => {
      if (ended !== null) {
        reject(ended);
        return;
      }
      waiting.set(request, { resolve, reject, errors: [], missing: count });
      hold();
    });
  const take = ({ request, errors }: WorkerReply): void => {
    const waiter = waiting.get(request);
    if (waiter === undefined) return;
    waiter.errors.push(...errors);
    waiter.missing--;
    if (waiter.missing > 0) return;
    waiting.delete(request);
    if (waiting.size === 0) workers.forEach((worker) => worker.unref());
    const first = firstOf(waiter.errors);
    if (first === undefined) waiter.resolve();
    else waiter.reject(new Error(first.message));
  };
  const exits = workers.map((worker) => watch(worker, take, fail));
  const close = async (): Promise<void> => {
    fail(new Error('the loader is closed'));
    await Promise.all(exits);
  };
  await expectReplies(-1).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    render: (batch) => {
      const request = requests++;
      const done = expectReplies(request);
      const message: WorkerRequest = { request, ...batch };
      if (ended === null) for (const worker of workers) worker.postMessage(message);
      return done;
    },
    close,
    hasEnded: () => ended !== null,
  };
}

/** Passes on what a thread says and that it failed; resolves when it has ended. */
function watch(
  worker: Worker,
  take: (reply: WorkerReply) => void,
  fail: (error: Error) => void,
): Promise<void> {
  worker.on('message', take);
  worker.on('error', (cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    fail(new Error(`a worker of the loader failed: ${reason}`, { cause }));
  });
  return new Promise((resolve) => {
    worker.once('exit', (code) => {
      fail(new Error(`a worker of the loader ended unexpectedly, exit code ${code}`));
      resolve();
    });
  });
}

/** Rows are taken in order, so that of a batch's unreadable samples the first is always among those that were tried. */
function firstOf(errors: readonly RowError[]): RowError | undefined {
  return errors.reduce<RowError | undefined>(
    (first, error) => (first === undefined || error.row < first.row ? error : first),
    undefined,
  );
}
