/** The detector's step: it descends the game's objective, and tells what it met on the way. */
import * as tf from '@tensorflow/tfjs';
import type { Discriminator, Targets } from '../discriminator/discriminator.ts';
import type { CleanPass } from '../generator/generator.ts';
import { phase } from '../ops/phase.ts';
import type { Draws } from '../ops/random.ts';
import type { Criterion } from './criterion.ts';
import { scalars, tidied, toldAs, together, type Figures, type RoundMetrics } from './figures.ts';
import type { ImageView, ImageViews } from './image-views.ts';
import { objectiveWeights, weighted, type Objective } from './objective.ts';
import type { Optimizer } from './optimizer.ts';
import { added, inParts, type Gradients, type Part } from './parts.ts';
import { learningPass, type Passed, type Shown } from './pass.ts';
import type { TaughtImages } from './taught.ts';

export interface LearnSettings {
  readonly objective: Objective;
  /** λ, weight of the adversarial loss. */
  readonly lambda: number;
  /** Whether adversarial images go through batch norm's auxiliary branch. */
  readonly auxiliary_bn: boolean;
  /** Equal parts that a batch goes through the players in, their gradients averaged; 1 = whole. */
  readonly accumulate: number;
}

/** The opponent's side of the pass of its images. */
export interface Adversary {
  /** What it plays; its images are constants to the detector. */
  readonly play: () => Shown;
  /** What the detector is told of them; left out: what it is told of the batch. */
  readonly targets?: Targets;
  /** What the opponent moves, if the same backward pass is to serve it. */
  readonly variables: readonly tf.Variable[];
  /** What is to be told of what was played, and of L of it as the opponent ascends it, [N]; called once the gradients are there. */
  readonly measure: (played: Shown, losses: tf.Tensor1D) => Figures;
}

/** An opponent that begins with what the pass of the clean images has told, which then gives their gradient too. */
export type Informed = (clean: CleanPass) => Adversary;

/** Who learns, and by which L. */
export interface Learner {
  readonly detector: Discriminator;
  readonly criterion: Criterion;
  /** What the detector's dropout draws from, once a pass; null where it has none. */
  readonly dropout?: Draws | null;
}

/** What a step of the detector leaves to be used and told. */
export type Learnt = Pick<Gradients, 'opponent' | 'figures'>;

/**
 * One update of the detector. The gradient of the adversary's variables, where it has any, comes from the same backward pass and
 * against the same detector: it is taken before the update.
 *
 * @param adversaryOf the opponent of each part of the batch; null where the objective is 'clean'
 * @param opponentStep taken from the same pass, before the detector's: an overflow of either then holds for both
 */
export function learn(
  {
    detector,
    criterion,
    dropout = null,
    detectorOptimizer,
    views = null,
  }: Learner & {
    readonly detectorOptimizer: Optimizer;
    readonly views?: ImageViews | null;
  },
  batch: TaughtImages,
  adversaryOf: ((part: Part) => Adversary | Informed) | null,
  settings: LearnSettings,
  learningRate: () => number,
  opponentStep?: (gradients: readonly tf.Tensor[]) => Figures,
): Learnt {
  return tidied(() => {
    const gradients = inParts(batch, settings.accumulate, (part) =>
      objectiveGradients(
        { detector, criterion, dropout },
        part,
        adversaryOf?.(part) ?? null,
        settings,
        views?.draw(part.labels.shape[0]),
      ),
    );
    const opponent = opponentStep === undefined ? [] : [opponentStep(gradients.opponent)];
    const { gradientNorm, told } = phase('optimiser', () =>
      detectorOptimizer.step(gradients.detector, learningRate),
    );
    return {
      opponent: gradients.opponent,
      figures: together([
        gradients.figures,
        ...opponent,
        scalars({ gradient_norm_d: gradientNorm, ...told }),
      ]),
    };
  });
}

