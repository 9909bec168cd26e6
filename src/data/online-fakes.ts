/**
 * Fakes made of real images while these are read: no file holds them, and a sample looks different in each batch. So any real images whose
 * landmarks are known are a source of fakes, without a single forged video (Shiohara & Yamasaki, CVPR 2022).
 */
import { FAKE, REAL, type RgbImage, type Sample, type SampleReader } from './dataset.ts';
import { toFloat, toRgb, type Mask } from './forgery/float-image.ts';
import { centroid, type Point } from './forgery/geometry.ts';
import { selfBlendAt } from './forgery/self-blend.ts';
import type { OpenDataset } from './index.ts';
import type { Rng } from './rng.ts';

/** The methods that need no other person's face. */
export const ONLINE_METHODS = ['self-blend'] as const;
export type OnlineMethod = (typeof ONLINE_METHODS)[number];

const FORGES = { 'self-blend': selfBlendAt } satisfies Record<OnlineMethod, unknown>;

/** Distance of the eyes on the canvas that the methods' lengths are given for (ANCHORS in align.ts), in pixels. */
const CANVAS_EYES = 39;

/**
 * The dataset with fakes by `methods` of every training real whose landmarks it knows, each a sample in its real's pair. Reals without
 * landmarks stay as they are and are listed in `skipped`. No methods: the dataset as it is.
 *
 * @throws if the dataset knows no landmarks of any training real
 */
export async function withOnlineFakes(
  dataset: OpenDataset,
  methods: readonly OnlineMethod[],
): Promise<OpenDataset> {
  if (methods.length === 0) return dataset;
  const reals = dataset.samples('train').filter(({ label }) => label === REAL);
  const known = await Promise.all(reals.map(async (real) => (await dataset.landmarks?.(real)) ?? null));
  const sources = reals.filter((_, i) => known[i] !== null);
  if (sources.length === 0) {
    throw new Error(
      `batches.online_fakes: data=${dataset.name} knows the landmarks of none of its ${reals.length} training reals; make a manifest that ` +
        'has them by `npm run prepare`, and train with data=manifest',
    );
  }
  const fakes = methods.flatMap((method) => sources.map((real) => fakeOf(real, method)));
  const train = [...dataset.samples('train'), ...fakes];
  const without = reals.filter((_, i) => known[i] === null);
  return {
    ...dataset,
    samples: (split) => (split === 'train' ? train : dataset.samples(split)),
    skipped: [
      ...dataset.skipped,
      ...without.map(({ file }) => ({ file, why: 'has no landmarks, so no fake is made of it online' })),
    ],
  };
}

/**
 * The dataset, if it has something fake to learn.
 *
 * @throws if all of its training images are real
 */
export function requireFakes(dataset: OpenDataset): OpenDataset {
  if (dataset.samples('train').some(({ label }) => label === FAKE)) return dataset;
  throw new Error(
    `data=${dataset.name}: no fake image came into train, so that there is nothing fake to learn; give it fakes, or have them made of its ` +
      'reals by batches.online_fakes=[self-blend], which needs landmarks (`npm run prepare` finds them)',
  );
}

/**
 * The dataset without its own fakes in training: reals and the fakes made of them online. Val and test stay as they are.
 *
 * @throws if nothing fake is left to learn
 */
export function withoutOwnFakes(dataset: OpenDataset): OpenDataset {
  const train = dataset
    .samples('train')
    .filter(({ label, madeOf }) => label === REAL || madeOf !== undefined);
  if (train.every(({ label }) => label === REAL)) {
    throw new Error(
      'batches.own_fakes is false and batches.online_fakes names no method, so that there is nothing fake to learn: set batches.online_fakes=[self-blend]',
    );
  }
  return { ...dataset, samples: (split) => (split === 'train' ? train : dataset.samples(split)) };
}

function fakeOf(real: Sample, method: OnlineMethod): Sample {
  return { ...real, id: `${real.id}#${method}`, label: FAKE, manipulation: method, madeOf: real };
}

/**
 * Makes an online fake of its real's pixels.
 *
 * @returns its pixels, and where they were changed
 * @param image what the reader gives for `sample.madeOf`
 * @param rng the only source of chance
 * @throws if the reader knows no landmarks of the real
 */
export async function makeOnline(
  reader: SampleReader,
  { id, manipulation, madeOf }: Sample,
  image: RgbImage,
  rng: Rng,
): Promise<RgbImage & { readonly mask: Mask }> {
  const landmarks = madeOf === undefined ? null : await reader.landmarks?.(madeOf);
  if (!landmarks) throw new Error(`sample ${id}: no landmarks, so no fake can be made`);
  const forge = FORGES[manipulation as OnlineMethod](eyeDistance(landmarks) / CANVAS_EYES);
  const made = forge({ target: { image: toFloat(image), landmarks }, donors: [], rng });
  return { ...toRgb(made), mask: made.mask };
}

/** Between the middles of the eyes, in pixels. */
function eyeDistance(landmarks: readonly Point[]): number {
  const [left, right] = [centroid(landmarks.slice(36, 42)), centroid(landmarks.slice(42, 48))];
  return Math.hypot(right[0] - left[0], right[1] - left[1]);
}
