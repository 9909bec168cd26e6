/** The shared memory of batches, used again and again: what a loader holds does not grow with the number of batches. */

import type { BatchRoom } from './render-sample.ts';

/** Room for one batch, seen by all threads. */
export interface Slot {
  readonly values: SharedArrayBuffer;
  /** One int32: the next row that no thread has taken. */
  readonly nextRow: SharedArrayBuffer;
}

export interface BatchMemory {
  /** A slot for at least so many float32 values, its next row 0: a free one, or a new one where none is large enough. */
  readonly take: (values: number) => Slot;
  /** Gives a slot back. No thread may write to it any more, and nobody read from it. */
  readonly release: (slot: Slot) => void;
}

/** What a batch needs room for. */
export interface BatchShape {
  readonly rows: number;
  /** Side of the images in pixels. */
  readonly size: number;
  readonly masks: boolean;
}

/** Float32 values of a batch: the images, then, where they are wanted, the masks and which of them are known. */
export function valuesOf({ rows, size, masks }: BatchShape): number {
  return rows * size * size * 3 + (masks ? rows * size * size + rows : 0);
}

/** The parts of a slot; the same memory for all who ask, whatever it held before. */
export function roomIn({ values }: Slot, { rows, size, masks }: BatchShape): BatchRoom {
  const area = rows * size * size;
  const part = (from: number, count: number): Float32Array => new Float32Array(values, 4 * from, count);
  return {
    images: part(0, 3 * area),
    masks: masks ? { values: part(3 * area, area), known: part(4 * area, rows) } : null,
  };
}

/** Memory for as many batches as were ever in use at once. */
export function createBatchMemory(): BatchMemory {
  const free: Slot[] = [];
  return {
    take: (values) => {
      const bytes = values * Float32Array.BYTES_PER_ELEMENT;
      const at = free.findIndex(({ values: held }) => held.byteLength >= bytes);
      const [fits] = free.splice(at, 1); // where none fits, a smaller one makes room for the new one
      const slot = at === -1 || fits === undefined ? newSlot(bytes) : fits;
      Atomics.store(new Int32Array(slot.nextRow), 0, 0);
      return slot;
    },
    release: (slot) => void free.push(slot),
  };
}

function newSlot(bytes: number): Slot {
  return { values: new SharedArrayBuffer(bytes), nextRow: new SharedArrayBuffer(4) };
}
