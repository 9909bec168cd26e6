/** A tf.layers model as a Discriminator, and the blocks that the models here are made of. */
import * as tf from '@tensorflow/tfjs';
import type { Activation } from '../ops/activations.ts';
import { conv2d } from '../ops/conv-layer.ts';
import { depthwiseLayer } from '../ops/depthwise.ts';
import { isDropout } from '../ops/dropout.ts';
import { apply, batchNorm, type Pass } from '../ops/layers.ts';
import { modelState, modelTrainable } from '../ops/model-state.ts';
import type { Padding } from '../ops/padding.ts';
import { modelFunction } from '../ops/recompute.ts';
import { FLOAT32, type Casts } from '../ops/precision.ts';
import { spatialMean } from '../ops/spatial-mean.ts';
import { stock } from '../ops/standard-layer.ts';
import { activated } from './activation-layers.ts';
import type { Discriminator, DiscriminatorContext } from './discriminator.ts';

/** Wraps a model of [N, size, size, 3] → [N, 2]. The variables' names are the layers' names, stable over processes. */
export function discriminatorOf(
  name: string,
  model: tf.LayersModel,
  { recompute }: Pick<DiscriminatorContext, 'recompute'>,
): Discriminator {
  const logits = modelFunction(model, recompute);
  return {
    name,
    logits: (images: tf.Tensor4D, pass: Pass) => logits(images, pass) as tf.Tensor2D,
    trainable: modelTrainable(model),
    state: modelState(model),
    drops: model.layers.some(isDropout),
    model,
    dispose: () => {
      model.dispose();
    },
  };
}

/** Several models that make one detector: their functions by name, and what they hold together. */
export interface Assembly<Name extends string> {
  readonly run: Readonly<Record<Name, (x: tf.Tensor, pass: Pass) => tf.Tensor>>;
  readonly trainable: readonly tf.Variable[];
  readonly state: ReadonlyMap<string, tf.Variable>;
  readonly dispose: () => void;
}

/**
 * Models of one input and one output each as an assembly, their variables in the models' order. So a network with several heads is a model
 * for each and one for the trunk whose output they share. Throws if two models have layers of one name.
 */
export function assemblyOf<Name extends string>(
  models: Readonly<Record<Name, tf.LayersModel>>,
  { recompute }: Pick<DiscriminatorContext, 'recompute'>,
): Assembly<Name> {
  const entries = Object.entries<tf.LayersModel>(models) as [Name, tf.LayersModel][];
  const state = new Map<string, tf.Variable>();
  for (const [name, model] of entries) {
    for (const [key, variable] of modelState(model)) {
      if (state.has(key))
        throw new Error(`model ${name} has another variable named ${key}: give its layers distinct names`);
      state.set(key, variable);
    }
  }
  const run = entries.map(([name, model]) => [name, modelFunction(model, recompute)] as const);
  return {
    run: Object.fromEntries(run) as Assembly<Name>['run'],
    trainable: entries.flatMap(([, model]) => modelTrainable(model)),
    state,
    dispose: () => {
      entries.forEach(([, model]) => model.dispose());
    },
  };
}

/** Initial weights are drawn from `seed` and the layer's name, so adding a layer leaves the others' weights as they were. */
export interface BlockContext {
  readonly seed: number;
  readonly auxiliaryBatchNorm: boolean;
  readonly batchNorm: { readonly momentum: number; readonly epsilon: number };
  /** Convolutions take images in float32 and compute in these; the head goes back to float32. Left out: float32 throughout. */
  readonly casts?: Casts;
}

type Symbolic = tf.SymbolicTensor;

/** What follows a normalisation; hard-swish is an operation of its own. */
export type BlockActivation = Activation | 'hard-swish';

export interface ConvOptions {
  readonly kernel: number;
  readonly stride: number;
  readonly activation: BlockActivation;
  /** Left out: same. */
  readonly padding?: Padding;
}

