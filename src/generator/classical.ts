/** A classical attack as a Generator: a goal, a problem of ascent, and how often to step. */
import * as tf from '@tensorflow/tfjs';
import { NOT_LEARNED, type Generator, type LabelledImages, type Turn } from './generator.ts';
import { goalOf, type Goal } from './goal.ts';
import { gradientAscent, type Ascent, type AscentSteps } from './gradient-ascent.ts';

export interface ClassicalAttack extends AscentSteps {
  readonly name: string;
  readonly goal: Goal;
  /** What is varied for a batch, from where, and where it must stay. */
  readonly ascent: (batch: LabelledImages, turn: Turn) => Ascent;
}

/** Climbs towards the goal anew for every batch; has nothing that could be learnt. */
export function classicalAttack({ name, goal, ascent, ...steps }: ClassicalAttack): Generator {
  return {
    ...NOT_LEARNED,
    name,
    // Free AT takes its gradients from the detector's own loss, which knows no other goal
    ...(goal === 'true-label' ? { ascent } : {}),
    perturb: (batch, victim, turn) =>
      tf.tidy(() => {
        const problem = ascent(batch, turn);
        return problem.perturbedBy(gradientAscent(goalOf(goal, batch, victim), problem, steps));
      }),
  };
}
