/** The detector's step: it descends the game's objective, and tells what it met on the way. */
import * as tf from '@tensorflow/tfjs';
import type { Discriminator, Pass } from '../discriminator/discriminator.ts';
import type { LabelledImages, Perturbed } from '../generator/generator.ts';
import { scalars, tidied, together, type Figures } from './figures.ts';
import { crossEntropy, detectorLoss, type DetectorLoss, type Objective } from './objective.ts';
import { variableGrads } from '../ops/gradients.ts';
import type { Optimizer } from './optimizer.ts';

export interface LearnSettings {
  readonly objective: Objective;
  /** λ, weight of the adversarial loss. */
  readonly lambda: number;
  /** Whether adversarial images go through batch norm's auxiliary branch. */
  readonly auxiliary_bn: boolean;
}

/** What the opponent plays in the one backward pass. */
export type AdversaryMove = Perturbed & {
  /** What the images cost the opponent, [N]; no part of the detector's loss. */
  readonly cost?: tf.Tensor1D;
};

/** The opponent's side of the one backward pass. */
export interface Adversary {
  /** What it plays; its images are constants to the detector. */
  readonly play: () => AdversaryMove;
  /** What the opponent moves, if the same backward pass is to serve it. */
  readonly variables: readonly tf.Variable[];
  /** What is to be told of what was played; called once the gradients are there. */
  readonly measure: (played: AdversaryMove) => Figures;
}

/** One backward pass of the game's objective. */
export interface Gradients {
  /** Of the detector's variables, in their order. */
  readonly detector: readonly tf.Tensor[];
  /** ∂ Σ_n (loss_n − cost_n) / ∂ variable for each of the adversary's variables, in their order. */
  readonly opponent: readonly tf.Tensor[];
  readonly figures: Figures;
}

/** What a step of the detector leaves to be used and told. */
export type Learnt = Pick<Gradients, 'opponent' | 'figures'>;

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
  batch: LabelledImages,
  adversary: Adversary | null,
  settings: LearnSettings,
  learningRate: () => number,
): Learnt {
  return tidied(() => {
    const gradients = objectiveGradients(detector, batch, adversary, settings);
    const { gradientNorm } = detectorOptimizer.step(gradients.detector, learningRate);
    return {
      opponent: gradients.opponent,
      figures: together([scalars({ gradient_norm_d: gradientNorm }), gradients.figures]),
    };
  });
}

/** The gradients of the game's objective, and its figures. Moves running statistics and nothing else. */
export function objectiveGradients(
  detector: Discriminator,
  { images, labels }: LabelledImages,
  adversary: Adversary | null,
  settings: LearnSettings,
): Gradients {
  return tidied(() => {
    const logits: Partial<Record<'clean' | 'adversarial', tf.Tensor2D>> = {};
    let result: DetectorLoss | undefined;
    let played: AdversaryMove | undefined;
    const variables = adversary?.variables ?? [];
    const beyond = keeper();
    try {
      const { grads } = variableGrads(() => {
        result = detectorLoss(settings.objective, settings.lambda, {
          clean: () =>
            crossEntropy((logits.clean = beyond.keep(detector.logits(images, tracking('main')))), labels),
          adversarial: () => {
            const pass = tracking(settings.auxiliary_bn ? 'auxiliary' : 'main');
            played = beyond.keepMove(adversary!.play());
            logits.adversarial = beyond.keep(detector.logits(played.images, pass));
            return crossEntropy(logits.adversarial, labels);
          },
        });
        const loss = beyond.keep(result.loss);
        Object.values(result.parts).forEach((part) => beyond.keep(part));
        return played?.cost === undefined
          ? loss
          : tf.sub(loss, tf.mul(tf.mean(played.cost), weightOf(settings)));
      }, [...detector.trainable, ...variables]);
      const perImage = labels.shape[0] / weightOf(settings);
      return {
        detector: inOrder(detector.trainable, grads),
        opponent: inOrder(variables, grads).map((gradient) => tf.mul(gradient, perImage)),
        figures: together([
          lossFigures(result!, logits, labels),
          ...(played === undefined ? [] : [adversary!.measure(played)]),
        ]),
      };
    } finally {
      beyond.free();
    }
  });
}

/** Loss and accuracy of each set of images that was looked at. Of aliases, for what was kept is freed before it is read. */
function lossFigures(
  { loss, parts }: DetectorLoss,
  logits: Readonly<Partial<Record<'clean' | 'adversarial', tf.Tensor2D>>>,
  labels: tf.Tensor1D,
): Figures {
  const figures: Record<string, tf.Tensor> = { loss_d: loss.clone() };
  for (const kind of ['clean', 'adversarial'] as const) {
    if (logits[kind] !== undefined) {
      figures[`loss_${kind}`] = parts[kind]!.clone();
      figures[`accuracy_${kind}`] = accuracy(logits[kind], labels);
    }
  }
  return scalars(figures);
}

/** Keeps tensors beyond the gradient's own tidy, until they are freed together. */
export function keeper(): {
  readonly keep: <T extends tf.Tensor>(tensor: T) => T;
  readonly keepMove: (move: AdversaryMove) => AdversaryMove;
  readonly free: () => void;
} {
  const kept: tf.Tensor[] = [];
  const keep = <T extends tf.Tensor>(tensor: T): T => {
    kept.push(tf.keep(tensor));
    return tensor;
  };
  // an alias of each, for what is played may be the opponent's own variable
  const keepAlias = <T extends tf.Tensor>(tensor: T): T => keep(tensor.clone());
  return {
    keep,
    keepMove: ({ images, maps, bounds, cost }) => ({
      images: keepAlias(images),
      maps: Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, keepAlias(map)])),
      bounds,
      ...(cost === undefined ? {} : { cost: keepAlias(cost) }),
    }),
    free: () => {
      tf.dispose(kept);
    },
  };
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

function accuracy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor {
  return tf.tidy(() => tf.mean(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32')));
}
