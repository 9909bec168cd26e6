/** One forward and one backward pass of the detector over images that it learns from, and what is to be told of them. */
import * as tf from '@tensorflow/tfjs';
import type { Branch, Discriminator, Targets } from '../discriminator/discriminator.ts';
import type { Perturbed } from '../generator/generator.ts';
import { variableGrads } from '../ops/gradients.ts';
import type { Draw } from '../ops/random.ts';
import type { Criterion } from './criterion.ts';
import { descentOf, type Descent } from './descent.ts';
import { scalars, tidied, type Figures } from './figures.ts';
import { AS_IT_IS, type ImageView } from './image-views.ts';
import type { Term } from './objective.ts';
import { targetsThrough } from './taught.ts';

/** Images on their way into a pass. */
export type Shown = Perturbed & {
  /** What the images cost whoever made them, [N]; no part of the detector's loss. */
  readonly cost?: tf.Tensor1D;
};

export interface PassTask {
  readonly term: Term;
  readonly criterion: Criterion;
  /** Of the mean of what the detector descends, in the objective. */
  readonly weight: number;
  readonly branch: Branch;
  /** Whose gradient is wanted besides the detector's own. */
  readonly variables: readonly tf.Variable[];
  /** The images, differentiable in those variables. Called once, inside the pass. */
  readonly show: () => Shown;
  /** What the detector sees of them, where it is not the images themselves. */
  readonly view?: ImageView | undefined;
  /** What its dropout draws from, where it has one. */
  readonly draw?: Draw | undefined;
}

export interface Passed {
  readonly term: Term;
  /** ∂ weight · mean of what is descended / ∂θ, in the order of the detector's variables. */
  readonly detector: readonly tf.Tensor[];
  /** ∂ weight · mean (L − cost) / ∂ variable, in their order. */
  readonly variables: readonly tf.Tensor[];
  /** L of each image, [N], of the pass that the variables' gradient is from. */
  readonly losses: tf.Tensor1D;
  readonly shown: Shown;
  /** `loss_TERM` (L) and `accuracy_TERM`; of a detector with losses of its own `loss_TERM_NAME` for each. */
  readonly figures: Figures;
  /** The figures whose sum is descended. */
  readonly addends: readonly string[];
}

/**
 * Passes in training mode; moves the running statistics of its branch and nothing else. An opponent's variables get their gradient from
 * the same backward pass; where the detector descends losses of its own or drops anything, from another one, for an opponent ascends L
 * alone, and of the whole detector.
 */
export function learningPass(detector: Discriminator, targets: Targets, task: PassTask): Passed {
  const oneServesBoth = detector.auxiliary === undefined && task.draw === undefined;
  if (oneServesBoth || task.variables.length === 0) {
    return descendingPass(detector, targets, task);
  }
  return tidied(() => {
    const { shown, ...ascent } = ascendingPass(detector, targets, task);
    return { ...descendingPass(detector, targets, { ...task, variables: [], show: () => shown }), ...ascent };
  });
}

/** The detector's gradients, and of variables those of what is descended. */
function descendingPass(
  detector: Discriminator,
  targets: Targets,
  { term, criterion, weight, branch, variables, show, view = AS_IT_IS, draw }: PassTask,
): Passed {
  return tidied(() => {
    let met: { shown: Shown; descent: Descent } | undefined;
    const beyond = keeper();
    try {
      const { grads } = variableGrads(() => {
        const shown = beyond.keepShown(show());
        const drawing = draw === undefined ? {} : { draw };
        const pass = { training: true, trackStatistics: true, branch, ...drawing } as const;
        const seen = { images: view.images(shown.images), targets: targetsThrough(targets, view) };
        const descent = descentOf(detector, seen, view.judged(criterion), pass);
        [descent.logits, descent.losses, ...Object.values(descent.means)].forEach(beyond.keep);
        met = { shown, descent };
        const [first, ...others] = descent.addends.map((name) => descent.means[name]!);
        const descended = others.reduce((sum, mean) => tf.add(sum, mean), first!);
        const gained = shown.cost === undefined ? descended : tf.sub(descended, tf.mean(shown.cost));
        return tf.mul(gained, weight);
      }, [...detector.trainable, ...variables]);
      const { shown, descent } = met!;
      const tag = (name: string): string => (name === '' ? `loss_${term}` : `loss_${term}_${name}`);
      const losses = Object.entries(descent.means).map(([name, mean]) => [tag(name), mean.clone()]);
      return {
        term,
        detector: inOrder(detector.trainable, grads),
        variables: inOrder(variables, grads),
        losses: descent.losses.clone(),
        shown: aliasOf(shown),
        figures: scalars({
          ...(Object.fromEntries(losses) as Record<string, tf.Tensor>),
          [`accuracy_${term}`]: tf.mean(view.judged(right)(descent.logits, targets.labels)),
        }),
        addends: descent.addends.map(tag),
      };
    } finally {
      beyond.free();
    }
  });
}

/** What is shown, L of it and the variables' gradients of weight · mean (L − cost), with nothing dropped. Moves nothing. */
function ascendingPass(
  detector: Discriminator,
  { labels }: Targets,
  { criterion, weight, branch, variables, show, view = AS_IT_IS }: PassTask,
): Pick<Passed, 'shown' | 'losses' | 'variables'> {
  return tidied(() => {
    let shown: Shown | undefined;
    let losses: tf.Tensor1D | undefined;
    const beyond = keeper();
    try {
      const { grads } = variableGrads(() => {
        shown = beyond.keepShown(show());
        const pass = { training: true, trackStatistics: false, branch } as const;
        const logits = detector.logits(view.images(shown.images), pass);
        losses = beyond.keep(view.judged(criterion)(logits, labels));
        const mean = tf.mean(losses);
        const gained = shown.cost === undefined ? mean : tf.sub(mean, tf.mean(shown.cost));
        return tf.mul(gained, weight);
      }, [...variables]);
      return {
        shown: aliasOf(shown!),
        losses: losses!.clone(),
        variables: inOrder(variables, grads),
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
