/**
 * Gradient accumulation: a batch that is too large for memory goes through the players in equal parts, and their gradients are averaged.
 * As every loss is a mean over images, that is the gradient of the whole batch, but for what couples images: batch norm takes its
 * statistics from a part, and what is drawn by rows is drawn part by part.
 */
import * as tf from '@tensorflow/tfjs';
import { averaged, tidied, type Figures } from './figures.ts';
import { rowsOf, type TaughtImages } from './taught.ts';

/** Rows of a batch, one after another. */
export type Part = TaughtImages & {
  /** The batch's row that is the first here. */
  readonly from: number;
};

/** Gradients of means over the images, and what is told of them. */
export interface Gradients {
  /** Of the detector's variables, in their order. */
  readonly detector: readonly tf.Tensor[];
  /** Of the opponent's variables, in their order. */
  readonly opponent: readonly tf.Tensor[];
  readonly figures: Figures;
}

/**
 * The gradients of a batch as the means of its parts'. One part at a time is held in memory; with one part it is what is given.
 *
 * @throws if the batch does not fall into that many equal parts
 */
export function inParts(
  batch: TaughtImages,
  parts: number,
  gradientsOf: (part: Part) => Gradients,
): Gradients {
  if (parts === 1) {
    return gradientsOf({ ...batch, from: 0 });
  }
  const count = batch.labels.shape[0] / parts;
  if (!Number.isInteger(count)) {
    throw new Error(
      `a batch of ${batch.labels.shape[0]} does not fall into ${parts} equal parts: set game.accumulate to a divisor of game.batch_size`,
    );
  }
  return tidied(() => {
    let sum: Omit<Gradients, 'figures'> | null = null;
    const figures: Figures[] = [];
    for (let from = 0; from < parts * count; from += count) {
      const before: Omit<Gradients, 'figures'> | null = sum;
      const next: Gradients = tidied(() => {
        const of = gradientsOf({ ...rowsOf(batch, from, count), from });
        return {
          detector: added(before?.detector, of.detector),
          opponent: added(before?.opponent, of.opponent),
          figures: of.figures,
        };
      });
      if (before !== null) tf.dispose([...before.detector, ...before.opponent]);
      sum = next;
      figures.push(next.figures);
    }
    const mean = (gradients: readonly tf.Tensor[]): tf.Tensor[] =>
      gradients.map((gradient) => tf.mul(gradient, 1 / parts));
    return { detector: mean(sum!.detector), opponent: mean(sum!.opponent), figures: averaged(figures) };
  });
}

/** Sums of tensors, pair by pair; the second as they are where there is no first. */
export function added(a: readonly tf.Tensor[] | undefined, b: readonly tf.Tensor[]): readonly tf.Tensor[] {
  return a === undefined ? b : b.map((tensor, i) => tf.add(a[i]!, tensor));
}
