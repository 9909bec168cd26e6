/** Numbers as files store them, little-endian, to the two kinds of arrays that tensors are made of here. */

/** Kinds of stored numbers, by safetensors' names: F float, BF bfloat16, I and U integers with and without a sign, of so many bits. */
export type StoredType = keyof typeof WIDTHS;

/** Bytes of one number. */
export const WIDTHS = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

/** Whether a text names a kind of stored numbers. */
export function isStoredType(name: unknown): name is StoredType {
  return typeof name === 'string' && Object.hasOwn(WIDTHS, name);
}

/**
 * Reads numbers: floats as float32, exact but for F64, which is rounded (beyond float32's range to infinity); integers as int32.
 *
 * @param bytes any whole number of numbers, aligned or not; the result is a copy
 * @throws RangeError if an I64 does not fit into 32 bits
 */
export function readNumbers(bytes: Uint8Array, type: StoredType): Float32Array | Int32Array {
  // a copy, so that it is aligned and does not keep the whole file; a Buffer's own slice would not copy
  const { buffer } = Uint8Array.from(bytes);
  switch (type) {
    case 'F32':
      return new Float32Array(buffer);
    case 'I32':
      return new Int32Array(buffer);
    case 'F64':
      return Float32Array.from(new Float64Array(buffer));
    case 'F16':
      return Float32Array.from(new Uint16Array(buffer), halfToNumber);
    case 'BF16':
      // the upper half of a float32
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (half) => half << 16).buffer);
    case 'I64':
      return narrowed(new BigInt64Array(buffer));
    case 'I16':
      return Int32Array.from(new Int16Array(buffer));
    case 'I8':
      return Int32Array.from(new Int8Array(buffer));
    case 'U8':
    case 'BOOL':
      return Int32Array.from(new Uint8Array(buffer));
  }
}

/** IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function narrowed(values: BigInt64Array): Int32Array {
  const wide = values.find((value) => BigInt.asIntN(32, value) !== value);
  if (wide !== undefined) throw new RangeError(`it holds ${wide}, which does not fit into 32 bits`);
  return Int32Array.from(values, Number);
}
