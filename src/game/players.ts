/** The players of a game, made from its settings, and everything of them that a checkpoint keeps. */
import * as tf from '@tensorflow/tfjs';
import type { Discriminator } from '../discriminator/discriminator.ts';
import type { Generator } from '../generator/generator.ts';
import { createDraws, createRng, type Draws, type Rng } from '../ops/random.ts';
import type { Criterion } from './criterion.ts';
import { restore, type GameState, type LoadedCheckpoint } from './checkpoint.ts';
import { averaged, layerwise, type FineTuningSettings } from './fine-tuning.ts';
import { freeAscent, type Carried } from './free.ts';
import type { ImageViews } from './image-views.ts';
import { guarded, type LossScale } from './loss-scale.ts';
import { crossEntropy } from './objective.ts';
import { createOptimizer, type Optimizer, type OptimizerSettings } from './optimizer.ts';
import type { Players } from './round.ts';

/** A game in progress: the players, what they remember, the opponent's random stream and the number of rounds played. */
export interface Game extends Players {
  /** What Free AT carries from batch to batch; null in other games. */
  readonly carried: Carried | null;
  readonly views: ImageViews | null;
  readonly dropout: Draws | null;
  /** Of players that compute in float16; null of others. */
  readonly lossScale: LossScale | null;
  /** The average of the detector's variables by their names; null where none is kept. */
  readonly average: ReadonlyMap<string, tf.Variable> | null;
  readonly rng: Rng;
  rounds: number;
}

/** What a game remembers besides its players. */
export type Memory = Pick<Game, 'pool' | 'carried' | 'lossScale' | 'views'>;

export const NO_MEMORY: Memory = { pool: null, carried: null, lossScale: null, views: null };

/** Sets up a game at round 0 around two players. L is plain cross-entropy unless told. */
export function createGame(
  detector: Discriminator,
  generator: Generator,
  settings: {
    readonly seed: number;
    readonly optimizer_d: OptimizerSettings & FineTuningSettings;
    readonly optimizer_g: OptimizerSettings;
  },
  { criterion = crossEntropy, ...remembered }: Partial<Memory & { readonly criterion: Criterion }> = {},
): Game {
  const memory = { ...NO_MEMORY, ...remembered };
  const trainable = generator.learners.flatMap((learner) => learner.trainable);
  const guard = (optimizer: Optimizer, variables: readonly tf.Variable[], closes: boolean): Optimizer =>
    memory.lossScale === null ? optimizer : guarded(optimizer, variables, memory.lossScale, closes);
  const { optimizer_d, optimizer_g } = settings;
  const tuned = layerwise(
    createOptimizer(optimizer_d, detector.trainable),
    detector,
    optimizer_d.layer_decay,
  );
  const { optimizer, average } = averaged(tuned, detector.state, optimizer_d.average);
  return {
    detector,
    generator,
    criterion,
    detectorOptimizer: guard(optimizer, detector.trainable, true),
    generatorOptimizer: guard(createOptimizer(optimizer_g, trainable), trainable, false),
    ...memory,
    dropout: detector.drops === true ? createDraws(settings.seed, 'dropout') : null,
    average,
    rng: createRng(settings.seed, 'opponent'),
    rounds: 0,
  };
}

/**
 * Room for what a way of playing carries from batch to batch: zeros of the shape of what the attack varies.
 * Throws if the opponent is no classical attack on the true label.
 */
export function createCarried(generator: Generator, batchSize: number, imageSize: number): Carried {
  const ascent = freeAscent(generator);
  return tf.tidy(() => {
    const images = tf.zeros([batchSize, imageSize, imageSize, 3]) as tf.Tensor4D;
    const labels = tf.zeros([batchSize], 'int32') as tf.Tensor1D;
    const start = ascent({ images, labels }, { rng: createRng(0, 'shape'), progress: 1 }).start();
    return tf.variable(tf.zerosLike(start), false);
  });
}

