/** What one pass of the detector loses of its images: L of the logits, or what the detector itself descends. */
import * as tf from '@tensorflow/tfjs';
import type { Discriminator, Pass, Targets } from '../discriminator/discriminator.ts';
import type { Criterion } from './criterion.ts';

export interface Descent {
  /** [N, 2]. */
  readonly logits: tf.Tensor2D;
  /** L of each image's logits, [N]: what an opponent ascends. */
  readonly losses: tf.Tensor1D;
  /** The mean of L, and those of what the detector descends in its place or beside it, by their names: '' is L. */
  readonly means: Readonly<Record<string, tf.Scalar>>;
  /** The names of the means whose sum is descended. */
  readonly addends: readonly string[];
}

/** The name of what a detector descends in place of L. */
const OWN = 'own';

/**
 * Passes images through the detector; differentiable.
 *
 * @param images [N, H, W, 3], as the detector sees them
 * @param criterion L
 * @throws what the detector throws of its targets; if it calls one of its terms as another loss is called
 */
export function descentOf(
  detector: Discriminator,
  { images, targets }: { readonly images: tf.Tensor4D; readonly targets: Targets },
  criterion: Criterion,
  pass: Pass,
): Descent {
  if (detector.auxiliary === undefined) {
    const logits = detector.logits(images, pass);
    const losses = criterion(logits, targets.labels);
    return { logits, losses, means: { '': tf.mean(losses) }, addends: [''] };
  }
  const { logits, losses: own, terms } = detector.auxiliary(images, targets, pass);
  for (const taken of ['', OWN]) {
    if (Object.hasOwn(terms, taken)) {
      throw new Error(
        `detector ${detector.name}: a loss of its own is called '${taken}': give it another name`,
      );
    }
  }
  const losses = criterion(logits, targets.labels);
  const beside = Object.entries({ ...(own === undefined ? {} : { [OWN]: own }), ...terms });
  const means = Object.fromEntries(
    [['', losses] as const, ...beside].map(([name, of]) => [name, tf.mean(of)]),
  );
  const addends = Object.keys(means).filter((name) => name !== '' || own === undefined);
  return { logits, losses, means: means as Record<string, tf.Scalar>, addends };
}
