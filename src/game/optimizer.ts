/**
 * Optimisers on flat parameter vectors: the whole model is one vector, so an update is a dozen operations for any number of layers.
 * The formulas and conventions are PyTorch's (torch.optim.SGD, Adam, RAdam), so that published recipes carry over.
 */
import * as tf from '@tensorflow/tfjs';
import { choice, number, type SettingsOf } from '../config/settings.ts';
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

export interface Optimizer {
  /** One update of the variables from their gradients (same order and shapes) at the given learning rate. */
  step(gradients: readonly tf.Tensor[], learningRate: number): { readonly gradientNorm: number };
  /** Updates made so far. */
  readonly steps: number;
  /** Running averages by name, each [P]: with `steps`, all that a checkpoint needs. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  /** Continues from a saved number of updates; the averages are restored through `state`. */
  seek(steps: number): void;
  dispose(): void;
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
    step: (gradients, learningRate) => {
      steps += 1;
      return tf.tidy(() => {
        const theta = flatten(variables);
        const raw = flatten(gradients);
        const norm = tf.sqrt(tf.sum(tf.square(raw))).dataSync()[0]!;
        const clipped =
          settings.clip_norm > 0 && norm > settings.clip_norm ? tf.mul(raw, settings.clip_norm / norm) : raw;
        const gradient =
          settings.decay === 'l2' ? tf.add(clipped, tf.mul(theta, settings.weight_decay)) : clipped;
        const shrunk =
          settings.decay === 'decoupled' ? tf.mul(theta, 1 - learningRate * settings.weight_decay) : theta;
        const direction = rule.direction(gradient as tf.Tensor1D, state, steps, settings);
        assignFlat(variables, tf.sub(shrunk, tf.mul(direction, learningRate)));
        return { gradientNorm: norm };
      });
    },
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
  readonly averages: readonly string[];
  /** The vector that, times the learning rate, is subtracted from θ. Moves the averages. */
  direction(
    gradient: tf.Tensor1D,
    state: ReadonlyMap<string, tf.Variable>,
    step: number,
    settings: OptimizerSettings,
  ): tf.Tensor1D;
}

const RULES: Readonly<Record<OptimizerSettings['name'], Rule>> = {
  /** b ← β1·b + g; direction b. */
  sgd: {
    averages: ['momentum'],
    direction: (gradient, state, _step, { beta1 }) =>
      update(state, 'momentum', (b) => tf.add(tf.mul(b, beta1), gradient)),
  },
  /** Kingma & Ba 2015: m̂ / (√v̂ + ε). */
  adam: {
    averages: ['m', 'v'],
    direction: (gradient, state, step, settings) => {
      const { m, v } = moments(gradient, state, settings);
      return tf.div(corrected(m, settings.beta1, step), denominator(v, step, settings));
    },
  },
  /** Liu et al. 2020: Adam once the variance of its step can be estimated (ρ_t > 5), momentum until then. */
  radam: {
    averages: ['m', 'v'],
    direction: (gradient, state, step, settings) => {
      const { m, v } = moments(gradient, state, settings);
      const mean = corrected(m, settings.beta1, step);
      const rectification = rectify(settings.beta2, step);
      if (rectification === null) {
        return mean;
      }
      // PyTorch adds epsilon before it corrects the average here, and after it in Adam
      const root = tf.add(tf.sqrt(v), settings.epsilon);
      return tf.div(mean, tf.div(root, rectification * Math.sqrt(1 - settings.beta2 ** step)));
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

/** Without the pull towards its zero start: average / (1 − β^step). */
function corrected(average: tf.Tensor1D, beta: number, step: number): tf.Tensor1D {
  return tf.div(average, 1 - beta ** step);
}

function denominator(v: tf.Tensor1D, step: number, { beta2, epsilon }: OptimizerSettings): tf.Tensor1D {
  return tf.add(tf.sqrt(corrected(v, beta2, step)), epsilon);
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
