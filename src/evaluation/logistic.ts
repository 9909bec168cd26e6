/** Between probabilities and logits, in double precision over the whole range of doubles. */
import type { ScoreRow } from './scores.ts';

/** 1 / (1 + e^−z), without overflow. */
export function sigmoid(z: number): number {
  if (z >= 0) return 1 / (1 + Math.exp(-z));
  const e = Math.exp(z);
  return e / (1 + e);
}

/** ln(1 + e^z), without overflow: the cross-entropy of a fake with logit −z, of a real with logit z, in nats. */
export function softplus(z: number): number {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
}

/** ln(p / (1 − p)); −Infinity and Infinity at 0 and 1. */
export function logit(p: number): number {
  return Math.log(p) - Math.log1p(-p);
}

/** A row's logit; where the table has none, that of its score. Throws unless that is a probability. */
export function logitOf({ id, score, logit: known }: Pick<ScoreRow, 'id' | 'score' | 'logit'>): number {
  if (known !== undefined) return known;
  if (!(score >= 0 && score <= 1)) {
    throw new Error(`${id}: score ${score} is no probability; calibration needs values in [0, 1]`);
  }
  return logit(score);
}

/** Mean cross-entropy in nats of labels (1 = fake) and logits of fake. */
export function crossEntropy(labels: ArrayLike<number>, logits: ArrayLike<number>): number {
  let sum = 0;
  for (let row = 0; row < labels.length; row++)
    sum += softplus(labels[row] === 1 ? -logits[row]! : logits[row]!);
  return sum / labels.length;
}
