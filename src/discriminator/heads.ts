/**
 * What a trunk's features [N, h, w, c] become: two logits, or more than two, of which the two are computed exactly. A detector with more
 * descends the loss of all of them; opponents see the two.
 */
import * as tf from '@tensorflow/tfjs';
import { choice } from '../config/settings.ts';
import { conv2d } from '../ops/conv-layer.ts';
import { sparseCrossEntropy } from '../ops/cross-entropy.ts';
import { FLOAT32 } from '../ops/precision.ts';
import type {
  AuxiliaryLosses,
  Discriminator,
  DiscriminatorContext,
  TargetName,
  Targets,
} from './discriminator.ts';
import { apply, discriminatorOf, globalPool, layerSeed, linear, type BlockContext } from './model.ts';

const HEADS = ['binary', 'manipulations', 'patches'] as const;
export type Head = (typeof HEADS)[number];

export const headSetting = choice(
  HEADS,
  'What is told apart: real and fake; real and each manipulation of training; real and fake in every cell of the features.',
);

/** A network up to its features, yet without a head. */
export interface Trunk {
  readonly input: tf.SymbolicTensor;
  /** [N, h, w, c]. */
  readonly features: tf.SymbolicTensor;
  readonly block: BlockContext;
  /** From the features to a vector an image, [N, d] float32; left out: their mean over height and width. */
  readonly pooled?: (features: tf.SymbolicTensor) => tf.SymbolicTensor;
  /** What a vector, an image's or a cell's, goes through before the linear layer: dropout, a hidden layer; left out: nothing. */
  readonly hidden?: (vectors: tf.SymbolicTensor) => tf.SymbolicTensor;
}

/** The targets without which a head cannot learn. */
export function headNeeds(head: Head): readonly TargetName[] {
  return head === 'manipulations' ? ['manipulations'] : [];
}

/** A trunk with a head as a detector. Throws if the head counts manipulations and there are none. */
export function headed(name: string, head: Head, trunk: Trunk, context: DiscriminatorContext): Discriminator {
  const { input } = trunk;
  const modelOf = (outputs: tf.SymbolicTensor): tf.LayersModel => tf.model({ name, inputs: input, outputs });
  switch (head) {
    case 'binary':
      return discriminatorOf(name, modelOf(linearHead(trunk, 2)), context);
    case 'manipulations': {
      const { manipulations = [] } = context;
      if (manipulations.length === 0) {
        throw new Error(
          `detector ${name}: discriminator.head is manipulations, but those of its training are not known: it takes data whose fakes name them, and checkpoints of a run that had it`,
        );
      }
      const model = modelOf(linearHead(trunk, 1 + manipulations.length));
      return withHead(discriminatorOf(name, model, context), realOrAny, manipulationLosses(name));
    }
    case 'patches':
      return withHead(discriminatorOf(name, modelOf(cells(trunk)), context), meanOfCells, cellLosses);
  }
}

/** A linear layer on the vector of an image: [N, h, w, c] → [N, count]. */
export function linearHead(trunk: Trunk, count: number): tf.SymbolicTensor {
  const { features, block, pooled = (x) => globalPool(x, block), hidden = (x) => x } = trunk;
  return linear(hidden(pooled(features)), 'logits', count, block);
}

/** A detector whose model gives something else than two logits. */
function withHead<Z extends tf.Tensor>(
  model: Discriminator,
  binary: (z: Z) => tf.Tensor2D,
  losses: (z: Z, targets: Targets) => tf.Tensor1D,
): Discriminator {
  const output = (...given: Parameters<Discriminator['logits']>): Z =>
    model.logits(...given) as tf.Tensor as Z;
  return {
    name: model.name,
    trainable: model.trainable,
    state: model.state,
    drops: model.drops ?? false,
    dispose: () => model.dispose(),
    logits: (...given) => tf.tidy(() => binary(output(...given))),
    auxiliary: (images, targets, pass): AuxiliaryLosses => {
      const z = output(images, pass);
      return { logits: binary(z), losses: losses(z, targets), terms: {} };
    },
  };
}

/** z [N, 1 + M], real first → [z₀, ln Σ exp z₁…M]: their softmax has P(real) and the sum of the others. */
export function realOrAny(z: tf.Tensor2D): tf.Tensor2D {
  const [n, classes] = z.shape;
  const fakes = tf.slice(z, [0, 1], [n, classes - 1]);
  return tf.concat([tf.slice(z, [0, 0], [n, 1]), logSumExp(fakes)], 1);
}

function manipulationLosses(name: string) {
  return (z: tf.Tensor2D, { manipulations }: Targets): tf.Tensor1D => {
    if (manipulations === undefined) {
      throw new Error(
        `detector ${name} learns manipulations, and the batch does not name them: set game.pool_size=0, whose images do not, or discriminator.head=binary`,
      );
    }
    return sparseCrossEntropy(z, manipulations);
  };
}

/** A linear layer on every cell, in float32: [N, h, w, c] → [N, h, w, 2]. */
function cells({ features, block, hidden = (x) => x }: Trunk): tf.SymbolicTensor {
  const { casts = FLOAT32, seed } = block;
  const left = apply('cells', (x) => casts.leave(x)).apply(features) as tf.SymbolicTensor;
  const pointwise = conv2d({
    name: 'logits',
    filters: 2,
    kernelSize: 1,
    strides: 1,
    useBias: true,
    kernelInitializer: tf.initializers.glorotUniform({ seed: layerSeed(seed, 'logits') }),
  });
  return pointwise.apply(hidden(left)) as tf.SymbolicTensor;
}

/** z [N, h, w, 2] → [N, 2], ln of the mean over cells of softmax z: what the cells say on average. */
export function meanOfCells(z: tf.Tensor4D): tf.Tensor2D {
  const [n, h, w] = z.shape;
  const logs = tf.reshape(tf.logSoftmax(tf.reshape(z, [n * h * w, 2])), [n, h * w, 2]);
  const each = tf.unstack(logs, 2).map((log) => logSumExp(log as tf.Tensor2D));
  return tf.sub(tf.concat(each, 1), Math.log(h * w)) as tf.Tensor2D;
}

/**
 * Mean over the cells of the cross-entropy of each to the image's label, [N] (Chai et al., "What makes fake images detectable?", ECCV 2020,
 * section 3.2; they cut a network short so that its cells see little, which `discriminator.channels` does here).
 */
export function cellLosses(z: tf.Tensor4D, { labels }: Targets): tf.Tensor1D {
  const [n, h, w] = z.shape;
  const each = tf.reshape(tf.tile(tf.reshape(labels, [n, 1]), [1, h * w]), [n * h * w]) as tf.Tensor1D;
  const losses = sparseCrossEntropy(tf.reshape(z, [n * h * w, 2]), each);
  return tf.mean(tf.reshape(losses, [n, h * w]), 1);
}

/** ln Σ exp of each row, [N, k] → [N, 1]: any value less its own log-softmax, so that nothing overflows. */
function logSumExp(x: tf.Tensor2D): tf.Tensor2D {
  const [n] = x.shape;
  const first = (of: tf.Tensor): tf.Tensor2D => tf.slice(of as tf.Tensor2D, [0, 0], [n, 1]);
  return tf.sub(first(x), first(tf.logSoftmax(x)));
}
