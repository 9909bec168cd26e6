/**
 * An attention map that is taught (Dang et al., "On the detection of digital face manipulation", CVPR 2020): in the middle of the network a
 * map M̂ in (0, 1) is regressed from the features and multiplies them, F′ = F ⊙ M̂ (equation 1). Where the mask M is known M̂ is drawn to
 * it, L = L_class + λ·|M̂ − M| averaged over cells, λ = 1 (equations 3 and 4); a real's is 0. The paper puts it into Xception; here the trunk is small-cnn's.
 */
import * as tf from '@tensorflow/tfjs';
import { integer, number } from '../config/settings.ts';
import { FLOAT32 } from '../ops/precision.ts';
import { decoder } from './decoder.ts';
import type { Discriminator, DiscriminatorContext, DiscriminatorVariant, Pass } from './discriminator.ts';
import { halvesOf } from './halves.ts';
import { cellOf, masksIn, overCells } from './mask-losses.ts';
import { apply, assemblyOf, classifierHead } from './model.ts';
import { convolutions, trunkInput, trunkSettings, type TrunkSettings } from './small-cnn.ts';

const settings = {
  ...trunkSettings,
  attention_after: integer({ min: 1, max: 64, doc: 'Convolutions before the map; at least one follows.' }),
  map_weight: number({
    min: 0,
    max: 1e4,
    doc: 'λ, weight of the map’s loss; 0: nobody tells it where to look.',
  }),
};

const NAME = 'attention';

export const attention: DiscriminatorVariant<typeof settings> = {
  name: NAME,
  settings,
  needs: ({ map_weight }) => (map_weight === 0 ? [] : ['masks']),
  create: ({ attention_after, map_weight, ...config }, context): Discriminator => {
    const { run, cell, last, ...assembly } = build(config, attention_after, context);
    const { casts = FLOAT32 } = context;
    const attended = (images: tf.Tensor4D, pass: Pass): { seen: tf.Tensor4D; map: tf.Tensor4D } => {
      const features = run.before(images, pass) as tf.Tensor4D;
      const map = run.map(features, pass) as tf.Tensor4D;
      return { seen: tf.mul(casts.leave(features), map), map };
    };
    const after = (seen: tf.Tensor4D, pass: Pass): tf.Tensor2D => run.after(seen, pass) as tf.Tensor2D;
    return {
      name: NAME,
      ...assembly,
      logits: (images, pass) => tf.tidy(() => after(attended(images, pass).seen, pass)),
      halves: {
        features: (images, pass) => tf.tidy(() => last.features(attended(images, pass).seen, pass)),
        logits: last.logits,
      },
      ...(map_weight === 0
        ? {}
        : {
            auxiliary: (images, targets, pass) => {
              const { seen, map } = attended(images, pass);
              const masks = masksIn(NAME, targets, cell);
              return {
                logits: after(seen, pass),
                terms: { map: overCells(tf.abs(tf.sub(map, masks.values)), masks, map_weight) },
              };
            },
          }),
    };
  },
};

/** Images → features; features → map; features under the map → logits. Throws if no convolution is left for one of them. */
function build(config: TrunkSettings, after: number, context: DiscriminatorContext) {
  const count = config.channels.length;
  if (after >= count) {
    throw new Error(
      `discriminator.attention_after is ${after}, but discriminator.channels has ${count} convolutions: set it below`,
    );
  }
  const { input, block } = trunkInput(config, context);
  const features = convolutions(input, config, [0, after], block);
  const read = (name: string): tf.SymbolicTensor => tf.input({ shape: features.shape.slice(1), name });
  const [seen, attended] = [read('features'), read('attended')];
  const map = apply('attention', (x) => tf.sigmoid(x)).apply(decoder(seen, 'map', [], 1, block));
  const last = convolutions(attended, config, [after, count], block);
  const models = {
    before: tf.model({ name: 'before', inputs: input, outputs: features }),
    map: tf.model({ name: 'map', inputs: seen, outputs: map as tf.SymbolicTensor }),
    after: tf.model({ name: 'after', inputs: attended, outputs: classifierHead(last, block) }),
  };
  return {
    ...assemblyOf(models, context),
    /** Of the convolutions under the map. */
    last: halvesOf(models.after)!,
    cell: cellOf(NAME, context.imageSize, features.shape[1]!),
  };
}
