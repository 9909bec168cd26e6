/**
 * The part of Python's pickle language (protocol 2) that a PyTorch state dict is written in, interpreted and never executed. A pickle is a
 * program that may name any function of Python's and call it; here it can name what the caller lists and nothing else, and any other
 * name or opcode is refused with its offset. Python's pickletools documents the opcodes; torch's own weights_only reader takes the same ones.
 */

/** What a pickle may name: data, or something that it may call with a tuple. */
export interface Named {
  readonly call?: (args: readonly PickleValue[]) => PickleValue;
  /** What the caller knows it by. */
  readonly value?: unknown;
}

/** Tuples and lists are arrays; dictionaries are maps. What `Named.call` and `persistent` give is the caller's own. */
export type PickleValue = unknown;

export interface PickleMeanings {
  /** By `module name`, as in `collections OrderedDict`. */
  readonly names: ReadonlyMap<string, Named>;
  /** What an id that stands for data outside the pickle means. */
  readonly persistent: (id: PickleValue) => PickleValue;
}

export interface Pickled {
  readonly value: PickleValue;
  /** Offset after the pickle's last byte. */
  readonly end: number;
}

/** Raised for whatever is wrong with a pickle; the message says at which byte. */
export class PickleError extends Error {}

/**
 * Reads one pickle.
 *
 * @param at offset of its first byte
 * @throws PickleError if it is cut off, malformed, or names or does anything that a state dict has no need of
 */
export function readPickle(bytes: Uint8Array, at: number, meanings: PickleMeanings): Pickled {
  const machine = machineOn(bytes, at, meanings);
  for (;;) {
    const begun = machine.offset();
    try {
      if (machine.step()) return { value: machine.result(), end: machine.offset() };
    } catch (error) {
      throw new PickleError(`byte ${begun}: ${(error as Error).message}`, { cause: error });
    }
  }
}

const MARK = Symbol('mark');