/** What a checkpoint of the game holds. Its variables are the game's own: read or assigned, never disposed. */
export function gameState(game: Game, notes: Readonly<Record<string, string>> = {}): GameState {
  const groups = {
    detector: game.detector.state,
    generator: game.generator.state,
    optimizer_d: game.detectorOptimizer.state,
    optimizer_g: game.generatorOptimizer.state,
    pool: game.pool?.state ?? new Map<string, tf.Variable>(),
    loss_scale: game.lossScale?.state ?? new Map<string, tf.Variable>(),
    free: new Map(game.carried === null ? [] : [['carried', game.carried]]),
  };
  const variables = Object.entries(groups).flatMap(([group, state]) =>
    [...state].map(([name, variable]) => [`${group}/${name}`, variable] as const),
  );
  const [pool_real, pool_fake] = game.pool?.taken ?? [];
  return {
    variables: new Map(variables),
    counters: {
      rounds: game.rounds,
      updates_d: game.detectorOptimizer.steps,
      updates_g: game.generatorOptimizer.steps,
      opponent_draws: game.rng.counter,
      ...(pool_real === undefined || pool_fake === undefined ? {} : { pool_real, pool_fake }),
      ...(game.views === null ? {} : { view_draws: game.views.counter }),
      ...(game.dropout === null ? {} : { dropout_draws: game.dropout.counter }),
    },
    identity: { detector: game.detector.name, generator: game.generator.name },
    notes,
  };
}

/** Puts a game where a checkpoint left it. Throws, changing nothing, if the checkpoint is of another game. */
export function restoreGame(game: Game, checkpoint: LoadedCheckpoint): void {
  const { variables, identity } = gameState(game);
  const counter = (name: string): number => {
    const value = checkpoint.counters[name];
    if (!Number.isSafeInteger(value) || value! < 0) {
      throw new Error(`${checkpoint.file} has no counter ${name}: it was not written by a game`);
    }
    return value!;
  };
  const rounds = counter('rounds');
  const [detectorUpdates, generatorUpdates] = [counter('updates_d'), counter('updates_g')];
  const draws = counter('opponent_draws');
  const taken = game.pool === null ? null : ([counter('pool_real'), counter('pool_fake')] as const);
  const views = game.views === null ? null : counter('view_draws');
  const dropped = game.dropout === null ? null : counter('dropout_draws');
  // the last thing that can fail, and the first that changes anything
  restore(checkpoint, variables, identity, (values, shape) => tf.tensor(values, shape, 'float32'));
  game.rounds = rounds;
  game.detectorOptimizer.seek(detectorUpdates);
  game.generatorOptimizer.seek(generatorUpdates);
  game.rng.seek(draws);
  if (taken !== null) game.pool!.seek(taken);
  if (views !== null) game.views!.seek(views);
  if (dropped !== null) game.dropout!.seek(dropped);
}

/**
 * Takes down where a game stands. The function that is given back puts it there again, once, and frees what was kept for it.
 * What there is to a game is what a checkpoint of it holds.
 */
export function bookmark(game: Game): () => void {
  const { rounds, rng, pool, views, dropout, detectorOptimizer, generatorOptimizer } = game;
  const [draws, taken] = [rng.counter, pool?.taken];
  const [viewDraws, dropoutDraws] = [views?.counter, dropout?.counter];
  const [detectorUpdates, generatorUpdates] = [detectorOptimizer.steps, generatorOptimizer.steps];
  // aliases: a variable that moves takes other memory and leaves this
  const kept = [...gameState(game).variables.values()].map(
    (variable) => [variable, tf.keep(variable.clone())] as const,
  );
  return () => {
    kept.forEach(([variable, value]) => {
      variable.assign(value);
      value.dispose();
    });
    game.rounds = rounds;
    detectorOptimizer.seek(detectorUpdates);
    generatorOptimizer.seek(generatorUpdates);
    rng.seek(draws);
    if (taken !== undefined) pool!.seek(taken);
    if (viewDraws !== undefined) views!.seek(viewDraws);
    if (dropoutDraws !== undefined) dropout!.seek(dropoutDraws);
  };
}

/** Puts only the detector's variables of a checkpoint into a detector, for evaluation and export. */
export function restoreDetector(detector: Discriminator, checkpoint: LoadedCheckpoint): void {
  const variables = new Map([...detector.state].map(([name, variable]) => [`detector/${name}`, variable]));
  restore(checkpoint, variables, { detector: detector.name }, (values, shape) =>
    tf.tensor(values, shape, 'float32'),
  );
}

/** Frees every variable of the game. */
export function disposeGame(game: Game): void {
  game.detectorOptimizer.dispose();
  game.generatorOptimizer.dispose();
  game.pool?.dispose();
  game.carried?.dispose();
  game.lossScale?.dispose();
  game.detector.dispose();
  game.generator.dispose();
}
