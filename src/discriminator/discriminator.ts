/** What a detector is to the rest of the house. */
import type * as tf from '@tensorflow/tfjs';
import type { SettingsOf, SettingsRecord } from '../config/settings.ts';
import type { Pass } from '../ops/layers.ts';
import type { Casts } from '../ops/precision.ts';
import type { Pretrained } from '../weights/pretrained.ts';

export type { Branch, Pass } from '../ops/layers.ts';
export { INFERENCE } from '../ops/layers.ts';

/** What a detector may be told of the images that it learns from; row i of each is the same image. */
export interface Targets {
  /** [N] int32, 1 = fake. */
  readonly labels: tf.Tensor1D;
  /** [N] int32: 0 = real, else 1 + the place of its manipulation among the context's `manipulations`. */
  readonly manipulations?: tf.Tensor1D;
  readonly masks?: Masks;
}

/** Where images were changed. */
export interface Masks {
  /** [N, H, W, 1] float32, opacity of what was laid over the picture, in [0, 1]; zeros for reals and where it is not known. */
  readonly values: tf.Tensor4D;
  /** [N] float32: 1 where `values` are known, 0 where not. */
  readonly known: tf.Tensor1D;
}

/** The targets that not every batch has. */
export type TargetName = 'manipulations' | 'masks';

/** What a detector descends in place of, and beside, the classification loss L of its logits. */
export interface AuxiliaryLosses {
  /** As `logits` gives them in the same pass, [N, 2]. */
  readonly logits: tf.Tensor2D;
  /** In place of L, [N]; left out: L of the logits. */
  readonly losses?: tf.Tensor1D;
  /** Added to it, by name and already weighted, [N] each. */
  readonly terms: Readonly<Record<string, tf.Tensor1D>>;
}

export interface Discriminator {
  readonly name: string;
  /**
   * Class logits, real first, fake second.
   *
   * @param images [N, H, W, 3] float32 in [0, 1]; any normalisation is the model's own
   * @returns [N, 2] float32
   */
  logits(images: tf.Tensor4D, pass: Pass): tf.Tensor2D;
  /**
   * What the detector learns by where that is more than L of its logits: the logits of the images and the losses, of one pass. Opponents
   * ascend L of the logits all the same. Must make and move what `logits` does, statistics included.
   *
   * @throws if a target that it needs is missing
   */
  readonly auxiliary?: (images: tf.Tensor4D, targets: Targets, pass: Pass) => AuxiliaryLosses;
  /** What training moves, in a fixed order. */
  readonly trainable: readonly tf.Variable[];
  /** Every variable by its name within the model, statistics of batch norm included: what a checkpoint holds. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  /** Whether it has dropout, so that passes with a draw (`Pass.draw`) are others than those without; left out: no. */
  readonly drops?: boolean;
  /** What it is built as, where that is a model of tf.layers: for an export. */
  readonly model?: tf.LayersModel;
  dispose(): void;
}

/** What a detector is built from besides its settings. */
export interface DiscriminatorContext {
  /** Side of the square input in pixels. */
  readonly imageSize: number;
  /** Seed of the initial weights. */
  readonly seed: number;
  /** Whether adversarial images get batch-norm parameters and statistics of their own. */
  readonly auxiliaryBatchNorm: boolean;
  /** Whether activations are computed again in the backward pass instead of kept: less memory, about a third more time, the same gradients. */
  readonly recompute: boolean;
  /** The manipulations of the training split's fakes, in a fixed order: what `Targets.manipulations` counts. Left out: not known. */
  readonly manipulations?: readonly string[];
  /** In what its convolutions compute; left out: float32. Images, logits and variables are float32 in any. */
  readonly casts?: Casts;
}

/** One detector as its file exports it. */
export interface DiscriminatorVariant<S extends SettingsRecord = SettingsRecord> {
  readonly name: string;
  readonly settings: S;
  /** Targets without which it cannot learn by these settings; none if it does not say. */
  needs?(settings: SettingsOf<S>): readonly TargetName[];
  create(settings: SettingsOf<S>, context: DiscriminatorContext): Discriminator;
  /** What weights it can start from, if any; with it the setting `weights` (weights/pretrained.ts). */
  readonly pretrained?: (settings: SettingsOf<S>) => Pretrained;
}

/** A detector whose settings the configuration has checked against its record. */
export interface AnyDiscriminatorVariant {
  readonly name: string;
  readonly settings: SettingsRecord;
  needs?(settings: Readonly<Record<string, unknown>>): readonly TargetName[];
  create(settings: Readonly<Record<string, unknown>>, context: DiscriminatorContext): Discriminator;
  readonly pretrained?: (settings: Readonly<Record<string, unknown>>) => Pretrained;
}
