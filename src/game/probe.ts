/**
 * The probe: how the detector stands on a few fixed images against its own opponent, and against one that it does not train with. An
 * opponent of one step can be beaten by bending the loss where it looks, while ten steps within the same bound still win
 * (catastrophic overfitting: Wong et al., "Fast is better than free", ICLR 2020; Andriushchenko & Flammarion, NeurIPS 2020).
 */
import * as tf from '@tensorflow/tfjs';
import type { Branch, Discriminator } from '../discriminator/discriminator.ts';
import { sign } from '../generator/directions.ts';
import type { Generator, LabelledImages, Perturbed, Turn, Victim } from '../generator/generator.ts';
import { gradientAscent, ONE_ATTEMPT } from '../generator/gradient-ascent.ts';
import { pixelAscent } from '../generator/pgd.ts';
import { createRng } from '../ops/random.ts';
import type { Criterion } from './criterion.ts';
import { victimOf } from './victim.ts';

const PGD_STEPS = 10;
/** Steps of eps/4: ten of them cross the ball from edge to edge, with some to spare for turning. */
const PGD_STEP_SHARE = 1 / 4;

/** The players, and L: the opponent ascends it, and the losses told are it. */
export interface Probed {
  readonly detector: Discriminator;
  readonly generator: Generator;
  readonly criterion: Criterion;
}

export interface ProbeSettings {
  /** Whether adversarial images go through batch norm's auxiliary branch in the game. */
  readonly auxiliary_bn: boolean;
  readonly seed: number;
  /** Rounds played. */
  readonly round: number;
  /** Share of the opponent's rounds that have been played, in [0, 1]. */
  readonly progress: number;
}

/**
 * Scalars by TensorBoard tag without its `val/`: `accuracy_clean`; `accuracy_opponent` and `opponent_gain`, the mean loss that the
 * opponent adds, in nats; for an opponent with an L∞ bound on pixels `accuracy_pgd10` and `pgd10_gain`, of ten steps of PGD from a
 * random start within the same bound.
 *
 * Running statistics and the main batch norm throughout, crafting included: the detector as it will be used. Where the game has an
 * auxiliary branch, its opponent never meets the main one, so whether the game itself has gone wrong shows in that branch alone: the
 * same figures again, their names ending in `_auxiliary`.
 *
 * Moves nothing and draws from streams of its own. Frees every tensor that it made.
 */
export function probe(
  players: Probed,
  batch: LabelledImages,
  { auxiliary_bn, seed, round, progress }: ProbeSettings,
): Readonly<Record<string, number>> {
  const branches: readonly Branch[] = auxiliary_bn ? ['main', 'auxiliary'] : ['main'];
  const metrics: Record<string, number> = {};
  for (const branch of branches) {
    // the opponent's draws change with the round, so that one that picks among several is seen with all of them
    const turn = { rng: createRng(seed, 'probe', round), progress };
    for (const [name, value] of Object.entries(
      probeBranch(players, batch, branch, turn, createRng(seed, 'probe/pgd10')),
    )) {
      metrics[branch === 'main' ? name : `${name}_${branch}`] = value;
    }
  }
  return metrics;
}

function probeBranch(
  { detector, generator, criterion }: Probed,
  batch: LabelledImages,
  branch: Branch,
  turn: Turn,
  pgdRng: Turn['rng'],
): Record<string, number> {
  return tf.tidy(() => {
    const crafting = { crafting: 'eval', auxiliary_bn: branch === 'auxiliary' } as const;
    const against = (images: tf.Tensor4D): Standing =>
      standing({ detector, criterion }, { images, labels: batch.labels }, branch);
    const clean = against(batch.images);
    const perturbed = generator.perturb(batch, victimOf(detector, crafting, criterion), turn);
    const opponent = against(perturbed.images);
    const metrics: Record<string, number> = {
      accuracy_clean: clean.accuracy,
      accuracy_opponent: opponent.accuracy,
      opponent_gain: opponent.loss - clean.loss,
    };
    const eps = pixelBound(perturbed);
    if (eps !== null) {
      const pgd = against(pgd10(batch, victimOf(detector, crafting), eps, pgdRng));
      metrics['accuracy_pgd10'] = pgd.accuracy;
      metrics['pgd10_gain'] = pgd.loss - clean.loss;
    }
    return metrics;
  });
}

/**
 * Ten steps away from the true label within eps of the clean images, from a random start, up plain cross-entropy whatever L is: the
 * gradient of others fades or turns where the detector is sure.
 */
function pgd10(batch: LabelledImages, victim: Victim, eps: number, rng: Turn['rng']): tf.Tensor4D {
  const ascent = pixelAscent(batch, rng, {
    norm: 'linf',
    eps,
    alpha: eps * PGD_STEP_SHARE,
    randomStart: true,
    direction: sign,
  });
  return gradientAscent((images) => victim.lossOf(images, batch.labels), ascent, {
    steps: PGD_STEPS,
    ...ONE_ATTEMPT,
  });
}

/** The opponent's L∞ bound on pixels, or null where it has none. */
function pixelBound({ bounds }: Perturbed): number | null {
  const bound = bounds['pixels'];
  return bound?.norm === 'linf' ? bound.limit : null;
}

interface Standing {
  readonly accuracy: number;
  /** Mean, in nats. */
  readonly loss: number;
}

function standing(
  { detector, criterion }: Omit<Probed, 'generator'>,
  { images, labels }: LabelledImages,
  branch: Branch,
): Standing {
  return tf.tidy(() => {
    const logits = detector.logits(images, { training: false, trackStatistics: false, branch });
    const right = tf.equal(tf.argMax(logits, 1), labels);
    return {
      accuracy: tf.mean(tf.cast(right, 'float32')).dataSync()[0]!,
      loss: tf.mean(criterion(logits, labels)).dataSync()[0]!,
    };
  });
}
