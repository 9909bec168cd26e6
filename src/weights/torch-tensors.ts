/** What a pickled state dict of PyTorch's may name, and the tensors that it describes before their bytes are known. */
import type { NamedArray } from '../ops/safetensors.ts';
import { readNumbers, WIDTHS, type StoredType } from '../ops/stored-numbers.ts';
import type { Named, PickleMeanings, PickleValue } from './pickle.ts';

/** Numbers in memory that tensors are views of. */
export class Storage {
  readonly key: string;
  readonly type: StoredType;
  /** How many numbers. */
  readonly elements: number;

  constructor(key: string, type: StoredType, elements: number) {
    this.key = key;
    this.type = type;
    this.elements = elements;
  }

  /** Its size in bytes. */
  get bytes(): number {
    return this.elements * WIDTHS[this.type];
  }
}

/** A view of a storage; offset and strides are in numbers, not bytes. */
export class TensorView {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** What a state dict's pickle may mean, and the storages that it has told of by key. */
export interface TorchMeanings extends PickleMeanings {
  readonly storages: ReadonlyMap<string, Storage>;
}

const STORAGES: Readonly<Record<string, StoredType>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

/** The names that a state dict needs, and nothing that does anything: dictionaries, storages, tensors and parameters. */
export function torchMeanings(): TorchMeanings {
  const names = new Map<string, Named>([
    ['collections OrderedDict', { call: orderedDict }],
    ['torch._utils _rebuild_tensor_v2', { call: rebuildTensor }],
    ['torch._utils _rebuild_parameter', { call: rebuildParameter }],
    ...Object.entries(STORAGES).map(([name, type]): [string, Named] => [`torch ${name}`, { value: type }]),
  ]);
  const storages = new Map<string, Storage>();
  const persistent = (id: PickleValue): Storage => {
    const storage = storageOf(id);
    const known = storages.get(storage.key) ?? storage;
    if (known.type !== storage.type || known.elements !== storage.elements) {
      throw new Error(`it tells two things of the storage ${storage.key}`);
    }
    storages.set(storage.key, known);
    return known;
  };
  return { names, persistent, storages };
}

function orderedDict(args: readonly PickleValue[]): PickleValue {
  if (args.length !== 0) throw new Error('an OrderedDict is made of no argument');
  return new Map();
}

/** torch._utils._rebuild_parameter(data, requires_grad, backward_hooks). */
function rebuildParameter([data]: readonly PickleValue[]): PickleValue {
  if (!(data instanceof TensorView)) throw new Error('a parameter is made of no tensor');
  return data;
}

/** torch._utils._rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks). */
function rebuildTensor([storage, offset, shape, strides]: readonly PickleValue[]): PickleValue {
  if (!(storage instanceof Storage)) throw new Error('a tensor is made of no storage');
  if (!isNatural(offset) || !isNaturals(shape) || !isNaturals(strides) || shape.length !== strides.length) {
    throw new Error('a tensor has no offset, shape and strides of whole numbers from 0');
  }
  const size = shape.reduce((product, n) => product * n, 1);
  const last = offset + shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis]!, 0);
  if (size > storage.elements || (size > 0 && last >= storage.elements)) {
    throw new Error(
      `a tensor of shape [${shape.join(', ')}], strides [${strides.join(', ')}] and offset ${offset} does not fit into its storage of ${storage.elements} numbers`,
    );
  }
  return new TensorView(storage, offset, shape, strides);
}

/** ('storage', kind, key, device, number of elements), older ones with the view of another storage behind, which is none. */
function storageOf(id: PickleValue): Storage {
  const [what, kind, key, , elements, view] = Array.isArray(id) ? (id as unknown[]) : [];
  const type = (kind as Named | undefined)?.value;
  if (
    what !== 'storage' ||
    type === undefined ||
    typeof key !== 'string' ||
    !isNatural(elements) ||
    (view ?? null) !== null
  ) {
    throw new Error('it asks for data that are no storage');
  }
  return new Storage(key, type as StoredType, elements);
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isNaturals(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isNatural);
}

/** Keys under which training scripts put the state dict beside other things. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model'];

/**
 * The tensors of a state dict, or of a checkpoint that holds one under a usual key (`state_dict`, `model_state_dict`, `model`).
 *
 * @throws if it is neither; the first thing that is no tensor is named
 */
export function tensorViews(value: PickleValue): ReadonlyMap<string, TensorView> {
  if (!(value instanceof Map)) throw new Error('it holds no dictionary of tensors');
  const wrapped = WRAPPERS.map((key): unknown => value.get(key)).find((inner) => inner instanceof Map);
  const tensors = (wrapped ?? value) as Map<unknown, unknown>;
  for (const [name, view] of tensors) {
    if (typeof name !== 'string')
      throw new Error(`it holds something under ${String(name)}, which is no name`);
    if (!(view instanceof TensorView)) {
      throw new Error(
        `what it holds as ${name} is no tensor: save the state dict alone, torch.save(model.state_dict(), FILE)`,
      );
    }
  }
  return tensors as Map<string, TensorView>;
}

/**
 * A tensor's numbers in row-major order, whatever its strides.
 *
 * @param bytes of its whole storage
 */
export function materialise({ storage, offset, shape, strides }: TensorView, bytes: Uint8Array): NamedArray {
  const width = WIDTHS[storage.type];
  const size = shape.reduce((product, n) => product * n, 1);
  let step = 1;
  let contiguous = true;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    contiguous &&= shape[axis] === 1 || strides[axis] === step;
    step *= shape[axis]!;
  }
  if (contiguous || size === 0) {
    return {
      shape,
      values: readNumbers(bytes.subarray(offset * width, (offset + size) * width), storage.type),
    };
  }
  const all = readNumbers(bytes.subarray(0, storage.elements * width), storage.type);
  const values = all instanceof Float32Array ? new Float32Array(size) : new Int32Array(size);
  const index = shape.map(() => 0);
  let at = offset;
  for (let i = 0; i < size; i++) {
    values[i] = all[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return { shape, values };
}
