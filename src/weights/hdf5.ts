/**
 * HDF5 files read from memory by h5wasm, which is the HDF5 Group's own library compiled to WebAssembly. Its file system is one in memory, so a file can name
 * nothing of this machine's; what lies outside the file is refused all the same.
 */
import type * as H5 from 'h5wasm';
import type { NamedArray } from '../ops/safetensors.ts';
import { isStoredType, readNumbers, type StoredType } from '../ops/stored-numbers.ts';

type Module = Awaited<typeof H5.ready>;
type Numbers = Pick<H5.Metadata, 'type' | 'size' | 'signed'>;

/** An open file. A path is names with `/` between, from the root, which is ''. All throw, naming the path, for what is not in the file. */
export interface Hdf5 {
  /** What a group holds. */
  names(group: string): readonly string[];
  isGroup(path: string): boolean;
  /** An attribute of one text or of several; null where there is none of that name. */
  texts(path: string, attribute: string): readonly string[] | null;
  /** A dataset's numbers, row-major: floats as float32, integers as int32 (ops/stored-numbers.ts). */
  array(dataset: string): NamedArray;
}

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Whether bytes begin as an HDF5 file does. */
export function isHdf5(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/** In the library's own file system. One file is open at a time. */
const FILE = '/weights.h5';

/**
 * Does a job with a file, synchronously, and closes it.
 *
 * @throws with the library's reason, if it is cut off or damaged
 */
export async function readHdf5<T>(bytes: Uint8Array, job: (file: Hdf5) => T): Promise<T> {
  const library = await import('h5wasm');
  const module = await library.ready;
  module.activate_throwing_error_handler();
  module.FS.writeFile(FILE, bytes);
  let file: H5.File | undefined;
  try {
    file = new library.File(FILE, 'r');
    return job(viewOf(file, library, module, bytes.length));
  } catch (error) {
    throw new Error(reasonOf(error), { cause: error });
  } finally {
    file?.close();
    module.FS.unlink(FILE);
  }
}

/** The innermost of the reasons that HDF5 lists, one a function that gave up. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const reasons = [...message.matchAll(/#\d+: .* in \w+\(\): (.*)/g)].map(([, reason]) => reason!);
  return reasons.at(-1) ?? message;
}

function viewOf({ file_id: id }: H5.File, library: typeof H5, module: Module, size: number): Hdf5 {
  /** Bytes of values that the file may still give: together no more than it has. */
  let left = size;
  const take = (path: string, count: number): void => {
    if (!(count <= left)) throw new Error(`${path} has more bytes than the file`);
    left -= count;
  };
  /** Looks at every part of the path, because the library follows links to other files in silence. */
  const kindOf = (path: string): number => {
    if (path === '') return module.H5G_GROUP;
    const parts = path.split('/');
    parts.forEach((_, i) => {
      const part = parts.slice(0, i + 1).join('/');
      const kind = module.get_type(id, part);
      if (kind === module.H5G_LINK || kind === module.H5G_UDLINK) {
        throw new Error(`${part} is a link to another file, or to nothing`);
      }
      if (kind !== module.H5G_GROUP && kind !== module.H5G_DATASET) throw new Error(`it has no ${part}`);
    });
    return module.get_type(id, path);
  };
  const isGroup = (path: string): boolean => kindOf(path) === module.H5G_GROUP;
  return {
    isGroup,
    names: (group) => {
      if (!isGroup(group)) throw new Error(`${group} is no group`);
      return module.get_names(id, group === '' ? '/' : group, false);
    },
    texts: (path, attribute) => {
      kindOf(path);
      const place = path === '' ? '/' : path;
      if (!module.get_attribute_names(id, place).includes(attribute)) return null;
      const metadata = module.get_attribute_metadata(id, place, attribute);
      // an empty list of names is one of floats
      if (metadata.shape?.includes(0) === true) return [];
      const what = `the attribute ${attribute} of ${place}`;
      if (metadata.type !== module.H5T_class_t.H5T_STRING.value) throw new Error(`${what} is no text`);
      take(what, metadata.size * metadata.total_size);
      const { value } = new library.Attribute(id, place, attribute);
      return (Array.isArray(value) ? value : [value]).map(String);
    },
    array: (dataset) => {
      if (isGroup(dataset)) throw new Error(`${dataset} is a group and no tensor`);
      const { shape, total_size: count, ...metadata } = module.get_dataset_metadata(id, dataset);
      const type = storedType(metadata, module);
      const sources = metadata.virtual_sources ?? [];
      if (shape === null || type === null) throw new Error(`${dataset} holds no numbers that weights are of`);
      if (!metadata.littleEndian) throw new Error(`the numbers of ${dataset} are not little-endian`);
      if (sources.length > 0)
        throw new Error(`${dataset} is put together of other files, and Keras's are not`);
      if (module.get_dataset_filters(id, dataset).length > 0) {
        throw new Error(`${dataset} is compressed, and Keras's are not`);
      }
      take(dataset, count * metadata.size);
      return { shape, values: readNumbers(bytesOf(id, module, dataset, count * metadata.size), type) };
    },
  };
}

/** Safetensors' name for the kind of numbers; null for what is none. */
function storedType({ type, size, signed }: Numbers, module: Module): StoredType | null {
  const { H5T_FLOAT, H5T_INTEGER } = module.H5T_class_t;
  const kind = type === H5T_FLOAT.value ? 'F' : type === H5T_INTEGER.value ? (signed ? 'I' : 'U') : '';
  const name = `${kind}${8 * size}`;
  return isStoredType(name) ? name : null;
}

/** The bytes of a dataset, by way of the library's memory. */
function bytesOf(id: bigint, module: Module, dataset: string, length: number): Uint8Array {
  const at = module._malloc(Math.max(1, length));
  if (at === 0) throw new Error(`${dataset} does not fit into memory`);
  try {
    module.get_dataset_data(id, dataset, null, null, null, BigInt(at));
    return module.HEAPU8.slice(at, at + length);
  } catch (error) {
    throw new Error(`${dataset}: ${reasonOf(error)}`, { cause: error });
  } finally {
    module._free(at);
  }
}
