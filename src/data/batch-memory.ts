/** The shared memory of batches, used again and again: what a loader holds does not grow with the number of batches. */

/** Room for one batch, seen by all threads. */
export interface Slot {
  readonly pixels: SharedArrayBuffer;
  /** One int32: the next row that no thread has taken. */
  readonly nextRow: SharedArrayBuffer;
}

export interface BatchMemory {
  /** A slot for at least so many float32 values, its next row 0: a free one, or a new one where none is large enough. */
  readonly take: (values: number) => Slot;
  /** Gives a slot back. No thread may write to it any more, and nobody read from it. */
  readonly release: (slot: Slot) => void;
}

/** Memory for as many batches as were ever in use at once. */
export function createBatchMemory(): BatchMemory {
  const free: Slot[] = [];
  return {
    take: (values) => {
      const bytes = values * Float32Array.BYTES_PER_ELEMENT;
      const at = free.findIndex(({ pixels }) => pixels.byteLength >= bytes);
      const [fits] = free.splice(at, 1); // where none fits, a smaller one makes room for the new one
      const slot = at === -1 || fits === undefined ? newSlot(bytes) : fits;
      Atomics.store(new Int32Array(slot.nextRow), 0, 0);
      return slot;
    },
    release: (slot) => void free.push(slot),
  };
}

function newSlot(bytes: number): Slot {
  return { pixels: new SharedArrayBuffer(bytes), nextRow: new SharedArrayBuffer(4) };
}
