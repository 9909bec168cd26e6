/**
 * Free adversarial training (Shafahi et al., "Adversarial Training for Free!", NeurIPS 2019): a batch is replayed, and each
 * replay's one backward pass serves the detector's descent and the next step of the attack. What the attack found is carried over
 * to the next batch, as the paper does; for opponents of other spaces than pixels it is their map's distance from its start.
 */
import * as tf from '@tensorflow/tfjs';
import type { Generator, LabelledImages, Turn } from '../generator/generator.ts';
import { firstMemories, stepAlong, type Ascent } from '../generator/gradient-ascent.ts';
import { learn, type Adversary, type RoundMetrics } from './learn.ts';
import { perturbationMetrics } from './perturbation.ts';
import type { GameSettings, LearningRates, Players } from './round.ts';

export interface FreeSettings extends GameSettings {
  /** m, how often a batch is replayed: as many updates of the detector and steps of the attack. */
  readonly replays: number;
}

/** What Free AT remembers: the attack's point less its start, [batch, …], from the last batch. */
export type Carried = tf.Variable;

/**
 * Plays one round of `replays` updates. Synchronous; frees every tensor that it made, and writes `carried`.
 *
 * @throws if the opponent is no classical attack on the true label; PerturbationError if it leaves [0, 1] or its bounds
 */
export function playFree(
  players: Players & { readonly carried: Carried | null },
  batch: LabelledImages,
  settings: FreeSettings,
  learningRates: LearningRates,
  turn: Turn,
): RoundMetrics {
  const { generator, carried } = players;
  const ascentOf = freeAscent(generator);
  if (carried === null) {
    throw new Error('free play needs room for what it carries: createGame(…, { carried: createCarried(…) })');
  }
  return tf.tidy(() => {
    const ascent = ascentOf(batch, turn);
    const start = ascent.start();
    const varied = tf.variable(ascent.project(tf.add(start, carried)));
    const point = varied as unknown as tf.Tensor4D;
    try {
      let memories: readonly tf.Tensor[] = firstMemories(ascent, start);
      let metrics: RoundMetrics = {};
      for (let step = 1; step <= settings.replays; step++) {
        const learnt = learnFrom(players, batch, ascent, varied, settings, learningRates.detector);
        const next = stepAlong(ascent, learnt.gradient, { at: point, memories, step });
        varied.assign(next.at);
        ({ memories } = next);
        ({ metrics } = learnt);
      }
      carried.assign(tf.sub(varied, start));
      return metrics;
    } finally {
      varied.dispose();
    }
  });
}

/** The opponent as a problem of ascent. Throws if it is no classical attack on the true label, the only ones that free play can step. */
export function freeAscent(generator: Generator): NonNullable<Generator['ascent']> {
  if (generator.ascent === undefined) {
    throw new Error(
      `the opponent ${generator.name} cannot be played for free, only a classical attack on the true label can: set game=alternating`,
    );
  }
  return generator.ascent;
}

/** One replay's update of the detector, and the gradient that the attack goes on with. */
function learnFrom(
  players: Players,
  batch: LabelledImages,
  ascent: Ascent,
  varied: tf.Variable,
  settings: FreeSettings,
  learningRate: number,
): { readonly metrics: RoundMetrics; readonly gradient: tf.Tensor } {
  const point = varied as unknown as tf.Tensor4D;
  const adversary: Adversary = {
    variables: [varied],
    play: () => ({
      ...ascent.perturbedBy(point),
      ...(ascent.penalty === undefined ? {} : { cost: ascent.penalty(point) }),
    }),
    measure: (played) => perturbationMetrics(players.generator.name, batch.images, played),
  };
  const { metrics, opponentGradients } = learn(players, batch, adversary, settings, learningRate);
  return { metrics, gradient: opponentGradients[0]! };
}
