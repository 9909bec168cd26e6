/**
 * Layers for tf.layers models that TensorFlow.js lacks or trains slowly. A model's call passes its keyword arguments to every
 * layer (`model.apply(x, pass)`), and that is how a batch norm learns which statistics to use: no hidden mode is toggled.
 */
import * as tf from '@tensorflow/tfjs';
import type { Activation } from './activations.ts';
import { batchNormActivationInference, batchNormActivationTraining } from './batch-norm-activation.ts';
import { FLOAT32, type Casts } from './precision.ts';
import type { Draw } from './random.ts';
import { stock, type HasStandard } from './standard-layer.ts';

/** Which set of batch-norm parameters and statistics an image batch goes through (AdvProp, Xie et al. 2020). */
export type Branch = 'main' | 'auxiliary';

/** How one pass through a model treats batch norm and dropout. */
export interface Pass {
  /** true: the batch's own statistics; false: the running ones. */
  readonly training: boolean;
  /** Whether a training pass moves the running statistics. An opponent's passes never do. */
  readonly trackStatistics: boolean;
  readonly branch: Branch;
  /** What dropout draws from, in a pass that the detector descends by and in no other; left out: nothing is dropped. */
  readonly draw?: Draw;
}

/** The pass of a trained model. */
export const INFERENCE: Pass = { training: false, trackStatistics: false, branch: 'main' };

export interface BatchNormConfig {
  readonly name: string;
  /** Running statistics move by (1 − momentum) of the difference at each tracked pass. */
  readonly momentum: number;
  readonly epsilon: number;
  /** Whether there is an auxiliary branch beside the main one. */
  readonly auxiliary: boolean;
  /** What follows, in the same operation. */
  readonly activation: Activation;
  /** Of the network that it is a layer of; left out: float32. Parameters and statistics are float32 in any. */
  readonly casts?: Casts;
}

interface BranchWeights {
  readonly scale: Weight;
  readonly offset: Weight;
  readonly mean: Weight;
  readonly variance: Weight;
}

type Weight = ReturnType<tf.layers.Layer['addWeight']>;

/** What the names of the auxiliary branch's variables have before those of the main one. */
const AUXILIARY_PREFIX = 'auxiliary_';

class BatchNorm extends tf.layers.Layer implements HasStandard {
  static readonly className = 'BatchNormActivation';
  private readonly settings: BatchNormConfig;
  private branches: Partial<Record<Branch, BranchWeights>> = {};

  constructor(settings: BatchNormConfig) {
    super({ name: settings.name });
    this.settings = settings;
  }

  override build(inputShape: tf.Shape): void {
    const channels = inputShape[inputShape.length - 1]!;
    const weights = (prefix: string): BranchWeights => {
      const add = (name: string, initial: number, trainable: boolean): Weight =>
        this.addWeight(
          prefix + name,
          [channels],
          'float32',
          tf.initializers.constant({ value: initial }),
          undefined,
          trainable,
        );
      return {
        scale: add('gamma', 1, true),
        offset: add('beta', 0, true),
        mean: add('moving_mean', 0, false),
        variance: add('moving_variance', 1, false),
      };
    };
    this.branches = this.settings.auxiliary
      ? { main: weights(''), auxiliary: weights(AUXILIARY_PREFIX) }
      : { main: weights('') };
    this.built = true;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: unknown): tf.Tensor {
    const x = (Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D;
    const pass = passOf(kwargs);
    const { epsilon, momentum, name, activation, casts = FLOAT32 } = this.settings;
    const weights = this.branches[pass.branch];
    if (weights === undefined) {
      throw new Error(
        `layer ${name} has no ${pass.branch} branch: build the model with auxiliary batch norm`,
      );
    }
    const given = {
      scale: casts.beside(weights.scale.read() as tf.Tensor1D),
      offset: casts.beside(weights.offset.read() as tf.Tensor1D),
      mean: weights.mean.read() as tf.Tensor1D,
      variance: weights.variance.read() as tf.Tensor1D,
    };
    if (!pass.training) return batchNormActivationInference(x, given, { epsilon, activation });
    const rate = pass.trackStatistics ? 1 - momentum : 0;
    const { y, mean, variance } = batchNormActivationTraining(x, given, { epsilon, activation, rate });
    if (pass.trackStatistics) {
      weights.mean.write(mean);
      weights.variance.write(variance);
    }
    return y;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { momentum, epsilon, activation } = this.settings;
    return { ...super.getConfig(), axis: -1, momentum, epsilon, activation };
  }

  standard(x: tf.SymbolicTensor): tf.SymbolicTensor {
    const { name, momentum, epsilon, activation } = this.settings;
    const { scale, offset, mean, variance } = this.branches.main!;
    const weights = [scale, offset, mean, variance].map((weight) => weight.read());
    const y = stock(tf.layers.batchNormalization({ name, momentum, epsilon }), x, weights);
    return activation === 'none' ? y : stock(standardActivation(`${name}_${activation}`, activation), y);
  }
}

/** A pure function of one tensor as a layer: fixed filters, colour conventions, resampling. */
class Apply extends tf.layers.Layer {
  static readonly className = 'Apply';
  private readonly fn: (x: tf.Tensor) => tf.Tensor;
  private readonly shapeOf: (shape: tf.Shape) => tf.Shape;
  /** Absent where the function's author gave none. */
  declare readonly standard?: HasStandard['standard'];

