/** One batch under attack: what the opponent makes of it, what the detector says of that, and how far it is from the clean images. */
import * as tf from '@tensorflow/tfjs';
import type { Batch } from './data/dataset.ts';
import { INFERENCE, type Discriminator } from './discriminator/discriminator.ts';
import type { AttackRow, BoundUse, Change, Judged } from './evaluation/attack-figures.ts';
import { comparisonOf } from './game/comparison.ts';
import { crossEntropy } from './game/objective.ts';
import { boundUse, checkPerturbed, PerturbationError } from './game/perturbation.ts';
import { victimOf } from './game/victim.ts';
import type { Generator, LabelledImages, Perturbed, Turn } from './generator/generator.ts';
import { toTensors } from './prepare.ts';
import type { Comparison } from './reports/pictures.ts';

/** Columns of the comparison. */
const COLUMNS = 8;
/** Pixel differences are shown times this, around grey. */
const AMPLIFICATION = 8;

export interface AttackedBatch {
  readonly rows: readonly AttackRow[];
  /** [N, size, size, 3] in [0, 1], and the same in 8 bits. */
  readonly images: Float32Array;
  readonly bytes: Uint8Array;
  /** Its first images. */
  readonly comparison: Comparison;
}

/** Attacks a batch and judges it clean, adversarial, and rounded as an 8-bit file holds it. Frees every tensor. */
export function attackBatch(
  detector: Discriminator,
  opponent: Generator,
  batch: Batch,
  turn: Turn,
): AttackedBatch {
  let attacked: AttackedBatch | undefined;
  tf.tidy(() => {
    attacked = attackInScope(detector, opponent, batch, turn);
  });
  return attacked!;
}

function attackInScope(
  detector: Discriminator,
  opponent: Generator,
  batch: Batch,
  turn: Turn,
): AttackedBatch {
  const { images: clean, labels } = toTensors(batch);
  const victim = victimOf(detector, { crafting: 'eval', auxiliary_bn: false });
  const perturbed = opponent.perturb({ images: clean, labels }, victim, turn);
  const uses = inBudget(opponent, batch, clean, perturbed);
  // the check lets float32 dust pass outside [0, 1]; a file has none
  const images = tf.clipByValue(perturbed.images, 0, 1) as tf.Tensor4D;
  const values = images.dataSync<'float32'>();
  const bytes = Uint8Array.from(values, (value) => Math.round(value * 255));
  const rounded = tf.tensor4d(
    Float32Array.from(bytes, (byte) => byte / 255),
    clean.shape,
  );
  const roundedUses = boundUse(clean, { ...perturbed, images: rounded });
  const judged = {
    clean: judge(detector, { images: clean, labels }, batch),
    adversarial: judge(detector, { images, labels }, batch),
    rounded: judge(detector, { images: rounded, labels }, batch),
  };
  const change = { adversarial: changeOf(clean, images), rounded: changeOf(clean, rounded) };
  const rows = batch.samples.map(({ id, label }, i): AttackRow => {
    const bounds = Object.entries(uses).map(([name, use]): [string, BoundUse] => {
      const afterwards = name === 'pixels' ? roundedUses[name]![i]! : null;
      return [name, { ...perturbed.bounds[name]!, adversarial: use[i]!, rounded: afterwards }];
    });
    return {
      id,
      label,
      judged: {
        clean: judged.clean[i]!,
        adversarial: judged.adversarial[i]!,
        rounded: judged.rounded[i]!,
      },
      change: { adversarial: change.adversarial[i]!, rounded: change.rounded[i]! },
      bounds: Object.fromEntries(bounds),
    };
  });
  const comparison = comparisonOf(
    clean,
    { ...perturbed, images },
    { columns: COLUMNS, amplification: AMPLIFICATION },
  );
  return { rows, images: values, bytes, comparison };
}

/** The shares of its bounds that the opponent used. Throws, naming the image, if it left them or [0, 1]. */
function inBudget(
  opponent: Generator,
  batch: Batch,
  clean: tf.Tensor4D,
  perturbed: Perturbed,
): Readonly<Record<string, Float32Array>> {
  try {
    return checkPerturbed(opponent.name, clean, perturbed);
  } catch (error) {
    if (!(error instanceof PerturbationError)) throw error;
    const { id, file } = batch.samples[error.row]!;
    throw new Error(`${error.message}, with the image ${id} (${file})`, { cause: error });
  }
}

function judge(detector: Discriminator, { images, labels }: LabelledImages, batch: Batch): Judged[] {
  return tf.tidy(() => {
    const logits = detector.logits(images, INFERENCE);
    const losses = crossEntropy(logits, labels).dataSync<'float32'>();
    const scores = tf.softmax(logits).slice([0, 1], [-1, 1]).dataSync<'float32'>();
    return batch.samples.map(({ id, file }, i) => {
      const [loss, score] = [losses[i]!, scores[i]!];
      if (!Number.isFinite(loss) || !Number.isFinite(score)) {
        throw new Error(`the detector's loss of ${id} (${file}) is ${loss}, its score ${score}`);
      }
      return { loss, score };
    });
  });
}

function changeOf(clean: tf.Tensor4D, images: tf.Tensor4D): Change[] {
  const lengths = (norm: 'linf' | 'l2'): Float32Array =>
    boundUse(clean, { images, maps: {}, bounds: { pixels: { norm, limit: 1 } } })['pixels']!;
  const [linf, l2] = [lengths('linf'), lengths('l2')];
  return Array.from(linf, (value, i) => ({ linf: value, l2: l2[i]! }));
}
