/**
 * Holm's step-down correction (Scandinavian Journal of Statistics 1979): p-values of a family of comparisons, so corrected that the chance of even one false
 * difference below α is at most α, whatever their dependence.
 *
 * @param pValues in any order; @returns the corrected ones in the same order, none below its own p, none above 1
 * @throws on a value outside [0, 1]
 */
export function holm(pValues: readonly number[]): number[] {
  const wrong = pValues.find((p) => !(p >= 0 && p <= 1));
  if (wrong !== undefined) throw new Error(`${wrong} is no p-value; they lie in [0, 1]`);
  const order = pValues.map((_, i) => i).sort((i, j) => pValues[i]! - pValues[j]!);
  const corrected = new Array<number>(pValues.length);
  let largest = 0;
  order.forEach((i, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[i]!));
    corrected[i] = largest;
  });
  return corrected;
}
