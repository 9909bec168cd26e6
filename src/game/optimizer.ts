/**
 * Optimisers of a model's parameters. The formulas and conventions are PyTorch's (torch.optim.SGD, Adam, RAdam), so that published
 * recipes carry over; the arithmetic is one operation's (ops/optimizer-step.ts), which a rule tells its numbers.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, number, type SettingsOf } from '../config/settings.ts';
import { fed } from '../ops/fed.ts';
import { parameterCount } from '../ops/flat-parameters.ts';
import { optimizerStep, type Averaging, type StepRule } from '../ops/optimizer-step.ts';

export const optimizerSettings = {
  name: choice(['sgd', 'adam', 'radam'], 'Update rule.'),
  lr: number({ min: 0, doc: 'Peak learning rate.' }),
  beta1: number({ min: 0, below: 1, doc: 'Decay of the gradient average (adam, radam); momentum (sgd).' }),
  beta2: number({ min: 0, below: 1, doc: 'Decay of the squared-gradient average (adam, radam).' }),
  epsilon: number({ above: 0, doc: 'Added to the root of the squared-gradient average (adam, radam).' }),
  weight_decay: number({ min: 0, doc: 'Pull of the weights towards zero.' }),
  decay: choice(
    ['decoupled', 'l2'],
    'decoupled: shrink the weights by lr · weight_decay (AdamW); l2: add weight_decay · θ to the gradient.',
  ),
  clip_norm: number({ min: 0, doc: 'Longest gradient allowed, Euclidean over all parameters; 0 = any.' }),
};

export type OptimizerSettings = SettingsOf<typeof optimizerSettings>;

/** What an update tells: scalars. An alias, so that it may leave a tidy. */
export type OptimizerStep = {
  readonly gradientNorm: tf.Scalar;
  /** More of it, by name. */
  readonly told?: Record<string, tf.Scalar>;
};

export interface Optimizer {
  /**
   * One update of the variables from their gradients (same order and shapes). A pure function of tensors, variables and fed values.
   *
   * @param learningRate asked for at each update, also where a recorded update is run again
   * @returns the gradients' Euclidean length before it was cut, a scalar
   */
  step(gradients: readonly tf.Tensor[], learningRate: () => number): OptimizerStep;
  /** Updates made so far. */
  readonly steps: number;
  /** Running averages by name, each [P]: with `steps`, all that a checkpoint needs. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  /** Continues from a saved number of updates; the averages are restored through `state`. */
  readonly seek: (steps: number) => void;
  readonly dispose: () => void;
}

/** An optimiser of the given variables. Its moments live outside any tidy until `dispose`. */
export function createOptimizer(settings: OptimizerSettings, variables: readonly tf.Variable[]): Optimizer {
  const { averages, averaging, numbers } = RULES[settings.name];
  const size = parameterCount(variables);
  const state = new Map(
    averages.map((name) => [name, tf.tidy(() => tf.variable(tf.zeros([size]) as tf.Tensor1D, false))]),
  );
  const rule: StepRule = {
    ...averaging(settings),
    pull: settings.decay === 'l2' ? settings.weight_decay : 0,
    clipNorm: settings.clip_norm,
  };
  const shrinkage = settings.decay === 'decoupled' ? settings.weight_decay : 0;
  let steps = 0;
  return {
    step: (gradients, learningRate) =>
      tf.tidy(() => {
        const now = fed(() => {
          steps += 1;
          const rate = learningRate();
          return [1 - rate * shrinkage, ...numbers(steps, rate, settings)];
        }, [2 * averages.length]);
        const held = { parameters: variables, averages: [...state.values()] as unknown as tf.Tensor1D[] };
        const next = optimizerStep(rule, held, gradients, now as tf.Tensor1D);
        variables.forEach((variable, i) => variable.assign(next.parameters[i]!));
        [...state.values()].forEach((average, i) => average.assign(next.averages[i]!));
        return { gradientNorm: next.gradientNorm };
      }),
    get steps() {
      return steps;
    },
    state,
    seek: (to) => {
      steps = to;
    },
    dispose: () => {
      state.forEach((variable) => variable.dispose());
    },
  };
}

interface Rule {
  /** Names of the averages, of squares the second. */
  readonly averages: readonly string[];
  readonly averaging: (settings: OptimizerSettings) => {
    readonly mean: Averaging;
    readonly square?: Averaging;
  };
  /** How far the step goes, and with squares what the root is multiplied by and what is added: step 1 is the first. */
  readonly numbers: (step: number, rate: number, settings: OptimizerSettings) => readonly number[];
}

const RULES: Readonly<Record<OptimizerSettings['name'], Rule>> = {
  /** b ← β1·b + g; direction b. */
  sgd: {
    averages: ['momentum'],
    averaging: ({ beta1 }) => ({ mean: { decay: beta1, gain: 1 } }),
    numbers: (_step, rate) => [rate],
  },
  /** Kingma & Ba 2015: m̂ / (√v̂ + ε). */
  adam: {
    averages: ['m', 'v'],
    averaging: moments,
    numbers: (step, rate, { beta1, beta2, epsilon }) => [
      rate / (1 - beta1 ** step),
      1 / Math.sqrt(1 - beta2 ** step),
      epsilon,
    ],
  },
  /** Liu et al. 2020: Adam once the variance of its step can be estimated (ρ_t > 5), momentum until then. */
  radam: {
    averages: ['m', 'v'],
    averaging: moments,
    numbers: (step, rate, { beta1, beta2, epsilon }) => {
      const rectification = rectify(beta2, step);
      const ofRoot = rectification === null ? 0 : 1 / (rectification * Math.sqrt(1 - beta2 ** step));
      // PyTorch adds epsilon before it corrects the average here, and after it in Adam; momentum divides by 1
      return [rate / (1 - beta1 ** step), ofRoot, rectification === null ? 1 : epsilon * ofRoot];
    },
  },
};

function moments({ beta1, beta2 }: OptimizerSettings): {
  readonly mean: Averaging;
  readonly square: Averaging;
} {
  return { mean: { decay: beta1, gain: 1 - beta1 }, square: { decay: beta2, gain: 1 - beta2 } };
}

/** r_t of RAdam, or null while ρ_t ≤ 5. */
function rectify(beta2: number, step: number): number | null {
  const rhoInfinity = 2 / (1 - beta2) - 1;
  const power = beta2 ** step;
  const rho = rhoInfinity - (2 * step * power) / (1 - power);
  return rho <= 5
    ? null
    : Math.sqrt(((rho - 4) * (rho - 2) * rhoInfinity) / ((rhoInfinity - 4) * (rhoInfinity - 2) * rho));
}
