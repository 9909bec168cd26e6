/**
 * The opponent of the detector. Every opponent, classical or learned, is a Generator: it is handed a batch and the detector's
 * loss as a function of images, and gives back the batch changed so that the loss grows, inside its own budget.
 */
import type * as tf from '@tensorflow/tfjs';
import type { SettingsOf, SettingsRecord } from '../config/settings.ts';
import type { Rng } from '../ops/random.ts';

/** A batch as the game plays it; row i of both is the same image. */
export interface LabelledImages {
  /** [N, H, W, 3] float32 in [0, 1]. */
  readonly images: tf.Tensor4D;
  /** [N] int32, 1 = fake. */
  readonly labels: tf.Tensor1D;
}

/** The detector's loss of each image, [N] float32, as a differentiable function of the images alone. */
export type LossOf = (images: tf.Tensor4D) => tf.Tensor1D;

/** An alias, not an interface, so that it may leave a tidy. */
export type Perturbed = {
  /** Same shape as the input, in [0, 1]. */
  readonly images: tf.Tensor4D;
  /** What the opponent chose, for pictures and statistics: `sigma` [N, H, W, 1] in pixels, for one. */
  readonly maps: Readonly<Record<string, tf.Tensor4D>>;
};

export interface Generator {
  readonly name: string;
  /**
   * The opponent's images for a batch. Classical attacks ascend `lossOf` here; a learned generator only runs its networks, and is
   * differentiable in `trainable`: the game ascends it in steps of its own.
   */
  perturb(batch: LabelledImages, lossOf: LossOf, rng: Rng): Perturbed;
  /** What the game trains by ascending the detector's loss; empty for classical attacks. */
  readonly trainable: readonly tf.Variable[];
  /** Every variable by name: what a checkpoint holds; empty for classical attacks. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  dispose(): void;
}

/** What an opponent is built from besides its settings. */
export interface GeneratorContext {
  /** Side of the square images in pixels. */
  readonly imageSize: number;
  /** Seed of initial weights. */
  readonly seed: number;
}

/** One opponent as its file exports it. */
export interface GeneratorVariant<S extends SettingsRecord = SettingsRecord> {
  readonly name: string;
  readonly settings: S;
  create(settings: SettingsOf<S>, context: GeneratorContext): Generator;
}

/** An opponent whose settings the configuration has checked against its record. */
export interface AnyGeneratorVariant {
  readonly name: string;
  readonly settings: SettingsRecord;
  create(settings: Readonly<Record<string, unknown>>, context: GeneratorContext): Generator;
}

/** The parts of a Generator that a classical attack leaves empty. */
export const NOT_LEARNED = {
  trainable: [],
  state: new Map<string, tf.Variable>(),
  dispose: (): void => {},
} satisfies Partial<Generator>;
