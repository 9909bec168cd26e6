/**
 * The pixel-wise blur: the differences that it is made of by native/rings.cc, in place of a padded copy and a depthwise convolution with an output a ring
 * (processor time, two busy cores, AVX2: 16×128×128×3, k = 3: 31 → 2 ms; 16×224×224×3, k = 7: 420 → 25 ms), and the blur and σ's gradient by
 * native/ring-blur.cc, in place of a dozen operations on tensors of images × rings.
 */
import * as tf from '@tensorflow/tfjs';
import { differencesGradient, RING_BLUR, RING_DIFFERENCES, rings } from '../../ops/gaussian-blur.ts';
import { attr } from '../backend.ts';
import { kernel } from './kernel.ts';

const RING_BLUR_MAP_GRADIENT = 'RingBlurMapGradient';

/** Registers the kernels; for the processor only. */
export function registerRings(): void {
  const operation = (name: string, operands: readonly string[]): void =>
    kernel(name, (inputs, { radius }, backend) =>
      backend.executeSingleOutput(
        `DeepfakeGame>${name}`,
        [attr.int('radius', radius as number)],
        operands.map((operand) => inputs[operand]!),
      ),
    );
  operation(RING_DIFFERENCES, ['images']);
  operation(RING_BLUR, ['images', 'differences', 'inverse']);
  operation(RING_BLUR_MAP_GRADIENT, ['dy', 'differences', 'inverse']);
  tf.registerGradient({
    kernelName: RING_BLUR,
    inputsToSave: ['differences', 'inverse'],
    gradFunc: (dy, saved, attrs) => {
      const [differences, inverse] = saved as [tf.Tensor4D, tf.Tensor4D];
      const { radius } = attrs as unknown as { readonly radius: number };
      return {
        images: () => tf.clone(dy as tf.Tensor),
        differences: () => differencesGradient(rings(2 * radius + 1), dy as tf.Tensor, inverse),
        inverse: () =>
          tf
            .engine()
            .runKernel<tf.Tensor>(
              RING_BLUR_MAP_GRADIENT,
              { dy: dy as tf.Tensor, differences, inverse },
              { radius },
            ),
      };
    },
  });
}
