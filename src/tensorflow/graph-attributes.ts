/** Attributes of operations, from the messages that TensorFlow keeps them in to JSON (tensorflow/core/framework/attr_value.proto). */
import { fieldsOf, varintsOf, type Field } from './protobuf.ts';
import { UnrecordableError } from './recording.ts';

/** Types that values in plain TensorFlow.js have. */
export const DTYPES = { DT_FLOAT: 'float32', DT_INT32: 'int32', DT_BOOL: 'bool' } as const;
export type TypeName = keyof typeof DTYPES;
export type Dtype = (typeof DTYPES)[TypeName];

/** Their names by TensorFlow's numbers (tensorflow/core/framework/types.proto). */
const TYPE_NAMES: ReadonlyMap<number, TypeName> = new Map([
  [1, 'DT_FLOAT'],
  [3, 'DT_INT32'],
  [10, 'DT_BOOL'],
]);

/** An AttrValue in JSON: one key, which says the kind. Texts are base64, 64-bit integers are decimal texts. */
export type AttributeValue = Readonly<Record<string, unknown>>;

/**
 * Attributes by name.
 *
 * @param entries of the map that messages keep attributes in
 * @throws UnrecordableError, naming it, if one is of another kind than numbers from 0, texts, types and lists of these
 */
export function attributesOf(entries: readonly Uint8Array[]): Record<string, AttributeValue> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [key, value] = [1, 2].map((number) => fieldsOf(entry).find((field) => field.number === number)!);
      const name = new TextDecoder().decode(key!.bytes);
      return [name, valueOf(name, fieldsOf(value!.bytes)[0])];
    }),
  );
}

function valueOf(name: string, field: Field | undefined): AttributeValue {
  if (field === undefined) return {};
  return field.number === 1
    ? { list: Object.fromEntries(grouped(name, fieldsOf(field.bytes))) }
    : Object.fromEntries([single(name, field)]);
}

function single(name: string, { number, bytes, value }: Field): [kind: string, value: unknown] {
  switch (number) {
    case 2:
      return ['s', Buffer.from(bytes).toString('base64')];
    case 3:
      if (Number.isSafeInteger(value)) return ['i', String(value)];
      throw new UnrecordableError(`attribute ${name} is a number below 0, or too large`);
    case 4:
      return ['f', new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true)];
    case 5:
      return ['b', value === 1];
    case 6:
      return ['type', typeName(`attribute ${name}`, value)];
    default:
      throw new UnrecordableError(`attribute ${name} is of a kind (field ${number}) that is not known here`);
  }
}

/** The fields of a ListValue: numbers lie packed in one. */
function grouped(name: string, fields: readonly Field[]): [kind: string, values: unknown[]][] {
  const lists = new Map<string, unknown[]>();
  for (const field of fields) {
    const packed = field.number === 3 || field.number === 6;
    const each = packed ? varintsOf(field.bytes).map((value) => ({ ...field, value })) : [field];
    for (const one of each) {
      const [kind, value] = single(name, one);
      lists.set(kind, [...(lists.get(kind) ?? []), value]);
    }
  }
  return [...lists];
}

/**
 * The name of one of TensorFlow's types; `of` what, for the message.
 *
 * @throws UnrecordableError if plain TensorFlow.js has no such values
 */
export function typeName(of: string, type: number): TypeName {
  const known = TYPE_NAMES.get(type);
  if (known === undefined) {
    throw new UnrecordableError(
      `${of} is of TensorFlow's type ${type}, which plain TensorFlow.js does not have: compute in ${Object.values(DTYPES).join(', ')}`,
    );
  }
  return known;
}
