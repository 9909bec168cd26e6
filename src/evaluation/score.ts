/** Scores of a split: the one place where evaluation meets the network. */
import * as tf from '@tensorflow/tfjs';
import type { Batch, Sample } from '../data/dataset.ts';
import { INFERENCE, type Discriminator } from '../discriminator/discriminator.ts';
import { sigmoid } from './logistic.ts';
import type { ScoreRow } from './scores.ts';

/**
 * The detector's probability of 'fake' for each image, with its logit z_fake − z_real; running statistics, main batch norm. Both are computed in
 * double from the two float32 logits: in float32 all probabilities above 1 − 3e-8 would be the same 1, and ties in a ranking.
 *
 * @throws naming the image, if a score is not finite
 */
export async function score(detector: Discriminator, batches: AsyncIterable<Batch>): Promise<ScoreRow[]> {
  const rows: ScoreRow[] = [];
  for await (const batch of batches) {
    const logits = tf.tidy(() => {
      const images = tf.tensor4d(batch.images, [...batch.shape]);
      return detector.logits(images, INFERENCE).dataSync<'float32'>();
    });
    batch.samples.forEach((sample, i) => rows.push(rowOf(sample, logits[2 * i + 1]! - logits[2 * i]!)));
  }
  return rows;
}

function rowOf(sample: Sample, logit: number): ScoreRow {
  const { id, file, label, manipulation, videoId, split, compression, frame, face } = sample;
  if (!Number.isFinite(logit)) {
    throw new Error(`the detector's score of ${id} (${file}) is ${logit}: its weights are broken`);
  }
  return {
    ...{ id, label, manipulation, videoId, split, score: sigmoid(logit) },
    ...(compression === undefined ? {} : { compression }),
    ...(frame === undefined ? {} : { frame }),
    ...(face === undefined ? {} : { face }),
    logit,
  };
}
