/**
 * One round of the game: the opponent changes the batch in the way that hurts the detector most (inner maximisation), then the
 * detector learns from it (outer minimisation). Both take turns here; simultaneous.ts and free.ts play the same game in other orders.
 */
import * as tf from '@tensorflow/tfjs';
import type { Discriminator } from '../discriminator/discriminator.ts';
import type {
  CleanPass,
  Generator,
  LabelledImages,
  Perturbed,
  Turn,
  Victim,
} from '../generator/generator.ts';
import { variableGrads } from '../ops/gradients.ts';
import { phase } from '../ops/phase.ts';
import type { Draws } from '../ops/random.ts';
import type { Criterion } from './criterion.ts';
import type { ImageViews } from './image-views.ts';
import type { ImagePool } from './image-pool.ts';
import { read, scalars, tidied, together, toldAs, type Figures, type RoundMetrics } from './figures.ts';
import { learn, type Adversary, type Informed, type LearnSettings } from './learn.ts';
import { inParts, type Gradients, type Part } from './parts.ts';
import { inOrder, keeper } from './pass.ts';
import { learnedFigures } from './monitors.ts';
import { generatorLoss } from './objective.ts';
import type { Optimizer } from './optimizer.ts';
import { perturbationFigures } from './perturbation.ts';
import type { TaughtImages } from './taught.ts';
import { victimOf, type CraftingSettings } from './victim.ts';

export type { RoundMetrics } from './figures.ts';

export interface Players {
  readonly detector: Discriminator;
  readonly generator: Generator;
  /** L: the detector descends it, the opponent ascends it. */
  readonly criterion: Criterion;
  readonly detectorOptimizer: Optimizer;
  readonly generatorOptimizer: Optimizer;
  /** Images of past rounds that the detector meets again; null for none. */
  readonly pool: ImagePool | null;
  /** What the detector sees of the images that it learns from, where that is not the images themselves. */
  readonly views?: ImageViews | null;
  /** What the detector's dropout draws from; null where it has none. */
  readonly dropout?: Draws | null;
}

/** Of this round. Whoever plays a recorded round again writes the new ones here: they are read when an optimiser steps. */
export interface LearningRates {
  readonly detector: number;
  readonly generator: number;
}

/** What every way of playing needs to know. */
export type GameSettings = LearnSettings & CraftingSettings;

export interface RoundSettings extends GameSettings {
  /** Generator steps, then detector steps, on the one batch; the opponent's images are made anew for each detector step. */
  readonly g_per_d: number;
  readonly d_per_g: number;
}

/**
 * Plays one round and moves both players. Synchronous; frees every tensor that it made.
 *
 * @param learningRates of this round
 * @throws PerturbationError if the opponent leaves [0, 1] or its bounds; the players have moved by then
 */
export function playRound(...round: Parameters<typeof alternatingRound>): RoundMetrics {
  return tf.tidy(() => read(alternatingRound(...round)));
}

/** A round in turns with its figures yet unread: nothing in it waits for the engine, unless an opponent or a pool does. */
export function alternatingRound(
  players: Players,
  batch: TaughtImages,
  settings: RoundSettings,
  learningRates: LearningRates,
  turn: Turn,
): Figures {
  return tidied(() => {
    const learning = settings.objective !== 'clean' && players.generator.learners.length > 0;
    const steps = [
      ...Array<typeof detectorStep>(learning ? settings.g_per_d : 0).fill(generatorStep),
      ...Array<typeof detectorStep>(settings.d_per_g).fill(detectorStep),
    ];
    return together(
      steps.map((step) =>
        phase(step === generatorStep ? 'opponent' : 'detector', () =>
          step(players, batch, settings, learningRates, turn),
        ),
      ),
    );
  });
}

/** What the opponent makes of a batch against the detector as it stands. Moves no player and no running statistics. */
export function craft(
  { detector, generator, criterion }: Pick<Players, 'detector' | 'generator' | 'criterion'>,
  batch: LabelledImages,
  settings: CraftingSettings,
  turn: Turn,
): Perturbed {
  return phase('craft', () => generator.perturb(batch, victimOf(detector, settings, criterion), turn));
}

