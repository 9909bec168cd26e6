/**
 * Protocol-buffer messages by field number, as bytes: enough to write the metadata messages that TensorBoard's plug-ins read and the
 * graphs that TensorFlow runs (https://protobuf.dev/programming-guides/encoding/). A message is the concatenation of its fields.
 */

/** A varint field: booleans, enums and non-negative integers up to 2^53. */
export function varintField(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8), ...varint(value)]);
}

/** A `double` field. */
export function doubleField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return message(Uint8Array.from(varint(field * 8 + 1)), bytes);
}

/** A `string` field (UTF-8), or a `bytes` field, or an embedded message. */
export function bytesField(field: number, value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return message(Uint8Array.from([...varint(field * 8 + 2), ...varint(bytes.length)]), bytes);
}

/** Joins fields to a message. */
export function message(...fields: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(fields));
}

/** One field of a message that was read: its number, and its bytes or, where it is a varint, its value. */
export interface Field {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly value: number;
}

/** The fields of a message, in order. Throws at a wire type other than varint, 32 and 64 bits and length-delimited. */
export function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  const from = { message, at: 0 };
  while (from.at < message.length) {
    const tag = nextVarint(from);
    const [number, type] = [Math.floor(tag / 8), tag % 8];
    if (type === 0) {
      fields.push({ number, bytes: new Uint8Array(), value: nextVarint(from) });
      continue;
    }
    const length = type === 2 ? nextVarint(from) : { 1: 8, 5: 4 }[type];
    if (length === undefined) {
      throw new Error(`field ${number} of a protocol-buffer message has the unknown wire type ${type}`);
    }
    fields.push({ number, bytes: message.subarray(from.at, from.at + length), value: 0 });
    from.at += length;
  }
  return fields;
}

/** A packed field's integers. */
export function varintsOf(packed: Uint8Array): number[] {
  const values: number[] = [];
  const from = { message: packed, at: 0 };
  while (from.at < packed.length) values.push(nextVarint(from));
  return values;
}

function nextVarint(from: { readonly message: Uint8Array; at: number }): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = from.message[from.at++]!;
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
}

function varint(value: number): number[] {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new Error(`a varint holds a non-negative whole number, not ${value}`);
  }
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}
