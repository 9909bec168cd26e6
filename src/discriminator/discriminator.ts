/** What a detector is to the rest of the house. */
import type * as tf from '@tensorflow/tfjs';
import type { SettingsOf, SettingsRecord } from '../config/settings.ts';
import type { Pass } from '../ops/layers.ts';
import type { Casts } from '../ops/precision.ts';

export type { Branch, Pass } from '../ops/layers.ts';
export { INFERENCE } from '../ops/layers.ts';

export interface Discriminator {
  readonly name: string;
  /**
   * Class logits, real first, fake second.
   *
   * @param images [N, H, W, 3] float32 in [0, 1]; any normalisation is the model's own
   * @returns [N, 2] float32
   */
  logits(images: tf.Tensor4D, pass: Pass): tf.Tensor2D;
  /** What training moves, in a fixed order. */
  readonly trainable: readonly tf.Variable[];
  /** Every variable by its name within the model, statistics of batch norm included: what a checkpoint holds. */
  readonly state: ReadonlyMap<string, tf.Variable>;
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
  /** In what its convolutions compute; left out: float32. Images, logits and variables are float32 in any. */
  readonly casts?: Casts;
}

/** One detector as its file exports it. */
export interface DiscriminatorVariant<S extends SettingsRecord = SettingsRecord> {
  readonly name: string;
  readonly settings: S;
  create(settings: SettingsOf<S>, context: DiscriminatorContext): Discriminator;
}

/** A detector whose settings the configuration has checked against its record. */
export interface AnyDiscriminatorVariant {
  readonly name: string;
  readonly settings: SettingsRecord;
  create(settings: Readonly<Record<string, unknown>>, context: DiscriminatorContext): Discriminator;
}
