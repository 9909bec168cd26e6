/** The thread that reads a Keras file: bytes in, tensors or a reason out. */
import { parentPort, workerData } from 'node:worker_threads';
import type { NamedArray } from '../ops/safetensors.ts';
import { kerasTensors } from './keras-tensors.ts';

export type KerasReply = { readonly tensors: ReadonlyMap<string, NamedArray> } | { readonly error: string };

const answer = (reply: KerasReply, buffers: ArrayBuffer[] = []): void =>
  parentPort!.postMessage(reply, buffers);

try {
  const tensors = await kerasTensors(workerData as Uint8Array);
  answer(
    { tensors },
    [...tensors.values()].map(({ values }) => values.buffer as ArrayBuffer),
  );
} catch (error) {
  answer({ error: (error as Error).message });
}
