/**
 * The opponent of the detector. Every opponent, classical or learned, is a Generator: it is handed a batch and the detector as it
 * stands, and gives back the batch changed so that the detector's loss grows, inside bounds that it names.
 */
import type * as tf from '@tensorflow/tfjs';
import type { SettingsOf, SettingsRecord } from '../config/settings.ts';
import type { Casts } from '../ops/precision.ts';
import type { Rng } from '../ops/random.ts';
import type { Ascent, CleanPass } from './gradient-ascent.ts';
import type { Perturbed } from './perturbed.ts';

export type { CleanPass } from './gradient-ascent.ts';
export type { Bound, Perturbed } from './perturbed.ts';

/** A batch as the game plays it; row i of both is the same image. */
export interface LabelledImages {
  /** [N, H, W, 3] float32 in [0, 1]. */
  readonly images: tf.Tensor4D;
  /** [N] int32, 1 = fake. */
  readonly labels: tf.Tensor1D;
}

/** The detector as its opponent sees it: what it loses and what it says, as functions of images. Nothing of it can be moved through this. */
export interface Victim {
  /** Cross-entropy of each image to the given class in nats, [N] float32; differentiable in the images. */
  lossOf(images: tf.Tensor4D, labels: tf.Tensor1D): tf.Tensor1D;
  /** What it says of each image, [N, 2] float32, real first: for attacks that need more than a loss; differentiable in the images. */
  logits(images: tf.Tensor4D): tf.Tensor2D;
  /** The class that the detector gives each image, [N] int32. */
  predict(images: tf.Tensor4D): tf.Tensor1D;
}

/** What an opponent may know of the moment. */
export interface Turn {
  /** The opponent's own stream of random numbers. */
  readonly rng: Rng;
  /** Share of the opponent's rounds that have been played, in [0, 1]; 1 outside training. */
  readonly progress: number;
}

/** What a learner plays, and what each image costs it, [N] ≥ 0, in nats. */
export type Played = Perturbed & { readonly cost: tf.Tensor1D };

/** The learning half of an opponent with parameters. The game ascends mean(loss of `images` − `cost`) over `trainable`. */
export interface Learner {
  readonly trainable: readonly tf.Variable[];
  /** Its images, differentiable in `trainable`. */
  play(batch: LabelledImages, victim: Victim, turn: Turn): Played;
  /** Called after each step of its optimiser: moving averages and the like. */
  stepped(): void;
}

export interface Generator {
  readonly name: string;
  /** The opponent's images for a batch. Moves nothing: neither the detector nor anything in `state`. */
  perturb(batch: LabelledImages, victim: Victim, turn: Turn): Perturbed;
  /**
   * As `perturb`, for an attack on the true label that starts at the clean images: its first step is taken from what a pass of them
   * has told, and the victim, the detector as that pass saw it, is asked only for further ones.
   */
  readonly perturbFrom?: (batch: LabelledImages, victim: Victim, turn: Turn, clean: CleanPass) => Perturbed;
  /** A classical attack that climbs the loss to the true label, as a problem of ascent: Free AT plays it step by step. */
  readonly ascent?: (batch: LabelledImages, turn: Turn) => Ascent;
  /** What the game trains; empty for classical attacks. */
  readonly learners: readonly Learner[];
  /** Every variable by name: what a checkpoint holds; empty for classical attacks. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  dispose(): void;
}

/** The ways of playing (`game.play`). */
export type PlayName = 'alternating' | 'simultaneous' | 'free';

/** What an opponent is built from besides its settings. */
export interface GeneratorContext {
  /** Side of the square images in pixels. */
  readonly imageSize: number;
  /** Seed of initial weights. */
  readonly seed: number;
  /** In what the convolutions of networks compute; left out: float32. Images, maps and variables are float32 in any. */
  readonly casts?: Casts;
}

/** Something that is wrong with settings that are each allowed: the setting's key below the opponent's, and why it cannot be. */
export interface SettingsProblem {
  readonly key: string;
  readonly problem: string;
}

/** What settings are checked against before anything is built. */
export interface CheckContext {
  /** Side of the images; null where only the data will tell. */
  readonly imageSize: number | null;
  /** How the game is played; alternating if it is not said. */
  readonly play?: PlayName;
}

/** One opponent as its file exports it. */
export interface GeneratorVariant<S extends SettingsRecord = SettingsRecord> {
  readonly name: string;
  readonly settings: S;
  /** How it can be played; alternating alone if it does not say. */
  readonly plays?: readonly PlayName[];
  /** Whether it starts at the clean images, unless at random, so that its first step can share their pass. */
  readonly startsClean?: boolean;
  /** Whether it sees what the detector says and no gradient of it; it sees them if it does not say. */
  readonly blackBox?: boolean;
  /** What is wrong with settings taken together. */
  check?(settings: SettingsOf<S>, context: CheckContext): readonly SettingsProblem[];
  create(settings: SettingsOf<S>, context: GeneratorContext): Generator;
}

/** An opponent whose settings the configuration has checked against its record. */
export interface AnyGeneratorVariant {
  readonly name: string;
  readonly settings: SettingsRecord;
  readonly plays?: readonly PlayName[];
  readonly startsClean?: boolean;
  readonly blackBox?: boolean;
  check?(settings: Readonly<Record<string, unknown>>, context: CheckContext): readonly SettingsProblem[];
  create(settings: Readonly<Record<string, unknown>>, context: GeneratorContext): Generator;
}

/** The parts of a Generator that a classical attack leaves empty. */
export const NOT_LEARNED = {
  learners: [],
  state: new Map<string, tf.Variable>(),
  dispose: (): void => {},
} satisfies Partial<Generator>;

/** How a classical attack can be played. */
export const CLASSICAL_PLAYS: readonly PlayName[] = ['alternating', 'free'];
