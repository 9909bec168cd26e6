/**
 * NumPy's .npz files, written as they come: a ZIP archive (zip.ts) of .npy files, uncompressed as `numpy.savez` makes them. Arrays
 * go to the disk piece by piece, so that a set of images larger than memory can be kept.
 */
import { createZip } from './zip.ts';

export interface NpzWriter {
  /** Begins an array, C order, under its key in NumPy; the one before must have ended. */
  array(key: string, type: 'float32' | 'int32', shape: readonly number[]): NpzArray;
  /** Writes a list of texts as `<U…`, as long as the longest of them. Throws on a NUL, which NumPy would strip. */
  texts(key: string, values: readonly string[]): void;
  /** Ends the file, through to the disk, and gives it its name. Throws if an array has not ended. */
  close(): void;
  /** Removes what was written; after `close` it does nothing. */
  discard(): void;
}

export interface NpzArray {
  /** The next values. Throws if they are of another type or more than the shape holds. */
  append(values: Float32Array | Int32Array): void;
  /** Throws if values are missing. */
  end(): void;
}

const DTYPES = {
  float32: { descr: '<f4', values: Float32Array },
  int32: { descr: '<i4', values: Int32Array },
} as const;

/**
 * Opens an .npz file to write. It is a temporary file in the same folder until `close`.
 *
 * @throws an error naming the folder and the remedy if it cannot be written, here or later
 */
export function createNpz(file: string): NpzWriter {
  const zip = createZip(file);
  return {
    array: (key, type, shape) => {
      const what = `${file}: array ${key} of shape [${shape.join(', ')}]`;
      const entry = zip.entry(`${key}.npy`);
      entry.append(npyHeader(DTYPES[type].descr, shape));
      let missing = shape.reduce((product, side) => product * side, 1);
      return {
        append: (values) => {
          if (!(values instanceof DTYPES[type].values)) throw new Error(`${what} wants ${type} values`);
          if (values.length > missing) throw new Error(`${what} gets too many values`);
          missing -= values.length;
          entry.append(littleEndian(values));
        },
        end: () => {
          if (missing > 0) throw new Error(`${what} lacks ${missing} values`);
          entry.end();
        },
      };
    },
    texts: (key, values) => {
      const points = values.map((value) => Array.from(value, (character) => character.codePointAt(0)!));
      const nul = points.findIndex((each) => each.includes(0));
      if (nul >= 0) throw new Error(`${file}: text ${nul} of array ${key} has a NUL character`);
      const length = points.reduce((longest, each) => Math.max(longest, each.length), 1);
      const codes = new Int32Array(values.length * length);
      points.forEach((each, i) => codes.set(each, i * length));
      const entry = zip.entry(`${key}.npy`);
      entry.append(npyHeader(`<U${length}`, [values.length]));
      entry.append(littleEndian(codes));
      entry.end();
    },
    close: () => zip.close(),
    discard: () => zip.discard(),
  };
}

/** NumPy's NPY format 1.0: magic, version, and a Python literal padded with blanks so that the data starts at a multiple of 64 bytes. */
function npyHeader(descr: string, shape: readonly number[]): Buffer {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const literal = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sides}), }`;
  const preamble = 10;
  const length = Math.ceil((preamble + literal.length + 1) / 64) * 64 - preamble;
  const bytes = Buffer.alloc(preamble + length, ' ');
  bytes.write('\x93NUMPY\x01\x00', 0, 'latin1');
  bytes.writeUInt16LE(length, 8);
  bytes.write(literal, preamble, 'latin1');
  bytes.write('\n', preamble + length - 1, 'latin1');
  return bytes;
}

/** The bytes as they lie in memory: Node runs on little-endian machines alone. */
function littleEndian(values: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
