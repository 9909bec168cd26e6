/**
 * Random numbers by name: `rngFor(seed, 'jpeg', pair)` is a stream of its own, whatever was drawn before, in whatever
 * order or process. So nothing has to carry a generator's state, and a resumed run draws what the uninterrupted one did.
 *
 * Stream: xoshiro128** 1.1 (Blackman & Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 2021), whose
 * 128-bit state is a hash of the seed and the keys.
 */

export interface Rng {
  /** Uniform in [0, 1), a multiple of 2^-32. */
  uniform(): number;
  /** Uniform in [low, high). */
  range(low: number, high: number): number;
  /** Uniform over the integers 0 … n - 1. Throws unless n is an integer in 1 … 2^32. */
  integer(n: number): number;
  /** Standard normal (Box-Muller, one of the two values). */
  normal(): number;
  /** A new array with the same elements in random order (Fisher-Yates); the argument stays as it is. */
  shuffle<T>(items: readonly T[]): T[];
  /** The numbers 0 … n - 1 in the order that {@link Rng.shuffle} would bring n elements into. */
  permutation(n: number): Uint32Array;
}

/**
 * The stream that belongs to `seed` and `keys`. Keys are told apart by value, type, order and number: `('a', 'b')`,
 * `('ab')` and `(1)`, `('1')` are four different streams. Throws if the seed or a numeric key is not an integer that
 * a double holds exactly.
 */
export function rngFor(seed: number, ...keys: readonly (string | number)[]): Rng {
  for (const value of [seed, ...keys]) {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw new Error(`rngFor: ${value} is not an integer; seeds and numeric keys must be integers`);
    }
  }
  const next = xoshiro128(hash128(JSON.stringify([seed, ...keys])));
  const uniform = (): number => next() / 2 ** 32;
  const integer = (n: number): number => {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
      throw new Error(`Rng.integer: n must be an integer in 1 … 2^32, got ${n}`);
    }
    const limit = 2 ** 32 - (2 ** 32 % n); // reject the incomplete last block, or small values would be likelier
    let draw = next();
    while (draw >= limit) draw = next();
    return draw % n;
  };
  const permutation = (n: number): Uint32Array => {
    const result = Uint32Array.from({ length: n }, (_, i) => i);
    for (let last = n - 1; last > 0; last--) {
      const other = integer(last + 1);
      const held = result[last] as number;
      result[last] = result[other] as number;
      result[other] = held;
    }
    return result;
  };
  return {
    uniform,
    range: (low, high) => low + (high - low) * uniform(),
    integer,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    shuffle: <T>(items: readonly T[]): T[] => Array.from(permutation(items.length), (i) => items[i] as T),
    permutation,
  };
}

type State = readonly [number, number, number, number];

function xoshiro128([s0, s1, s2, s3]: State): () => number {
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotateLeft(s3, 11);
    return result;
  };
}

/** Four 32-bit FNV-1a-like lanes with different multipliers over UTF-16 units, each finished by murmur3's mixer. */
function hash128(text: string): State {
  const lane = (basis: number, multiplier: number): number => {
    let state = basis;
    for (let i = 0; i < text.length; i++) {
      state = Math.imul(state ^ text.charCodeAt(i), multiplier);
      state ^= state >>> 15;
    }
    state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
    return state ^ (state >>> 16);
  };
  const [a, b, c] = [
    lane(0x811c9dc5, 0x01000193),
    lane(0x9e3779b9, 0x85ebca6b),
    lane(0x7f4a7c15, 0xc2b2ae35),
  ];
  return [a, b, c, lane(0x27d4eb2f, 0x165667b1) | 1]; // never the all-zero state, which xoshiro cannot leave
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
