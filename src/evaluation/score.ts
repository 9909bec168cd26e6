/** Scores of a split: the one place where evaluation meets the network. */
import * as tf from '@tensorflow/tfjs';
import type { Batch } from '../data/dataset.ts';
import { INFERENCE, type Discriminator } from '../discriminator/discriminator.ts';
import type { ScoreRow } from './scores.ts';

/**
 * The detector's probability of 'fake' for each image, softmax of its logits, running statistics, main batch norm.
 * Throws, naming the image, if a score is not finite.
 */
export async function score(detector: Discriminator, batches: AsyncIterable<Batch>): Promise<ScoreRow[]> {
  const rows: ScoreRow[] = [];
  for await (const batch of batches) {
    const probabilities = tf.tidy(() => {
      const images = tf.tensor4d(batch.images, [...batch.shape]);
      const logits = detector.logits(images, INFERENCE);
      return tf.softmax(logits).slice([0, 1], [-1, 1]).dataSync<'float32'>();
    });
    batch.samples.forEach(({ id, file, label, manipulation, videoId, split }, i) => {
      const probability = probabilities[i]!;
      if (!Number.isFinite(probability)) {
        throw new Error(`the detector's score of ${id} (${file}) is ${probability}: its weights are broken`);
      }
      rows.push({ id, label, manipulation, videoId, split, score: probability });
    });
  }
  return rows;
}
