/**
 * One round of the game: the opponent changes the batch in the way that hurts the detector most (inner maximisation), then the
 * detector learns from it (outer minimisation).
 */
import * as tf from '@tensorflow/tfjs';
import type { Discriminator, Pass } from '../discriminator/discriminator.ts';
import type { Generator, LabelledImages, LossOf, Perturbed } from '../generator/generator.ts';
import type { Rng } from '../ops/random.ts';
import { crossEntropy, detectorLoss, generatorLoss, type Objective } from './objective.ts';
import type { Optimizer } from './optimizer.ts';

export interface Players {
  readonly detector: Discriminator;
  readonly generator: Generator;
  readonly detectorOptimizer: Optimizer;
  readonly generatorOptimizer: Optimizer;
}

export interface RoundSettings {
  readonly objective: Objective;
  /** λ, weight of the adversarial loss. */
  readonly lambda: number;
  /** Generator steps, then detector steps, on the one batch; the opponent's images are made anew for each detector step. */
  readonly g_per_d: number;
  readonly d_per_g: number;
  /** Whether the opponent sees the detector with running ('eval') or batch ('train') statistics. */
  readonly crafting: 'eval' | 'train';
  /** Whether adversarial images go through batch norm's auxiliary branch. */
  readonly auxiliary_bn: boolean;
}

/** Scalars of a round, by TensorBoard tag without its `train/`. */
export type RoundMetrics = Readonly<Record<string, number>>;

/**
 * Plays one round and moves both players. Synchronous; frees every tensor that it made.
 *
 * @param learningRates of this round
 * @param rng the opponent's own stream
 */
export function playRound(
  players: Players,
  batch: LabelledImages,
  settings: RoundSettings,
  learningRates: { readonly detector: number; readonly generator: number },
  rng: Rng,
): RoundMetrics {
  return tf.tidy(() => {
    const metrics: Record<string, number> = {};
    if (settings.objective !== 'clean' && players.generator.trainable.length > 0) {
      for (let step = 0; step < settings.g_per_d; step++) {
        Object.assign(metrics, generatorStep(players, batch, settings, learningRates.generator, rng));
      }
    }
    for (let step = 0; step < settings.d_per_g; step++) {
      Object.assign(metrics, detectorStep(players, batch, settings, learningRates.detector, rng));
    }
    return metrics;
  });
}

/** What the opponent makes of a batch against the detector as it stands. Moves no player and no running statistics. */
export function craft(
  players: Pick<Players, 'detector' | 'generator'>,
  batch: LabelledImages,
  settings: RoundSettings,
  rng: Rng,
): Perturbed {
  return players.generator.perturb(batch, opponentsLoss(players.detector, batch, settings), rng);
}

/** Ascends the detector's loss over the generator's parameters; the detector's are constants here. */
function generatorStep(
  players: Players,
  batch: LabelledImages,
  settings: RoundSettings,
  learningRate: number,
  rng: Rng,
): RoundMetrics {
  return tf.tidy(() => {
    const { generator, generatorOptimizer } = players;
    const lossOf = opponentsLoss(players.detector, batch, settings);
    const { value, grads } = tf.variableGrads(
      () => generatorLoss(lossOf(generator.perturb(batch, lossOf, rng).images)),
      [...generator.trainable],
    );
    const { gradientNorm } = generatorOptimizer.step(inOrder(generator.trainable, grads), learningRate);
    return { loss_g: value.dataSync()[0]!, gradient_norm_g: gradientNorm };
  });
}

/** Descends the game's objective over the detector's parameters; the opponent's images are constants here. */
function detectorStep(
  players: Players,
  batch: LabelledImages,
  settings: RoundSettings,
  learningRate: number,
  rng: Rng,
): RoundMetrics {
  return tf.tidy(() => {
    const { detector, detectorOptimizer } = players;
    const { images, labels } = batch;
    const perturbed = settings.objective === 'clean' ? null : craft(players, batch, settings, rng);
    const logits: Partial<Record<'clean' | 'adversarial', tf.Tensor2D>> = {};
    const parts: Partial<Record<string, tf.Scalar>> = {};
    const { value, grads } = tf.variableGrads(() => {
      const result = detectorLoss(settings.objective, settings.lambda, {
        clean: () =>
          crossEntropy((logits.clean = tf.keep(detector.logits(images, learning('main')))), labels),
        adversarial: () => {
          const pass = learning(settings.auxiliary_bn ? 'auxiliary' : 'main');
          logits.adversarial = tf.keep(detector.logits(perturbed!.images, pass));
          return crossEntropy(logits.adversarial, labels);
        },
      });
      Object.entries(result.parts).forEach(([name, part]) => (parts[name] = tf.keep(part)));
      return result.loss;
    }, [...detector.trainable]);
    const { gradientNorm } = detectorOptimizer.step(inOrder(detector.trainable, grads), learningRate);
    const metrics: Record<string, number> = { loss_d: value.dataSync()[0]!, gradient_norm_d: gradientNorm };
    for (const kind of ['clean', 'adversarial'] as const) {
      if (logits[kind] !== undefined) {
        metrics[`loss_${kind}`] = parts[kind]!.dataSync()[0]!;
        metrics[`accuracy_${kind}`] = accuracy(logits[kind], labels);
        tf.dispose([logits[kind], parts[kind]!]);
      }
    }
    return { ...metrics, ...(perturbed === null ? {} : perturbationMetrics(perturbed, images)) };
  });
}

/** The detector's loss as the opponent sees it: no dropout, no running statistics moved. */
function opponentsLoss(detector: Discriminator, { labels }: LabelledImages, settings: RoundSettings): LossOf {
  const pass: Pass = {
    training: settings.crafting === 'train',
    trackStatistics: false,
    branch: settings.auxiliary_bn ? 'auxiliary' : 'main',
  };
  return (images) => crossEntropy(detector.logits(images, pass), labels);
}

function learning(branch: Pass['branch']): Pass {
  return { training: true, trackStatistics: true, branch };
}

/** Gradients in the variables' order; a variable that the loss does not reach (the unused branch of batch norm) has gradient zero. */
function inOrder(variables: readonly tf.Variable[], grads: tf.NamedTensorMap): tf.Tensor[] {
  return variables.map((variable) => grads[variable.name] ?? tf.zerosLike(variable));
}

function accuracy(logits: tf.Tensor2D, labels: tf.Tensor1D): number {
  return tf.tidy(() => tf.mean(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32')).dataSync()[0]!);
}

/** How much of its power the opponent used: mean |δ| on the [0, 1] scale, and the mean of each of its maps. */
function perturbationMetrics({ images, maps }: Perturbed, clean: tf.Tensor4D): RoundMetrics {
  return tf.tidy(() => ({
    perturbation: tf.mean(tf.abs(tf.sub(images, clean))).dataSync()[0]!,
    ...Object.fromEntries(
      Object.entries(maps).map(([name, map]) => [`${name}_mean`, tf.mean(map).dataSync()[0]!]),
    ),
  }));
}
