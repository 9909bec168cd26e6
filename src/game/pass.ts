/** One forward and one backward pass of the detector over images that it learns from, and what is to be told of them. */
import * as tf from '@tensorflow/tfjs';
import type { Branch, Discriminator } from '../discriminator/discriminator.ts';
import type { Perturbed } from '../generator/generator.ts';
import { variableGrads } from '../ops/gradients.ts';
import type { Criterion } from './criterion.ts';
import { scalars, tidied, type Figures } from './figures.ts';
import { AS_IT_IS, type ImageView } from './image-views.ts';
import type { Term } from './objective.ts';

/** Images on their way into a pass. */
export type Shown = Perturbed & {
  /** What the images cost whoever made them, [N]; no part of the detector's loss. */
  readonly cost?: tf.Tensor1D;
};

export interface PassTask {
  readonly term: Term;
  readonly criterion: Criterion;
  /** Of the mean loss in what the detector descends. */
  readonly weight: number;
  readonly branch: Branch;
  /** Whose gradient is wanted besides the detector's own. */
  readonly variables: readonly tf.Variable[];
  /** The images, differentiable in those variables. Called once, inside the pass. */
  readonly show: () => Shown;
  /** What the detector sees of them, where it is not the images themselves. */
  readonly view?: ImageView | undefined;
}

export interface Passed {
  /** ∂ weight · mean loss / ∂θ, in the order of the detector's variables. */
  readonly detector: readonly tf.Tensor[];
  /** ∂ weight · mean (loss − cost) / ∂ variable, in their order. */
  readonly variables: readonly tf.Tensor[];
  /** L of each image, [N]. */
  readonly losses: tf.Tensor1D;
  readonly shown: Shown;
  /** `loss_TERM` and `accuracy_TERM`. */
  readonly figures: Figures;
}

/** Passes in training mode; moves the running statistics of its branch and nothing else. */
export function learningPass(
  detector: Discriminator,
  labels: tf.Tensor1D,
  { term, criterion, weight, branch, variables, show, view = AS_IT_IS }: PassTask,
): Passed {
  return tidied(() => {
    let met: { shown: Shown; logits: tf.Tensor2D; losses: tf.Tensor1D; mean: tf.Tensor } | undefined;
    const beyond = keeper();
    try {
      const { grads } = variableGrads(() => {
        const shown = beyond.keepShown(show());
        const pass = { training: true, trackStatistics: true, branch } as const;
        const logits = beyond.keep(detector.logits(view.images(shown.images), pass));
        const losses = beyond.keep(view.judged(criterion)(logits, labels));
        const mean = beyond.keep(tf.mean(losses));
        met = { shown, logits, losses, mean };
        const gained = shown.cost === undefined ? mean : tf.sub(mean, tf.mean(shown.cost));
        return tf.mul(gained, weight);
      }, [...detector.trainable, ...variables]);
      const { shown, logits, losses, mean } = met!;
      return {
        detector: inOrder(detector.trainable, grads),
        variables: inOrder(variables, grads),
        losses: losses.clone(),
        shown: aliasOf(shown),
        figures: scalars({
          [`loss_${term}`]: mean.clone(),
          [`accuracy_${term}`]: tf.mean(view.judged(right)(logits, labels)),
        }),
      };
    } finally {
      beyond.free();
    }
  });
}

/** Keeps tensors beyond the gradient's own tidy, until they are freed together. */
export function keeper(): {
  readonly keep: <T extends tf.Tensor>(tensor: T) => T;
  /** Aliases, for what is shown may be the opponent's own variable. */
  readonly keepShown: (shown: Shown) => Shown;
  readonly free: () => void;
} {
  const kept: tf.Tensor[] = [];
  const keep = <T extends tf.Tensor>(tensor: T): T => {
    kept.push(tf.keep(tensor));
    return tensor;
  };
  return {
    keep,
    keepShown: (shown) => {
      const alias = aliasOf(shown);
      [alias.images, ...Object.values(alias.maps), ...(alias.cost === undefined ? [] : [alias.cost])].forEach(
        keep,
      );
      return alias;
    },
    free: () => {
      tf.dispose(kept);
    },
  };
}

function aliasOf({ images, maps, bounds, cost }: Shown): Shown {
  return {
    images: images.clone(),
    maps: Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, map.clone()])),
    bounds,
    ...(cost === undefined ? {} : { cost: cost.clone() }),
  };
}

/** Gradients in the variables' order; a variable that the loss does not reach (the unused branch of batch norm) has gradient zero. */
export function inOrder(variables: readonly tf.Variable[], grads: tf.NamedTensorMap): tf.Tensor[] {
  return variables.map((variable) => grads[variable.name] ?? tf.zerosLike(variable));
}

/** 1 where the larger logit is the label's, 0 elsewhere. */
function right(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  return tf.tidy(() => tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32'));
}
