/** How networks want their images: a detector's input is [N, size, size, 3] in [0, 1] whatever it was designed for. */
import * as tf from '@tensorflow/tfjs';
import { choice } from '../config/settings.ts';
import { apply } from '../ops/layers.ts';
import { stock } from '../ops/standard-layer.ts';

/** Mean and standard deviation of ImageNet's pixels on the [0, 1] scale, the numbers that torchvision's networks are trained with. */
const IMAGENET_MEAN = [0.485, 0.456, 0.406];
const IMAGENET_DEVIATION = [0.229, 0.224, 0.225];

/** Which of two a network was made for, where its weights come with either. */
export const normalisationSetting = choice(
  ['centred', 'imagenet'],
  'What the network sees of an image in [0, 1]: centred: 2x − 1; imagenet: (x − mean) / deviation of ImageNet. Weights from elsewhere want the one that they were trained with.',
);

/** The input of a detector: square images of `size` pixels. */
export function imageInput(size: number): tf.SymbolicTensor {
  return tf.input({ shape: [size, size, 3], name: 'images' });
}

/** 2x − 1: [0, 1] → [−1, 1]. */
export function centring(): tf.layers.Layer {
  return apply(
    'centre',
    (x) => tf.sub(tf.mul(x, 2), 1),
    undefined,
    (x) => stock(tf.layers.rescaling({ name: 'centre', scale: 2, offset: -1 }), x),
  );
}

/** Images through {@link centring}. */
export function centred(images: tf.SymbolicTensor): tf.SymbolicTensor {
  return centring().apply(images) as tf.SymbolicTensor;
}

/** (x − mean) / deviation of ImageNet, for each colour. */
export function imageNetNormalised(images: tf.SymbolicTensor): tf.SymbolicTensor {
  const layer = apply(
    'normalise',
    (x) => tf.div(tf.sub(x, tf.tensor1d(IMAGENET_MEAN)), tf.tensor1d(IMAGENET_DEVIATION)),
    undefined,
    (x) => {
      const each = tf.layers.depthwiseConv2d({
        name: 'normalise',
        kernelSize: 1,
        depthwiseInitializer: 'zeros',
      });
      const scale = IMAGENET_DEVIATION.map((deviation) => 1 / deviation);
      const offset = IMAGENET_MEAN.map((mean, i) => -mean * scale[i]!);
      return stock(each, x, [tf.tensor4d(scale, [1, 1, 3, 1]), tf.tensor1d(offset)]);
    },
  );
  return layer.apply(images) as tf.SymbolicTensor;
}

/** Images normalised in the way that a setting names. */
export function normalised(
  images: tf.SymbolicTensor,
  normalisation: 'centred' | 'imagenet',
): tf.SymbolicTensor {
  return normalisation === 'centred' ? centred(images) : imageNetNormalised(images);
}
