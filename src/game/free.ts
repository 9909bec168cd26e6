/**
 * Free adversarial training (Shafahi et al., "Adversarial Training for Free!", NeurIPS 2019): a batch is replayed, and each
 * replay's one backward pass serves the detector's descent and the next step of the attack. What the attack found is carried over
 * to the next batch, as the paper does; for opponents of other spaces than pixels it is their map's distance from its start.
 */
import * as tf from '@tensorflow/tfjs';
import type { Generator, Turn } from '../generator/generator.ts';
import { firstMemories, stepAlong, type Ascent } from '../generator/gradient-ascent.ts';
import { tidied, together, type Figures } from './figures.ts';
import { learn, type Adversary } from './learn.ts';
import type { Part } from './parts.ts';
import { perturbationFigures } from './perturbation.ts';
import type { GameSettings, LearningRates, Players } from './round.ts';
import { rows, type TaughtImages } from './taught.ts';

export interface FreeSettings extends GameSettings {
  /** m, how often a batch is replayed: as many updates of the detector and steps of the attack. */
  readonly replays: number;
}

/** What Free AT remembers: the attack's point less its start, [batch, …], from the last batch. */
export type Carried = tf.Variable;

/**
 * A round of `replays` updates with its figures yet unread; writes `carried`. What is told is the last replay's, checked is every one:
 * reading throws a PerturbationError if the opponent left [0, 1] or its bounds.
 *
 * @throws if the opponent is no classical attack on the true label
 */
export function freeRound(
  players: Players & { readonly carried: Carried | null },
  batch: TaughtImages,
  settings: FreeSettings,
  learningRates: LearningRates,
  turn: Turn,
): Figures {
  const { generator, carried } = players;
  const ascentOf = freeAscent(generator);
  if (carried === null) {
    throw new Error('free play needs room for what it carries: createGame(…, { carried: createCarried(…) })');
  }
  return tidied(() => {
    const ascent = ascentOf(batch, turn);
    const start = ascent.start();
    const varied = tf.variable(ascent.project(tf.add(start, carried)));
    const point = varied as unknown as tf.Tensor4D;
    const learningRate = (): number => learningRates.detector;
    try {
      let memories: readonly tf.Tensor[] = firstMemories(ascent, start);
      const figures: Figures[] = [];
      const adversaryOf = (part: Part): Adversary => replayed(generator, part, ascentOf(part, turn), varied);
      for (let step = 1; step <= settings.replays; step++) {
        const learnt = learn(players, batch, adversaryOf, settings, learningRate);
        // each image's own, whatever the batch size
        const gradient = tf.mul(learnt.opponent[0]!, batch.labels.shape[0]);
        const next = stepAlong(ascent, gradient, { at: point, memories, step });
        varied.assign(next.at);
        ({ memories } = next);
        figures.push(learnt.figures);
      }
      carried.assign(tf.sub(varied, start));
      return together(figures);
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

/** The attack where it stands, as the detector's opponent of one replay and part, whose gradient it goes on with. */
function replayed(
  { name }: Generator,
  part: Part,
  { perturbedBy, penalty }: Ascent,
  varied: tf.Variable,
): Adversary {
  return {
    variables: [varied],
    play: () => {
      const point = rows(varied as unknown as tf.Tensor4D, part.from, part.labels.shape[0]);
      return { ...perturbedBy(point), ...(penalty === undefined ? {} : { cost: penalty(point) }) };
    },
    measure: (played) => perturbationFigures(name, part.images, played, part.from),
  };
}