  constructor(
    name: string,
    fn: (x: tf.Tensor) => tf.Tensor,
    shapeOf: (shape: tf.Shape) => tf.Shape,
    standard: HasStandard['standard'] | undefined,
  ) {
    super({ name });
    this.fn = fn;
    this.shapeOf = shapeOf;
    if (standard !== undefined) this.standard = standard;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return this.shapeOf(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => this.fn(Array.isArray(inputs) ? inputs[0]! : inputs));
  }
}

/** Batch normalisation over N, H, W and its activation, with an optional auxiliary branch; reads its `Pass` from the model call's arguments. */
export function batchNorm(settings: BatchNormConfig): tf.layers.Layer {
  return new BatchNorm(settings);
}

/**
 * Gives every auxiliary batch-norm branch the parameters and statistics of its main one: the state in which adversarial images
 * first meet a detector that has so far learnt from clean ones. A model without auxiliary branches stays as it is.
 *
 * @param state every variable of the model by `layer/weight`
 */
export function startAuxiliaryFromMain(state: ReadonlyMap<string, tf.Variable>): void {
  for (const [name, variable] of state) {
    const at = name.lastIndexOf('/') + 1;
    if (name.startsWith(AUXILIARY_PREFIX, at)) {
      const main = state.get(name.slice(0, at) + name.slice(at + AUXILIARY_PREFIX.length))!;
      variable.assign(main);
    }
  }
}

/**
 * A layer without weights from a differentiable function of [N, …] → [N, …].
 *
 * @param shapeOf output shape from input shape; the identity where it stays
 * @param standard the same by stock layers of tf.layers; without it the model cannot be saved for plain TensorFlow.js
 */
export function apply(
  name: string,
  fn: (x: tf.Tensor) => tf.Tensor,
  shapeOf: (shape: tf.Shape) => tf.Shape = (shape) => shape,
  standard?: HasStandard['standard'],
): tf.layers.Layer {
  return new Apply(name, fn, shapeOf, standard);
}

/** The stock layer of an activation. */
function standardActivation(name: string, activation: Exclude<Activation, 'none'>): tf.layers.Layer {
  return tf.layers.activation({ name, activation: activation === 'silu' ? 'swish' : activation });
}

/** The pass that a model's call was given. Throws if it was given none. */
export function passOf(kwargs: unknown): Pass {
  const pass = kwargs as Partial<Pass> | undefined;
  if (pass?.branch === undefined || pass.training === undefined || pass.trackStatistics === undefined) {
    throw new Error(
      'a layer needs to know its pass: call model.apply(x, { training, trackStatistics, branch })',
    );
  }
  return pass as Pass;
}
