/** The standard normal distribution, to double precision. */

/** Below it the series of erf converges fast and loses nothing, above it the continued fraction of erfc. */
const MEET = 2;
/** Terms of either: enough for the last bit at {@link MEET}, where both are slowest. */
const TERMS = 200;

/** P(Z > z), with full relative precision far out in the tail (Abramowitz & Stegun 1964, 7.1.6 and 7.1.14). */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const x = z / Math.SQRT2;
  return x < MEET ? (1 - erfSeries(x)) / 2 : erfcFraction(x) / 2;
}

/** The z with P(Z > z) = p, to the last bits. Throws unless p lies in (0, 1). */
export function normalUpper(p: number): number {
  if (!(p > 0 && p < 1)) throw new Error(`a probability between 0 and 1 is needed, not ${p}`);
  let [low, high] = [-39, 39]; // beyond it the tail is no double
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (normalTail(middle) > p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(|Z| ≥ |z|): the p-value of a two-sided test. */
export function twoSided(z: number): number {
  return 2 * normalTail(Math.abs(z));
}

/** erf x = 2/√π · e^(−x²) · Σ 2^k x^(2k+1) / (1·3·…·(2k+1)) */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; k < TERMS; k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc x = e^(−x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …)))) */
function erfcFraction(x: number): number {
  let below = x;
  for (let k = TERMS; k >= 1; k--) below = x + k / 2 / below;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / below;
}
