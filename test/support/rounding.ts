/** Rounding to narrow floating-point numbers in JavaScript: the oracle of the engine's casts. */
import type { Precision } from '../../src/ops/precision.ts';

/** Significand with its leading bit, the least exponent of a normal number, the largest number. */
const FORMATS = {
  bfloat16: { bits: 8, least: -126, largest: (2 - 2 ** -7) * 2 ** 127 },
  float16: { bits: 11, least: -14, largest: 65504 },
} as const;

/** The nearest number of the format, ties to the one with an even last bit; beyond the largest by half a step, infinity. */
export function rounded(value: number, precision: Exclude<Precision, 'float32'>): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const { bits, least, largest } = FORMATS[precision];
  const exponent = Math.max(least, Math.floor(Math.log2(Math.abs(value))));
  const step = 2 ** (exponent - bits + 1);
  const steps = value / step;
  const below = Math.floor(steps);
  const rest = steps - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 !== 0);
  const nearest = (up ? below + 1 : below) * step;
  if (nearest === 0) return Math.sign(value) * 0;
  return Math.abs(nearest) > largest ? Math.sign(value) * Infinity : nearest;
}
