/** A decimal number, `digits` times ten to the `exponent`. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** Significant digits that a sum keeps: those of Python's default decimal context. */
const PRECISION = 28;

/**
 * The floats from `start` on, `step` apart, short of `stop`. The sums are decimal, as Hydra's are, so that errors do not pile up.
 * @throws RangeError for a step of zero, and for values that are not finite
 */
export function* decimalRange(start: number, stop: number, step: number): Generator<number> {
  if (step === 0 || ![start, stop, step].every(Number.isFinite))
    throw new RangeError('a range needs finite numbers and a step other than 0');
  const [end, increment] = [exactDecimal(stop), exactDecimal(step)];
  for (let at = exactDecimal(start); compare(at, end) * Math.sign(step) < 0; at = add(at, increment))
    yield Number(`${at.digits}e${at.exponent}`);
}

/** Every digit of a double: it is an integer times a power of two. */
function exactDecimal(value: number): Decimal {
  let [mantissa, halvings] = [value, 0];
  while (!Number.isInteger(mantissa)) [mantissa, halvings] = [mantissa * 2, halvings + 1];
  return { digits: BigInt(mantissa) * 5n ** BigInt(halvings), exponent: -halvings };
}

function align(one: Decimal, other: Decimal): { one: bigint; other: bigint; exponent: number } {
  const exponent = Math.min(one.exponent, other.exponent);
  const scaled = (decimal: Decimal): bigint => decimal.digits * 10n ** BigInt(decimal.exponent - exponent);
  return { one: scaled(one), other: scaled(other), exponent };
}

function compare(left: Decimal, right: Decimal): number {
  const { one, other } = align(left, right);
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The sum, rounded half to even. */
function add(left: Decimal, right: Decimal): Decimal {
  const { one, other, exponent } = align(left, right);
  const digits = one + other;
  const surplus = String(digits).replace('-', '').length - PRECISION;
  if (surplus <= 0) return { digits, exponent };
  const unit = 10n ** BigInt(surplus);
  const magnitude = digits < 0n ? -digits : digits;
  const [quotient, doubled] = [magnitude / unit, (magnitude % unit) * 2n];
  const up = doubled > unit || (doubled === unit && quotient % 2n === 1n);
  const rounded = quotient + (up ? 1n : 0n);
  return { digits: digits < 0n ? -rounded : rounded, exponent: exponent + surplus };
}
