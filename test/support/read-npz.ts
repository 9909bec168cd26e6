/** An .npz file through NumPy's own reader, pickles refused. */
import { python } from './numpy.ts';

export interface NumpyArray {
  /** NumPy's own name: `<f4`, `<i4`, `<U12`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly c: boolean;
  /** Row-major; of `<f4` the bits, so that equal means equal. */
  readonly values: readonly (number | string)[];
}

const READ = `
import json, sys, zipfile
import numpy as np
assert zipfile.ZipFile(sys.argv[1]).testzip() is None
found = {}
with np.load(sys.argv[1], allow_pickle=False) as arrays:
    for key in arrays.files:
        array = arrays[key]
        flat = array.reshape(-1)
        values = flat.view("<u4") if array.dtype == np.float32 else flat
        found[key] = {
            "dtype": array.dtype.str, "shape": array.shape, "c": array.flags.c_contiguous, "values": values.tolist()
        }
print(json.dumps(found))
`;

/** The arrays by key. */
export async function readNpz(file: string): Promise<Record<string, NumpyArray>> {
  return JSON.parse(await python('-c', READ, file)) as Record<string, NumpyArray>;
}

/** The values of a float32 array. */
export function floatsOf(array: NumpyArray): Float32Array {
  return new Float32Array(Uint32Array.from(array.values as readonly number[]).buffer);
}