function machineOn(
  bytes: Uint8Array,
  at: number,
  { names, persistent }: PickleMeanings,
): { offset(): number; step(): boolean; result(): PickleValue } {
  const read = readerOf(bytes, at);
  const stack: PickleValue[] = [];
  const memo = new Map<number, PickleValue>();
  const pop = (): PickleValue => {
    if (stack.length === 0 || stack.at(-1) === MARK) throw new Error('the stack is empty');
    return stack.pop();
  };
  const popMark = (): PickleValue[] => {
    const mark = stack.lastIndexOf(MARK);
    if (mark === -1) throw new Error('there is no mark on the stack');
    return stack.splice(mark).slice(1);
  };
  const tupleOf = (count: number): PickleValue[] => Array.from({ length: count }, pop).reverse();
  const put = (key: number): void => {
    const value = pop();
    memo.set(key, value);
    stack.push(value);
  };
  const get = (key: number): PickleValue => {
    if (!memo.has(key)) throw new Error(`nothing was put under ${key}`);
    return memo.get(key);
  };
  const setItems = (items: readonly PickleValue[]): void => {
    const target = pop();
    if (!(target instanceof Map) || items.length % 2 !== 0) throw new Error('items are set on no dictionary');
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
    stack.push(target);
  };
  const append = (items: readonly PickleValue[]): void => {
    const target = pop();
    if (!Array.isArray(target)) throw new Error('items are appended to no list');
    for (const item of items) target.push(item);
    stack.push(target);
  };
  const reduce = (): PickleValue => {
    const [named, args] = tupleOf(2);
    const { call } = isNamed(named, names) ? named : {};
    if (call === undefined || !Array.isArray(args)) throw new Error('it calls what is no function');
    return call(args);
  };
  /** Attributes of a dictionary, which a state dict has beside its tensors (`_metadata`), are left out; nothing else has any. */
  const build = (): PickleValue => {
    const [target, attributes] = tupleOf(2);
    if (!(target instanceof Map && attributes instanceof Map))
      throw new Error('BUILD is for dictionaries only');
    return target;
  };
  const global = (): Named => {
    const name = `${read.line()} ${read.line()}`;
    const named = names.get(name);
    if (named === undefined) throw new Error(`it asks for ${name.replace(' ', '.')}, which is refused`);
    return named;
  };
  const push = (value: PickleValue): void => {
    stack.push(value);
  };
  const OPCODES: Readonly<Record<number, () => void>> = {
    0x28: () => push(MARK),
    0x29: () => push([]), // EMPTY_TUPLE
    0x85: () => push(tupleOf(1)),
    0x86: () => push(tupleOf(2)),
    0x87: () => push(tupleOf(3)),
    0x74: () => push(popMark()), // TUPLE
    0x5d: () => push([]), // EMPTY_LIST
    0x61: () => append(tupleOf(1)),
    0x65: () => append(popMark()), // APPENDS
    0x7d: () => push(new Map()), // EMPTY_DICT
    0x73: () => setItems(tupleOf(2)),
    0x75: () => setItems(popMark()), // SETITEMS
    0x4e: () => push(null), // NONE
    0x88: () => push(true),
    0x89: () => push(false),
    0x4b: () => push(read.unsigned(1)), // BININT1
    0x4d: () => push(read.unsigned(2)), // BININT2
    0x4a: () => push(read.unsigned(4) | 0), // BININT
    0x8a: () => push(read.long(read.unsigned(1))), // LONG1
    0x47: () => push(read.double()), // BINFLOAT
    0x58: () => push(read.text(read.unsigned(4))), // BINUNICODE
    0x71: () => put(read.unsigned(1)), // BINPUT
    0x72: () => put(read.unsigned(4)), // LONG_BINPUT
    0x68: () => push(get(read.unsigned(1))), // BINGET
    0x6a: () => push(get(read.unsigned(4))), // LONG_BINGET
    0x63: () => push(global()),
    0x52: () => push(reduce()),
    0x62: () => push(build()),
    0x51: () => push(persistent(pop())), // BINPERSID
  };
  let begun = false;
  return {
    offset: read.offset,
    step: () => {
      const opcode = read.unsigned(1);
      if (!begun) {
        const version = opcode === 0x80 ? read.unsigned(1) : undefined;
        if (version !== 2)
          throw new Error(`it is no pickle of protocol 2${version === undefined ? '' : `, but ${version}`}`);
        begun = true;
        return false;
      }
      if (opcode === 0x2e) return true; // STOP
      const run = OPCODES[opcode];
      if (run === undefined) {
        const name = REFUSED[opcode] ?? `0x${opcode.toString(16).padStart(2, '0')}`;
        throw new Error(`the opcode ${name} is refused`);
      }
      run();
      return false;
    },
    result: () => {
      const value = pop();
      if (stack.length > 0) throw new PickleError('the pickle leaves more than one value');
      return value;
    },
  };
}

/** Opcodes that build objects or call something, by name, for messages. */
const REFUSED: Readonly<Record<number, string>> = {
  0x93: 'STACK_GLOBAL',
  0x69: 'INST',
  0x6f: 'OBJ',
  0x81: 'NEWOBJ',
  0x92: 'NEWOBJ_EX',
  0x82: 'EXT1',
  0x83: 'EXT2',
  0x84: 'EXT4',
  0x50: 'PERSID',
  0x95: 'FRAME',
};

function isNamed(value: unknown, names: PickleMeanings['names']): value is Named {
  return [...names.values()].includes(value as Named);
}

/** Little-endian numbers and texts, each within the bytes. */
function readerOf(bytes: Uint8Array, start: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  const take = (length: number): number => {
    if (at + length > bytes.length) throw new Error(`the file ends at byte ${bytes.length}`);
    at += length;
    return at - length;
  };
  const text = (length: number): string => {
    const from = take(length);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(from, from + length));
  };
  return {
    offset: () => at,
    unsigned: (width: 1 | 2 | 4): number => {
      const from = take(width);
      return width === 1
        ? view.getUint8(from)
        : width === 2
          ? view.getUint16(from, true)
          : view.getUint32(from, true);
    },
    double: (): number => view.getFloat64(take(8), false),
    /** A two's complement integer of so many bytes, a number where that is exact. */
    long: (length: number): number | bigint => {
      const from = take(length);
      let value = 0n;
      for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[from + i]!);
      const signed = BigInt.asIntN(8 * length, value);
      return BigInt(Number(signed)) === signed ? Number(signed) : signed;
    },
    text,
    line: (): string => {
      const end = bytes.indexOf(0x0a, at);
      if (end === -1) throw new Error(`the file ends at byte ${bytes.length}`);
      const line = text(end - at);
      at = end + 1;
      return line;
    },
  };
}