/** Convolution without bias, batch norm, activation. */
export function convBlock(
  x: Symbolic,
  name: string,
  filters: number,
  options: ConvOptions,
  context: BlockContext,
): Symbolic {
  const conv = conv2d({
    name: `${name}_conv`,
    filters,
    kernelSize: options.kernel,
    strides: options.stride,
    useBias: false,
    ...paddingOf(options),
    kernelInitializer: heNormal(context.seed, name),
    ...castsOf(context),
  });
  return normalise(conv.apply(x) as Symbolic, name, options.activation, context);
}

export type DepthwiseOptions = ConvOptions & { readonly padding?: Exclude<Padding, 'valid'> };

/** Depthwise convolution without bias, batch norm, activation. */
export function depthwiseBlock(
  x: Symbolic,
  name: string,
  options: DepthwiseOptions,
  context: BlockContext,
): Symbolic {
  return normalise(depthwise(x, name, options, context), name, options.activation, context);
}

/** Depthwise convolution without bias, and nothing after it. */
export function depthwise(
  x: Symbolic,
  name: string,
  options: Omit<DepthwiseOptions, 'activation'>,
  context: BlockContext,
): Symbolic {
  const conv = depthwiseLayer({
    name: `${name}_depthwise`,
    kernelSize: options.kernel,
    strides: options.stride,
    ...paddingOf(options),
    depthwiseInitializer: heNormal(context.seed, name),
    ...castsOf(context),
  });
  return conv.apply(x) as Symbolic;
}

/** Global average pooling and a linear layer, both in float32: [N, h, w, c] → [N, classes]. */
export function classifierHead(x: Symbolic, context: BlockContext, classes = 2): Symbolic {
  return linear(globalPool(x, context), 'logits', classes, context);
}

/** The mean over height and width, out of the network's precision: [N, h, w, c] → [N, c] float32. */
export function globalPool(x: Symbolic, { casts = FLOAT32 }: Pick<BlockContext, 'casts'>): Symbolic {
  const pool = apply(
    'pool',
    (features) => spatialMean(casts.leave(features as tf.Tensor4D)).squeeze([1, 2]),
    (shape) => [shape[0]!, shape[3]!],
    (features) => stock(tf.layers.globalAveragePooling2d({ name: 'pool' }), features),
  );
  return pool.apply(x) as Symbolic;
}

/** A linear layer in float32: [N, c] → [N, units]. */
export function linear(
  x: Symbolic,
  name: string,
  units: number,
  { seed }: Pick<BlockContext, 'seed'>,
): Symbolic {
  const layer = tf.layers.dense({
    name,
    units,
    kernelInitializer: tf.initializers.glorotUniform({ seed: layerSeed(seed, name) }),
  });
  return layer.apply(x) as Symbolic;
}

/** The sum of a block's result and what it was given. */
export function shortcut(name: string, y: Symbolic, x: Symbolic): Symbolic {
  return tf.layers.add({ name: `${name}_shortcut` }).apply([y, x]) as Symbolic;
}

/** Weights' seed of one layer. */
export function layerSeed(seed: number, name: string): number {
  let hash = seed | 0;
  for (let i = 0; i < name.length; i++) {
    hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
  }
  return hash;
}

/** Normal initial weights of variance 2 / fan-in (He et al. 2015). */
export function heNormal(seed: number, name: string): ReturnType<typeof tf.initializers.heNormal> {
  return tf.initializers.heNormal({ seed: layerSeed(seed, name) });
}

/** The casts as an option of a layer, absent where there are none. */
export function castsOf({ casts }: BlockContext): Pick<BlockContext, 'casts'> {
  return casts === undefined ? {} : { casts };
}

function paddingOf<P extends Padding>({ padding }: { readonly padding?: P }): { readonly padding?: P } {
  return padding === undefined ? {} : { padding };
}

/** Batch norm and an activation. */
export function normalise(
  x: Symbolic,
  name: string,
  activation: BlockActivation,
  context: BlockContext,
): Symbolic {
  const separate = activation === 'hard-swish';
  const layer = batchNorm({
    name: `${name}_bn`,
    ...context.batchNorm,
    auxiliary: context.auxiliaryBatchNorm,
    activation: separate ? 'none' : activation,
    ...castsOf(context),
  });
  const y = layer.apply(x) as Symbolic;
  return separate ? activated(y, name, 'hard-swish') : y;
}

export { apply };
