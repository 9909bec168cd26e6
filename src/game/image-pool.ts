/**
 * A pool of the opponent's past images (Shrivastava et al., "Learning from Simulated and Unsupervised Images through Adversarial
 * Training", CVPR 2017): the detector meets old ones beside new ones, so that it does not forget what it has learnt to see through.
 */
import * as tf from '@tensorflow/tfjs';
import type { LabelledImages } from '../generator/generator.ts';
import type { Rng } from '../ops/random.ts';

export interface ImagePool {
  /**
   * What the detector is shown for a batch: once its class's pool is full, each image is with probability ½ replaced by a drawn one of
   * its own class, whose place it takes; until then it is shown and kept.
   */
  exchange(batch: LabelledImages, rng: Rng): tf.Tensor4D;
  /** The images, [size, H, W, 3] by class. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  /** How many places are taken, real and fake. */
  readonly taken: readonly [number, number];
  /** Continues from saved counts; the images are restored through `state`. */
  seek(taken: readonly [number, number]): void;
  dispose(): void;
}

/** An empty pool of `size` images a class of side `imageSize`. */
export function createImagePool(size: number, imageSize: number): ImagePool {
  const empty = (): tf.Variable =>
    tf.tidy(() => tf.variable(tf.zeros([size, imageSize, imageSize, 3]), false));
  const pools = [empty(), empty()] as const;
  const taken: [number, number] = [0, 0];
  return {
    exchange: (batch, rng) =>
      tf.tidy(() => {
        const n = batch.labels.shape[0];
        const draws = rng.uniform([n, 2]).dataSync<'float32'>();
        const plan = exchangePlan(batch.labels.dataSync<'int32'>(), draws, taken, size);
        const all = tf.concat([batch.images, ...pools] as tf.Tensor4D[], 0);
        const rows = (from: readonly number[]): tf.Tensor => tf.gather(all, tf.tensor1d([...from], 'int32'));
        const shown = rows(plan.shown) as tf.Tensor4D;
        pools.forEach((pool, label) => pool.assign(rows(plan.held.slice(label * size, (label + 1) * size))));
        plan.taken.forEach((count, label) => (taken[label] = count));
        return shown;
      }),
    state: new Map([
      ['real', pools[0]],
      ['fake', pools[1]],
    ]),
    get taken() {
      return [...taken] as [number, number];
    },
    seek: ([real, fake]) => {
      [taken[0], taken[1]] = [real, fake];
    },
    dispose: () => {
      tf.dispose([...pools]);
    },
  };
}

/**
 * Who goes where, as row numbers into [batch | pool of reals | pool of fakes]: which row is shown in each place of the batch, and
 * which is held in each place of the pools. Rows are dealt with in order, so one may be replaced by an earlier one of its own batch.
 *
 * @param draws two for each row, in [0, 1): whether to exchange, and with whom
 */
export function exchangePlan(
  labels: ArrayLike<number>,
  draws: ArrayLike<number>,
  taken: readonly [number, number],
  size: number,
): {
  readonly shown: readonly number[];
  readonly held: readonly number[];
  readonly taken: readonly number[];
} {
  const n = labels.length;
  const held = Array.from({ length: 2 * size }, (_, place) => n + place);
  const counts = [...taken];
  const shown = Array.from({ length: n }, (_, row) => {
    const label = labels[row]!;
    if (counts[label]! < size) {
      held[label * size + counts[label]!++] = row;
      return row;
    }
    if (draws[2 * row]! >= 0.5) {
      return row;
    }
    const place = label * size + Math.floor(draws[2 * row + 1]! * size);
    const old = held[place]!;
    held[place] = row;
    return old;
  });
  return { shown, held, taken: counts };
}