/**
 * The gradients of the game's objective, and its figures: a pass for each set of images, so that one set's activations are held at a
 * time. The opponent's are of mean (loss − cost). Moves running statistics and nothing else.
 *
 * @param view what the detector sees of the images, the same for each set
 */
export function objectiveGradients(
  learner: Learner,
  batch: TaughtImages,
  opponent: Adversary | Informed | null,
  settings: LearnSettings,
  view?: ImageView,
): Gradients {
  const weights = objectiveWeights(settings.objective, settings.lambda);
  return tidied(() => {
    const passes: Passed[] = [];
    const informed = typeof opponent === 'function';
    let told: CleanPass | undefined;
    if (weights.clean !== undefined) {
      const weight = weights.clean;
      const clean = phase('clean', () => cleanPass(learner, batch, weight, informed, view));
      passes.push(clean.passed);
      told = clean.told;
    }
    if (weights.adversarial === undefined) {
      return { detector: passes[0]!.detector, opponent: [], figures: descended(weights, passes, []) };
    }
    if (informed && told === undefined) {
      throw new Error(
        `the objective ${settings.objective} has no pass of the clean images to share: set game.crafting=train, or game.objective=clean+adversarial`,
      );
    }
    const adversary = informed ? opponent(told!) : opponent!;
    const task = {
      term: 'adversarial',
      criterion: learner.criterion,
      weight: weights.adversarial,
      branch: settings.auxiliary_bn ? 'auxiliary' : 'main',
      variables: adversary.variables,
      show: adversary.play,
      view,
      draw: learner.dropout?.next(),
    } as const;
    const { detector } = learner;
    const adversarial = phase('adversarial', () => learningPass(detector, adversary.targets ?? batch, task));
    passes.push(adversarial);
    return {
      detector: added(passes.length > 1 ? passes[0]!.detector : undefined, adversarial.detector),
      opponent: adversarial.variables.map((gradient) => tf.mul(gradient, 1 / weights.adversarial!)),
      figures: descended(weights, passes, [adversary.measure(adversarial.shown, adversarial.losses)]),
    };
  });
}

/** The pass of the clean images; it tells its gradient to them where an opponent wants to begin with it. */
function cleanPass(
  { detector, criterion, dropout }: Learner,
  batch: TaughtImages,
  weight: number,
  telling: boolean,
  view: ImageView | undefined,
): { readonly passed: Passed; readonly told?: CleanPass } {
  const { images, labels } = batch;
  const asVariable = telling ? tf.variable(images) : null;
  try {
    const passed = learningPass(detector, batch, {
      term: 'clean',
      criterion,
      weight,
      branch: 'main',
      variables: asVariable === null ? [] : [asVariable],
      show: () => ({ images: (asVariable as tf.Tensor4D | null) ?? images, maps: {}, bounds: {} }),
      view,
      draw: dropout?.next(),
    });
    if (!telling) {
      return { passed };
    }
    // of the sum over images: each has its own, whatever the batch and the weight
    const gradient = tf.mul(passed.variables[0]!, labels.shape[0] / weight) as tf.Tensor4D;
    return { passed, told: { losses: passed.losses, gradient } };
  } finally {
    asVariable?.dispose();
  }
}

/** The figures of the passes, and what is descended by them. */
function descended(
  weights: ReturnType<typeof objectiveWeights>,
  passes: readonly Passed[],
  measured: readonly Figures[],
): Figures {
  const addends = passes.map(({ term, addends }) => [term, addends] as const);
  return toldAs(together([...passes.map(({ figures }) => figures), ...measured]), (metrics) => ({
    loss_d: weighted(
      weights,
      Object.fromEntries(addends.map(([term, tags]) => [term, sumOf(metrics, tags)])),
    ),
    ...metrics,
  }));
}

/** The sum of mean losses, rounded to float32 as they are. */
function sumOf(metrics: RoundMetrics, tags: readonly string[]): number {
  return tags.map((tag) => metrics[tag]!).reduce((sum, loss) => Math.fround(sum + loss));
}
