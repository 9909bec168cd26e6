/** A classical attack as a Generator: a goal, a problem of ascent, and how often to step. */
import * as tf from '@tensorflow/tfjs';
import {
  NOT_LEARNED,
  type CleanPass,
  type Generator,
  type LabelledImages,
  type Perturbed,
  type Turn,
  type Victim,
} from './generator.ts';
import { goalOf, type Goal } from './goal.ts';
import { gradientAscent, type Ascent, type AscentSteps } from './gradient-ascent.ts';

export interface ClassicalAttack extends AscentSteps {
  readonly name: string;
  readonly goal: Goal;
  /** Whether every start stands for the clean images: false where it is drawn, or stands for other ones. */
  readonly startsClean: boolean;
  /** What is varied for a batch, from where, and where it must stay. */
  readonly ascent: (batch: LabelledImages, turn: Turn) => Ascent;
}

/** Climbs towards the goal anew for every batch; has nothing that could be learnt. */
export function classicalAttack({ name, goal, startsClean, ascent, ...steps }: ClassicalAttack): Generator {
  const perturb = (batch: LabelledImages, victim: Victim, turn: Turn, clean?: CleanPass): Perturbed =>
    tf.tidy(() => {
      const problem = ascent(batch, turn);
      return problem.perturbedBy(gradientAscent(goalOf(goal, batch, victim), problem, steps, clean));
    });
  // the gradients that Free AT and a shared pass have are of the detector's own loss, which knows no other goal
  const own = goal === 'true-label';
  return {
    ...NOT_LEARNED,
    name,
    perturb: (batch, victim, turn) => perturb(batch, victim, turn),
    ...(own && startsClean ? { perturbFrom: perturb } : {}),
    ...(own ? { ascent } : {}),
  };
}
