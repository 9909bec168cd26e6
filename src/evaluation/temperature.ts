/** Temperature scaling: one number, fitted on val, that makes a detector's probabilities honest without changing what it ranks above what. */
import { logitOf, sigmoid } from './logistic.ts';
import type { ScoreRow } from './scores.ts';

export interface Temperature {
  /** Logits are divided by it. Above 1: the detector was too sure of itself. */
  readonly value: number;
  /**
   * The end of [{@link COLDEST}, {@link HOTTEST}] that it was stopped at: `coldest` where every row lies on its side of ½, so that no certainty is too
   * great, `hottest` where the detector is no better than chance and nothing is uncertain enough.
   */
  readonly bound: 'coldest' | 'hottest' | null;
}

export const COLDEST = 0.01;
export const HOTTEST = 100;
/** Halvings of [ln COLDEST, ln HOTTEST]: to the last bit of a double. */
const HALVINGS = 60;

/**
 * argmin over T of the mean cross-entropy of logits / T (Guo et al., ICML 2017, section 4.2). It is convex in 1/T, so that its slope changes sign once:
 * halving finds that place, the same in every run.
 *
 * @param rows of val, never of the test
 * @throws on rows of one class, for which any certainty is right
 */
export function fitTemperature(rows: readonly ScoreRow[]): Temperature {
  const labels = rows.map((row) => row.label);
  const logits = rows.map(logitOf);
  if (new Set(labels).size < 2) {
    throw new Error(
      `a temperature is fitted on reals and fakes; these ${rows.length} rows of ${rows[0]?.split ?? 'no split'} are of one class`,
    );
  }
  const unbounded = logits.findIndex((z) => !Number.isFinite(z));
  if (unbounded !== -1) {
    throw new Error(
      `${rows[unbounded]!.id}: a score of ${rows[unbounded]!.score} tells no logit; write the column logit into the table`,
    );
  }
  if (slope(labels, logits, COLDEST) <= 0) return { value: COLDEST, bound: 'coldest' };
  if (slope(labels, logits, HOTTEST) >= 0) return { value: HOTTEST, bound: 'hottest' };
  let [low, high] = [Math.log(COLDEST), Math.log(HOTTEST)];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (slope(labels, logits, Math.exp(middle)) > 0) low = middle;
    else high = middle;
  }
  return { value: Math.exp((low + high) / 2), bound: null };
}

/** The table with logits divided by `temperature`: order, AUC and the side of ½ stay as they are. */
export function atTemperature(rows: readonly ScoreRow[], temperature: number): ScoreRow[] {
  return rows.map((row) => {
    const logit = logitOf(row) / temperature;
    return { ...row, score: sigmoid(logit), logit };
  });
}

/** Derivative by 1/T of the mean cross-entropy: positive where T is too small. */
function slope(labels: readonly number[], logits: readonly number[], temperature: number): number {
  let sum = 0;
  labels.forEach((label, row) => (sum += (sigmoid(logits[row]! / temperature) - label) * logits[row]!));
  return sum / labels.length;
}
