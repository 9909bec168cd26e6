/**
 * Protocol-buffer messages by field number, as bytes: enough to write the small metadata messages that TensorBoard's
 * plug-ins read (https://protobuf.dev/programming-guides/encoding/). A message is the concatenation of its fields.
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
