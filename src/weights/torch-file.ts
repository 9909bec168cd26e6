/**
 * PyTorch's checkpoint files (`torch.save`), without Python: a ZIP archive of a pickle and a file for each storage since PyTorch 1.6, and one
 * stream of pickles with the storages behind before. Nothing in them is executed (pickle.ts).
 */
import type { NamedArray } from '../ops/safetensors.ts';
import { readPickle, type PickleValue } from './pickle.ts';
import { materialise, tensorViews, torchMeanings, type Storage, type TensorView } from './torch-tensors.ts';
import { isZip, storedEntries } from './zip-entries.ts';

/** The first pickle of the older format: the number 0x1950a86a20f9469cfc6c. */
const MAGIC = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

/** Whether bytes begin as one of PyTorch's files does. */
export function isTorchFile(bytes: Uint8Array): boolean {
  return isZip(bytes) || MAGIC.every((byte, i) => bytes[i] === byte);
}

/**
 * The tensors of a state dict by name: floats as float32, integers as int32 (ops/stored-numbers.ts), row-major.
 *
 * @param source the file, for messages
 * @throws naming the source and the offset or the tensor, if the file is cut off or damaged, holds more than tensors, asks for anything but
 *   tensors, or its sizes do not fit each other
 */
export function readTorchFile(bytes: Uint8Array, source: string): ReadonlyMap<string, NamedArray> {
  try {
    const { views, bytesOf } = isZip(bytes) ? openArchive(bytes) : openStream(bytes);
    const values = [...views.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    if (values > bytes.length) {
      throw new Error(`its tensors have ${values} values, more than the file has bytes: they share storages`);
    }
    return new Map(
      [...views].map(([name, view]) => [name, named(name, () => materialise(view, bytesOf(view.storage)))]),
    );
  } catch (error) {
    throw new Error(
      `${source} is no readable state dict of PyTorch's: ${(error as Error).message}. docs/weights.md has a line of Python that turns one into safetensors`,
      { cause: error },
    );
  }
}

interface Opened {
  readonly views: ReadonlyMap<string, TensorView>;
  /** All bytes of a storage. */
  readonly bytesOf: (storage: Storage) => Uint8Array;
}

/** ROOT/data.pkl, ROOT/data/KEY, ROOT/byteorder. */
function openArchive(bytes: Uint8Array): Opened {
  const entries = storedEntries(bytes);
  const pickle = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) throw new Error('the archive has no data.pkl');
  const root = pickle.slice(0, -'data.pkl'.length);
  const order = entries.get(`${root}byteorder`);
  if (order !== undefined && new TextDecoder().decode(order) !== 'little') {
    throw new Error('its numbers are not little-endian');
  }
  const views = tensorViews(readPickle(entries.get(pickle)!, 0, torchMeanings()).value);
  return {
    views,
    bytesOf: ({ key, bytes: expected }) => {
      const found = entries.get(`${root}data/${key}`);
      if (found?.length !== expected) {
        throw new Error(
          `its storage ${key} should have ${expected} bytes, and has ${found?.length ?? 'none'}`,
        );
      }
      return found;
    },
  };
}

/** Pickles of a magic number, a version, the machine's sizes, the state dict and the keys of the storages; then each storage's length and numbers. */
function openStream(bytes: Uint8Array): Opened {
  const meanings = torchMeanings();
  let at = 0;
  const next = (): PickleValue => {
    const { value, end } = readPickle(bytes, at, meanings);
    at = end;
    return value;
  };
  next();
  if (next() !== 1001) throw new Error('it is of an unknown version');
  const machine = next();
  if (!(machine instanceof Map) || machine.get('little_endian') !== true) {
    throw new Error('its numbers are not little-endian');
  }
  const views = tensorViews(next());
  const keys = next();
  if (!Array.isArray(keys)) throw new Error('it has no list of storages');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<string, Uint8Array>();
  for (const key of keys as string[]) {
    const storage = meanings.storages.get(key);
    if (storage === undefined) throw new Error(`it has a storage ${key} of no tensor`);
    const length = storage.bytes;
    if (at + 8 + length > bytes.length) {
      throw new Error(`it is cut off: its storage ${key} ends at byte ${at + 8 + length} of ${bytes.length}`);
    }
    const elements = view.getBigInt64(at, true);
    if (elements !== BigInt(storage.elements)) {
      throw new Error(
        `its storage ${key} says that it has ${elements} numbers, and its tensor ${storage.elements}`,
      );
    }
    found.set(key, bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  if (at !== bytes.length) throw new Error(`it has ${bytes.length - at} bytes after its last storage`);
  return {
    views,
    bytesOf: ({ key }) => {
      const storage = found.get(key);
      if (storage === undefined) throw new Error(`its storage ${key} is missing`);
      return storage;
    },
  };
}

/** Says which tensor it was. */
function named<T>(name: string, job: () => T): T {
  try {
    return job();
  } catch (error) {
    throw new Error(`tensor ${name}: ${(error as Error).message}`, { cause: error });
  }
}
