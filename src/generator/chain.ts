/**
 * A chain of opponents: each changes the images that the one before it gave. Every link keeps its own bounds around its own input, so
 * the whole goes as far as the links together; the game measures each.
 */
import * as tf from '@tensorflow/tfjs';
import {
  createParts,
  opponentsProblems,
  opponentsSettings,
  ownedBy,
  type Combination,
  type Part,
} from './combined.ts';
import type { LabelledImages, Learner, Perturbed, Turn, Victim } from './generator.ts';

/** Plays its parts one after another; their maps and bounds are named `KEY_map`, and `KEY_pixels` for a change of pixels. */
export const chain: Combination = {
  name: 'chain',
  of: (opponents) => ({
    name: 'chain',
    settings: opponentsSettings(opponents),
    plays: ['alternating'],
    check: (settings, context) => opponentsProblems(opponents, settings, context),
    create: (settings, context) => {
      const parts = createParts(opponents, settings, context);
      return {
        name: 'chain',
        ...ownedBy(parts),
        learners: parts.flatMap(({ key, generator }, index) =>
          generator.learners.map((learner) => after(parts.slice(0, index), key, learner)),
        ),
        perturb: (batch, victim, turn) => tf.tidy(() => playThrough(parts, batch, victim, turn)),
      };
    },
  }),
};

/** Every part in turn, each on what the one before it gave. */
function playThrough(parts: readonly Part[], batch: LabelledImages, victim: Victim, turn: Turn): Perturbed {
  // what the detector says of the clean images, asked once: a part that took its own input's class would lead back where the last one came from
  let said: tf.Tensor1D | undefined;
  const asked: Victim = {
    lossOf: (images, labels) => victim.lossOf(images, labels),
    logits: (images) => victim.logits(images),
    predict: () => (said ??= tf.keep(victim.predict(batch.images))).clone(),
  };
  try {
    return parts.reduce<Perturbed>(
      (before, { key, generator }) => {
        const images = before.images;
        const link = asLink(key, images, generator.perturb({ ...batch, images }, asked, turn));
        return {
          images: link.images,
          maps: { ...before.maps, ...link.maps },
          bounds: { ...before.bounds, ...link.bounds },
        };
      },
      { images: batch.images, maps: {}, bounds: {} },
    );
  } finally {
    said?.dispose();
  }
}

/**
 * A learned part learns on what the parts before it give. Those images are constants to it: each part answers for its own change only.
 */
function after(before: readonly Part[], key: string, learner: Learner): Learner {
  return {
    trainable: learner.trainable,
    play: (batch, victim, turn) => {
      const images = constant(playThrough(before, batch, victim, turn).images);
      const played = learner.play({ ...batch, images }, victim, turn);
      return { ...asLink(key, images, played), cost: played.cost };
    },
    stepped: () => {
      learner.stepped();
    },
  };
}

/** A part's images as a link of the chain: what it did under its key, its change of pixels as a map, for that is around its own input. */
function asLink(key: string, input: tf.Tensor4D, { images, maps, bounds }: Perturbed): Perturbed {
  const all = 'pixels' in bounds ? { ...maps, pixels: tf.sub<tf.Tensor4D>(images, input) } : maps;
  return { images, maps: underKey(key, all), bounds: underKey(key, bounds) };
}

function underKey<T>(key: string, named: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [`${key}_${name}`, value]));
}

/** The same values without the way they came about: no gradient is sought behind them. */
function constant(images: tf.Tensor4D): tf.Tensor4D {
  // what a custom gradient does inside is not recorded, and its only input is a number of no account
  const values = tf.customGrad(() => ({
    value: images.clone(),
    gradFunc: (_: tf.Tensor) => tf.scalar(0),
  }));
  return values(tf.scalar(0)) as tf.Tensor4D;
}
