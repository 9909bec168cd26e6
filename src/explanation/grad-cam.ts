/**
 * Grad-CAM (Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017): where the last
 * feature map speaks for a class. With A_k its channels and z what is explained, α_k is the mean of ∂z/∂A_k over the cells (equation 1) and the map
 * ReLU(Σ_k α_k A_k) (equation 2). Here z is the difference of the two logits, so the map shows what speaks for 'fake' and not for 'real'.
 */
import * as tf from '@tensorflow/tfjs';
import { INFERENCE, type Discriminator } from '../discriminator/discriminator.ts';
import { valueAndGrad } from '../ops/gradients.ts';
import { fakeLogit } from './fake-logit.ts';

/** Why a detector has no Grad-CAM; null if it has. */
export function noGradCam({ name, halves }: Discriminator): string | null {
  if (halves !== undefined) return null;
  return `detector ${name} has no feature map whose cells lie somewhere in the image (its features are statistics of all of it, or its file does not name one as \`halves\`), so there is no Grad-CAM`;
}

/**
 * The map of each image, by running statistics: [N, H, W, 3] → [N, H, W, 1] ≥ 0, in the unit of z. Cells are brought to pixels bilinearly, each
 * cell's value at its middle.
 *
 * @throws naming the detector, if it has no feature map
 */
export function gradCam(detector: Discriminator, images: tf.Tensor4D): tf.Tensor4D {
  const { halves } = detector;
  if (halves === undefined) throw new Error(noGradCam(detector)!);
  return tf.tidy(() => {
    const features = halves.features(images, INFERENCE);
    const z = (at: tf.Tensor4D): tf.Scalar => tf.sum(fakeLogit(halves.logits(at, INFERENCE)));
    const { grad } = valueAndGrad(z, features);
    const weights = tf.mean(grad, [1, 2], true);
    const cells = tf.relu(tf.sum(tf.mul(features, weights), 3, true)) as tf.Tensor4D;
    const [, height, width] = images.shape;
    return tf.image.resizeBilinear(cells, [height, width], false, true);
  });
}
