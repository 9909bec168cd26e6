/** The detectors side by side: what each is made of, what it costs, and whether there are weights for it. */
import * as tf from '@tensorflow/tfjs';
import { csvLine } from './data/csv.ts';
import { INFERENCE, type Discriminator } from './discriminator/discriminator.ts';
import { parameterCount } from './ops/flat-parameters.ts';
import { multiplyAdds } from './ops/multiply-adds.ts';
import { FLOAT32 } from './ops/precision.ts';
import { createRng } from './ops/random.ts';
import { openDetector, openEngine } from './prepare.ts';
import type { ResultsTable } from './reports/tables.ts';
import type { RunConfig } from './run-settings.ts';
import { findDiscriminator } from './variants.ts';

/** What there is to say of a detector. */
export interface ModelFacts {
  /** The option: `discriminator=NAME`. */
  readonly name: string;
  /** That training moves, without an auxiliary batch-norm branch. */
  readonly parameters: number;
  /** Of one image at inference: see {@link multiplyAdds} for what counts. */
  readonly multiplyAdds: number;
  /** Side of the images in pixels. */
  readonly size: number;
  /** Milliseconds an image on this machine, forward; null if not measured. */
  readonly ms: number | null;
  /** Published weights that it can start from; null if there are none. */
  readonly weights: string | null;
}

/** A detector's option and the settings of a run with it. */
export interface NamedConfig {
  readonly name: string;
  readonly config: RunConfig;
}

export interface ModelsOptions {
  /** Side of the images in pixels. */
  readonly size: number;
  /** Whether to measure how long an image takes. */
  readonly time: boolean;
}

/** Images at a time, and rounds that count, where time is measured. */
const BATCH = 8;
const ROUNDS = 5;

/** Opens each detector from random weights on the processor, in float32, and says what it is; in the order given. */
export async function modelFacts(
  configs: readonly NamedConfig[],
  { size, time }: ModelsOptions,
): Promise<ModelFacts[]> {
  openEngine({ device: 'cpu', threads: null });
  const open: Discriminator[] = [];
  try {
    const facts: Omit<ModelFacts, 'ms'>[] = [];
    for (const { name, config } of configs) {
      const variant = await findDiscriminator(config.discriminator);
      const plain = { ...config, game: { ...config.game, auxiliary_bn: false } };
      const detector = await openDetector(plain, size, FLOAT32);
      open.push(detector);
      facts.push({
        name,
        parameters: parameterCount(detector.trainable),
        multiplyAdds: costOf(detector, size),
        size,
        weights: variant.pretrained?.(config.discriminator)?.imagenet ?? null,
      });
    }
    const times = time ? medianTimes(open, size) : null;
    return facts.map((each, i) => ({ ...each, ms: times?.[i] ?? null }));
  } finally {
    for (const detector of open) detector.dispose();
  }
}

function costOf(detector: Discriminator, size: number): number {
  const image = tf.zeros<tf.Rank.R4>([1, size, size, 3]);
  try {
    return multiplyAdds(() => {
      detector.logits(image, INFERENCE).dispose();
    });
  } finally {
    image.dispose();
  }
}

/** Milliseconds an image: the medians of rounds in which every detector has its turn, after one that does not count. */
function medianTimes(detectors: readonly Discriminator[], size: number): number[] {
  const images = createRng(1, 'models').uniform([BATCH, size, size, 3]) as tf.Tensor4D;
  const times = detectors.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    detectors.forEach((detector, i) => {
      const start = performance.now();
      tf.tidy(() => detector.logits(images, INFERENCE).dataSync());
      if (round > 0) times[i]!.push((performance.now() - start) / BATCH);
    });
  }
  images.dispose();
  return times.map((each) => each.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!);
}

/** The facts as people read them; a column without any is left out. */
export function modelsTable(facts: readonly ModelFacts[]): ResultsTable {
  const timed = facts.some(({ ms }) => ms !== null);
  const grouped = (value: number): string => value.toLocaleString('en-US');
  return {
    columns: [
      'detector',
      'parameters',
      'multiply-adds (M)',
      'pixels',
      ...(timed ? ['ms an image'] : []),
      'weights',
    ],
    rows: facts.map(({ name, parameters, multiplyAdds: cost, size, ms, weights }) => [
      name,
      grouped(parameters),
      (cost / 1e6).toFixed(1),
      `${size}×${size}`,
      ...(timed ? [ms!.toFixed(2)] : []),
      weights ?? '',
    ]),
  };
}

/** The facts as CSV, a line a detector; what is not known is empty. */
export function modelsCsv(facts: readonly ModelFacts[]): string {
  const keys = ['name', 'parameters', 'multiplyAdds', 'size', 'ms', 'weights'] as const;
  return [keys, ...facts.map((each) => keys.map((key) => String(each[key] ?? '')))].map(csvLine).join('');
}
