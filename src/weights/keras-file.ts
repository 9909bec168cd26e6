/** Keras's files of weights, read in a thread of their own: a damaged HDF5 file can trap the library that reads it, or keep it busy for ever. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { NamedArray } from '../ops/safetensors.ts';
import { isHdf5 } from './hdf5.ts';
import type { KerasReply } from './keras-worker.ts';
import { firstEntry } from './zip-entries.ts';

/** What `model.save('NAME.keras')` begins with; PyTorch's archives have everything in a folder. */
const FIRST_ENTRY = 'metadata.json';

/** Whether bytes begin as one of Keras's files does. */
export function isKerasFile(bytes: Uint8Array): boolean {
  return isHdf5(bytes) || firstEntry(bytes) === FIRST_ENTRY;
}

/** Far longer than the largest file takes; damaged ones can make the library count to 2⁶⁴. */
const LONGEST_MS = 180_000;

/**
 * The tensors of a file as `kerasTensors` gives them.
 *
 * @param source the file, for messages
 * @throws naming the source, for what `kerasTensors` refuses, and for what the library does not survive
 */
export async function readKerasFile(
  bytes: Uint8Array,
  source: string,
  longestMs = LONGEST_MS,
): Promise<ReadonlyMap<string, NamedArray>> {
  const worker = new Worker(new URL('./keras-worker.mjs', import.meta.url), {
    workerData: bytes,
    execArgv: [],
  });
  const reply = await replyOf(worker, longestMs).finally(() => worker.terminate());
  if ('tensors' in reply) return reply.tensors;
  throw new Error(`${source} is no readable file of Keras's weights: ${reply.error}`);
}

async function replyOf(worker: Worker, longestMs: number): Promise<KerasReply> {
  try {
    const [reply] = (await once(worker, 'message', { signal: AbortSignal.timeout(longestMs) })) as [
      KerasReply,
    ];
    return reply;
  } catch (cause) {
    const { name, message } = cause as Error;
    return { error: name === 'AbortError' ? 'it is damaged, and reading it does not end' : message };
  }
}
