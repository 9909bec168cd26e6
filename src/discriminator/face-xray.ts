/**
 * Face X-ray (Li et al., "Face X-ray for more general face forgery detection", CVPR 2020): beside the class the detector predicts where a
 * face was blended in, B = 4·M·(1 − M) of the soft mask M, which is 0 in a real image and inside and outside of a pasted face.
 * L = L_class + λ·L_B, L_B the binary cross-entropy of the map averaged over its cells (equations 4 to 6).
 *
 * The paper's backbone is an HRNet, and its class is read off the predicted map; here the trunk is small-cnn's, a small decoder draws the map,
 * and the class comes from the trunk's features.
 */
import * as tf from '@tensorflow/tfjs';
import { integer, list, number } from '../config/settings.ts';
import { decoder } from './decoder.ts';
import type { DiscriminatorVariant } from './discriminator.ts';
import { binaryCrossEntropy, cellOf, masksIn, overCells } from './mask-losses.ts';
import { assemblyOf, classifierHead } from './model.ts';
import { convolutions, trunkInput, trunkSettings } from './small-cnn.ts';

const settings = {
  ...trunkSettings,
  decoder: list(
    integer({
      min: 1,
      max: 1024,
      doc: 'Channels of each step of the map’s decoder; a step doubles the sides.',
    }),
  ),
  xray_weight: number({ above: 0, max: 1e4, doc: 'λ, weight of the map’s loss.' }),
};

const NAME = 'face-xray';

export const faceXray: DiscriminatorVariant<typeof settings> = {
  name: NAME,
  settings,
  needs: () => ['masks'],
  create: (config, context) => {
    const { input, block } = trunkInput(config, context);
    const features = convolutions(input, config, [0, config.channels.length], block);
    const read = tf.input({ shape: features.shape.slice(1), name: 'features' });
    const map = decoder(read, 'xray', config.decoder, 1, block);
    const cell = cellOf(NAME, context.imageSize, map.shape[1]!);
    const { run, ...assembly } = assemblyOf(
      {
        trunk: tf.model({ name: 'trunk', inputs: input, outputs: features }),
        classes: tf.model({ name: 'classes', inputs: read, outputs: classifierHead(read, block) }),
        xray: tf.model({ name: 'xray', inputs: read, outputs: map }),
      },
      context,
    );
    return {
      name: NAME,
      ...assembly,
      logits: (images, pass) => tf.tidy(() => run.classes(run.trunk(images, pass), pass) as tf.Tensor2D),
      halves: {
        features: (images, pass) => run.trunk(images, pass) as tf.Tensor4D,
        logits: (seen, pass) => run.classes(seen, pass) as tf.Tensor2D,
      },
      auxiliary: (images, targets, pass) => {
        const seen = run.trunk(images, pass);
        const masks = masksIn(NAME, targets, cell);
        const losses = binaryCrossEntropy(run.xray(seen, pass) as tf.Tensor4D, boundary(masks.values));
        return {
          logits: run.classes(seen, pass) as tf.Tensor2D,
          terms: { xray: overCells(losses, masks, config.xray_weight) },
        };
      },
    };
  },
};

/** B = 4·M·(1 − M): 1 where both pictures show alike, 0 where one of them is alone. */
export function boundary(masks: tf.Tensor4D): tf.Tensor4D {
  return tf.mul(tf.mul(masks, tf.sub(1, masks)), 4);
}
