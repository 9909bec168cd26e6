/** The padding of what halves an image, where networks of two frameworks differ in nothing else. */
import * as tf from '@tensorflow/tfjs';
import { choice } from '../config/settings.ts';
import { maxPool3 } from '../ops/max-pool.ts';

export const paddingSetting = choice(
  ['symmetric', 'same'],
  "Zeros around an image where it is halved: symmetric: as many before as after, PyTorch's; same: TensorFlow's and Keras's, on an even side one less before than after. Weights from elsewhere want the one that they were trained with.",
);

/** The maximum over 3 × 3 pixels at stride 2 with this padding, what lies outside not counting: [N, H, W, C] → [N, ⌈H/2⌉, ⌈W/2⌉, C]. */
export function halvingMaximum(name: string, padding: 'symmetric' | 'same'): tf.layers.Layer {
  return padding === 'symmetric'
    ? maxPool3(name)
    : tf.layers.maxPooling2d({ name, poolSize: 3, strides: 2, padding: 'same' });
}