/** Ascends the detector's loss over the opponent's parameters; the detector's are constants here. */
function generatorStep(
  { detector, generator, criterion, generatorOptimizer }: Players,
  batch: TaughtImages,
  settings: GameSettings,
  learningRates: LearningRates,
  turn: Turn,
): Figures {
  return tidied(() => {
    const trainable = generator.learners.flatMap((learner) => learner.trainable);
    const { opponent, figures } = inParts(batch, settings.accumulate, (part) =>
      generatorGradients(generator, trainable, part, victimOf(detector, settings, criterion), turn),
    );
    const { gradientNorm } = generatorOptimizer.step(opponent, () => learningRates.generator);
    generator.learners.forEach((learner) => learner.stepped());
    return together([figures, scalars({ gradient_norm_g: gradientNorm })]);
  });
}

/** ∂ Σ of the learners' losses / ∂φ, and what the learners played. */
function generatorGradients(
  generator: Generator,
  trainable: readonly tf.Variable[],
  part: Part,
  victim: Victim,
  turn: Turn,
): Gradients {
  return tidied(() => {
    const moves: Perturbed[] = [];
    const beyond = keeper();
    try {
      const { value, grads } = variableGrads(() => {
        const losses = generator.learners.map((learner) => {
          const move = learner.play(part, victim, turn);
          moves.push(beyond.keepShown(move));
          return generatorLoss(tf.sub(victim.lossOf(move.images, part.labels), move.cost));
        });
        return tf.addN(losses);
      }, [...trainable]);
      const measured = moves.map((move) => perturbationFigures(generator.name, part.images, move, part.from));
      return {
        detector: [],
        opponent: inOrder(trainable, grads),
        figures: together([toldAs(together(measured), learnedFigures), scalars({ loss_g: value })]),
      };
    } finally {
      beyond.free();
    }
  });
}

/** Descends the game's objective over the detector's parameters; the opponent's images are constants here. */
function detectorStep(
  players: Players,
  batch: TaughtImages,
  settings: GameSettings,
  learningRates: LearningRates,
  turn: Turn,
): Figures {
  const adversaryOf = (part: Part): Adversary | Informed =>
    settings.crafting === 'shared'
      ? (clean) => shownTo(players, part, turn, craftFrom(players, part, settings, turn, clean))
      : shownTo(players, part, turn, craft(players, part, settings, turn));
  const opponent = settings.objective === 'clean' ? null : adversaryOf;
  return tidied(() => learn(players, batch, opponent, settings, () => learningRates.detector).figures);
}

/** What the opponent makes of a batch, its first step from what the pass of the clean images has told. */
function craftFrom(
  { detector, generator, criterion }: Players,
  batch: LabelledImages,
  settings: CraftingSettings,
  turn: Turn,
  clean: CleanPass,
): Perturbed {
  if (generator.perturbFrom === undefined) {
    throw new Error(
      `the opponent ${generator.name} cannot share the pass of the clean images, only an attack on the true label that starts at them can: set game.crafting=train`,
    );
  }
  const from = generator.perturbFrom;
  return phase('craft', () => from(batch, victimOf(detector, settings, criterion), turn, clean));
}

/** An opponent's images as they meet the detector: some of them past ones, where there is a pool. */
function shownTo({ generator, pool }: Players, part: Part, turn: Turn, perturbed: Perturbed): Adversary {
  const measured = phase('figures', () =>
    perturbationFigures(generator.name, part.images, perturbed, part.from),
  );
  const { labels } = part;
  const images = pool?.exchange({ labels, images: perturbed.images }, turn.rng) ?? perturbed.images;
  // a pool gives back images of the same class, of which nothing else is known
  const targets = pool === null ? part : { labels };
  return { play: () => ({ ...perturbed, images }), targets, variables: [], measure: () => measured };
}
