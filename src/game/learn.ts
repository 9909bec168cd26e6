/** The detector's step: it descends the game's objective, and tells what it met on the way. */
import * as tf from '@tensorflow/tfjs';
import type { Discriminator, Pass } from '../discriminator/discriminator.ts';
import type { LabelledImages } from '../generator/generator.ts';
import { crossEntropy, detectorLoss, type Objective } from './objective.ts';
import type { Optimizer } from './optimizer.ts';

export interface LearnSettings {
  readonly objective: Objective;
  /** λ, weight of the adversarial loss. */
  readonly lambda: number;
  /** Whether adversarial images go through batch norm's auxiliary branch. */
  readonly auxiliary_bn: boolean;
}

/** The opponent's side of the one backward pass. */
export interface Adversary {
  /** The opponent's images; constants to the detector. */
  readonly images: () => tf.Tensor4D;
  /** What the opponent moves, if the same backward pass is to serve it. */
  readonly variables: readonly tf.Variable[];
  /** What the images cost the opponent, [N]; no part of the detector's loss. */
  readonly cost?: () => tf.Tensor1D;
}

/** Scalars of a round, by TensorBoard tag without its `train/`. */
export type RoundMetrics = Readonly<Record<string, number>>;

/** An alias, not an interface, so that it may leave a tidy. */
export type Learnt = {
  readonly metrics: RoundMetrics;
  /** ∂ Σ_n (loss_n − cost_n) / ∂ variable for each of the adversary's variables, in their order. */
  readonly opponentGradients: tf.Tensor[];
};

/**
 * One update of the detector. The gradient of the adversary's variables, where it has any, comes from the same backward pass and
 * against the same detector: it is taken before the update.
 *
 * @param adversary null where the objective is 'clean'
 */
export function learn(
  {
    detector,
    detectorOptimizer,
  }: { readonly detector: Discriminator; readonly detectorOptimizer: Optimizer },
  { images, labels }: LabelledImages,
  adversary: Adversary | null,
  settings: LearnSettings,
  learningRate: number,
): Learnt {
  return tf.tidy(() => {
    const logits: Partial<Record<'clean' | 'adversarial', tf.Tensor2D>> = {};
    const parts: Partial<Record<string, tf.Scalar>> = {};
    let loss: tf.Scalar | undefined;
    const variables = adversary?.variables ?? [];
    const { grads, value } = tf.variableGrads(() => {
      const result = detectorLoss(settings.objective, settings.lambda, {
        clean: () =>
          crossEntropy((logits.clean = tf.keep(detector.logits(images, tracking('main')))), labels),
        adversarial: () => {
          const pass = tracking(settings.auxiliary_bn ? 'auxiliary' : 'main');
          logits.adversarial = tf.keep(detector.logits(adversary!.images(), pass));
          return crossEntropy(logits.adversarial, labels);
        },
      });
      Object.entries(result.parts).forEach(([name, part]) => (parts[name] = tf.keep(part)));
      loss = tf.keep(result.loss);
      return adversary?.cost === undefined
        ? loss
        : tf.sub(loss, tf.mul(tf.mean(adversary.cost()), weightOf(settings)));
    }, [...detector.trainable, ...variables]);
    const { gradientNorm } = detectorOptimizer.step(inOrder(detector.trainable, grads), learningRate);
    const metrics: Record<string, number> = { loss_d: loss!.dataSync()[0]!, gradient_norm_d: gradientNorm };
    for (const kind of ['clean', 'adversarial'] as const) {
      if (logits[kind] !== undefined) {
        metrics[`loss_${kind}`] = parts[kind]!.dataSync()[0]!;
        metrics[`accuracy_${kind}`] = accuracy(logits[kind], labels);
        tf.dispose([logits[kind], parts[kind]!]);
      }
    }
    tf.dispose([loss!, value]);
    const perImage = labels.shape[0] / weightOf(settings);
    const opponentGradients = inOrder(variables, grads).map((gradient) => tf.mul(gradient, perImage));
    return { metrics, opponentGradients };
  });
}

/** Gradients in the variables' order; a variable that the loss does not reach (the unused branch of batch norm) has gradient zero. */
export function inOrder(variables: readonly tf.Variable[], grads: tf.NamedTensorMap): tf.Tensor[] {
  return variables.map((variable) => grads[variable.name] ?? tf.zerosLike(variable));
}

/** How much the mean adversarial loss weighs in the objective. */
function weightOf({ objective, lambda }: LearnSettings): number {
  return objective === 'adversarial' ? 1 : lambda;
}

function tracking(branch: Pass['branch']): Pass {
  return { training: true, trackStatistics: true, branch };
}

function accuracy(logits: tf.Tensor2D, labels: tf.Tensor1D): number {
  return tf.tidy(() => tf.mean(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32')).dataSync()[0]!);
}
