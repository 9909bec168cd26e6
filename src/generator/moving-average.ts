/** An exponential moving average of a network's weights: the player as it was over its last steps, not as its last step left it. */
import * as tf from '@tensorflow/tfjs';

/**
 * average ← decay · average + (1 − decay) · live, variable by variable (Yazıcı et al., "The Unusual Effectiveness of Averaging in GAN
 * Training", ICLR 2019). After t steps from averages equal to the weights θ₀: decayᵗ θ₀ + (1 − decay) Σ_i decay^{t−i} θ_i.
 *
 * @param averages, live as many, of the same shapes in the same order
 * @param decay in [0, 1)
 */
export function moveAverages(
  averages: readonly tf.Variable[],
  live: readonly tf.Variable[],
  decay: number,
): void {
  if (averages.length !== live.length) {
    throw new Error(`${averages.length} moving averages cannot follow ${live.length} variables`);
  }
  tf.tidy(() => {
    averages.forEach((average, i) => {
      average.assign(tf.add(tf.mul(average, decay), tf.mul(live[i]!, 1 - decay)));
    });
  });
}
