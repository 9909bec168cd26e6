/**
 * Optimisers on flat parameter vectors: the whole model is one vector, so an update is a dozen operations for any number of layers.
 * The formulas and conventions are PyTorch's (torch.optim.SGD, Adam, RAdam), so that published recipes carry over.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, number, type SettingsOf } from '../config/settings.ts';
import { fed } from '../ops/fed.ts';
import { assignFlat, flatten, parameterCount } from '../ops/flat-parameters.ts';

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
  const rule = RULES[settings.name];
  const size = parameterCount(variables);
  const state = new Map(
    rule.averages.map((name) => [name, tf.tidy(() => tf.variable(tf.zeros([size]), false))]),
  );
  let steps = 0;
  return {
    step: (gradients, learningRate) =>
      tf.tidy(() => {
        const now = fed(() => {
          steps += 1;
          const rate = learningRate();
          return [rate, 1 - rate * settings.weight_decay, ...rule.corrections(steps, settings)];
        }, [2 + rule.corrections(1, settings).length]);
        const [rate, shrinkage, ...corrections] = tf.unstack(now) as tf.Scalar[];
        const theta = flatten(variables);
        const raw = flatten(gradients);
        const gradientNorm = tf.sqrt(tf.sum(tf.square(raw))) as tf.Scalar;
        const clipped = settings.clip_norm > 0 ? clip(raw, gradientNorm, settings.clip_norm) : raw;
        const gradient =
          settings.decay === 'l2' ? tf.add(clipped, tf.mul(theta, settings.weight_decay)) : clipped;
        const shrunk = settings.decay === 'decoupled' ? tf.mul(theta, shrinkage!) : theta;
        const direction = rule.direction(gradient as tf.Tensor1D, state, settings, corrections);
        assignFlat(variables, tf.sub(shrunk, tf.mul(direction, rate!)));
        return { gradientNorm };
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

/** The gradient, shortened to the limit where it is longer; a factor of 1 leaves it bit for bit. */
function clip(gradient: tf.Tensor1D, norm: tf.Scalar, limit: number): tf.Tensor1D {
  return tf.mul(gradient, tf.minimum(1, tf.div(limit, norm)));
}

interface Rule {
  readonly averages: readonly string[];
  /** What the direction needs to know of the step's number, 1 the first: always as many numbers. */
  corrections(step: number, settings: OptimizerSettings): readonly number[];
  /** The vector that, times the learning rate, is subtracted from θ. Moves the averages. */
  direction(
    gradient: tf.Tensor1D,
    state: ReadonlyMap<string, tf.Variable>,
    settings: OptimizerSettings,
    corrections: readonly tf.Scalar[],
  ): tf.Tensor1D;
}

const RULES: Readonly<Record<OptimizerSettings['name'], Rule>> = {
  /** b ← β1·b + g; direction b. */
  sgd: {
    averages: ['momentum'],
    corrections: () => [],
    direction: (gradient, state, { beta1 }) =>
      update(state, 'momentum', (b) => tf.add(tf.mul(b, beta1), gradient)),
  },
  /** Kingma & Ba 2015: m̂ / (√v̂ + ε). */
  adam: {
    averages: ['m', 'v'],
    corrections: (step, { beta1, beta2 }) => [1 - beta1 ** step, 1 - beta2 ** step],
    direction: (gradient, state, settings, [ofMean, ofSquare]) => {
      const { m, v } = moments(gradient, state, settings);
      const root = tf.add(tf.sqrt(tf.div(v, ofSquare!)), settings.epsilon);
      return tf.div(tf.div(m, ofMean!), root);
    },
  },
  /** Liu et al. 2020: Adam once the variance of its step can be estimated (ρ_t > 5), momentum until then. */
  radam: {
    averages: ['m', 'v'],
    corrections: (step, { beta1, beta2 }) => {
      const rectification = rectify(beta2, step);
      // a divisor of root · 0 + 1 is momentum: the same operations in every step
      return [
        1 - beta1 ** step,
        ...(rectification === null ? [0, 1] : [1 / (rectification * Math.sqrt(1 - beta2 ** step)), 0]),
      ];
    },
    direction: (gradient, state, settings, [ofMean, ofRoot, beside]) => {
      const { m, v } = moments(gradient, state, settings);
      // PyTorch adds epsilon before it corrects the average here, and after it in Adam
      const root = tf.add(tf.sqrt(v), settings.epsilon);
      return tf.div(tf.div(m, ofMean!), tf.add(tf.mul(root, ofRoot!), beside!));
    },
  },
};

function moments(
  gradient: tf.Tensor1D,
  state: ReadonlyMap<string, tf.Variable>,
  { beta1, beta2 }: OptimizerSettings,
): { readonly m: tf.Tensor1D; readonly v: tf.Tensor1D } {
  return {
    m: update(state, 'm', (m) => tf.add(tf.mul(m, beta1), tf.mul(gradient, 1 - beta1))),
    v: update(state, 'v', (v) => tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), 1 - beta2))),
  };
}

function update(
  state: ReadonlyMap<string, tf.Variable>,
  name: string,
  next: (old: tf.Tensor1D) => tf.Tensor,
): tf.Tensor1D {
  const variable = state.get(name)!;
  variable.assign(next(variable as unknown as tf.Tensor1D));
  return variable as unknown as tf.Tensor1D;
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
