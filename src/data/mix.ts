/** `data=mix`: several datasets as one, their shares of the training batches set by weights. */
import { number, type SettingsRecord } from '../config/settings.ts';
import type { Dataset, Sample, SampleReader, Split } from './dataset.ts';
import { openReaderOf, type DatasetContext, type DatasetVariant } from './module.ts';

/** A key of a dataset; it begins the ids of its samples, up to the `/`. */
export const DATASET_KEY = /^[A-Za-z][A-Za-z0-9]*$/;

/** The dataset's settings under their key, and what opens it. */
export type MixParts = Readonly<Record<string, DatasetVariant>>;

/** What a mix is given: a section of settings for each dataset, and a weight for each. */
interface MixSettings {
  readonly datasets: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly weights: Readonly<Record<string, number>>;
}

const weight = number({
  min: 0,
  doc: 'share of the pairs of training batches, relative to the sum of the weights; 0 = val and test only',
});

/** The mix of these datasets, each under its key. `named` adds the setting `name` that every section has. */
export function mixOf(parts: MixParts, named: (settings: SettingsRecord) => SettingsRecord): DatasetVariant {
  const keys = Object.keys(parts);
  const each = (of: (key: string) => SettingsRecord[string]): SettingsRecord =>
    Object.fromEntries(keys.map((key) => [key, of(key)]));
  const settings = {
    datasets: each((key) => named(parts[key]!.settings)),
    weights: each(() => weight),
  };
  return {
    name: 'mix',
    settings,
    create: ((given: MixSettings, context: DatasetContext) =>
      createMix(parts, given, context)) as DatasetVariant['create'],
    openReader: ((given: MixSettings, context: DatasetContext) =>
      openMixReader(parts, given, context)) as DatasetVariant['openReader'] & object,
  };
}

async function createMix(
  parts: MixParts,
  { datasets, weights }: MixSettings,
  context: DatasetContext,
): Promise<Dataset> {
  const opened: [string, Dataset][] = [];
  for (const [key, variant] of Object.entries(parts)) {
    const create = variant.create as (settings: unknown, context: DatasetContext) => Promise<Dataset>;
    opened.push([key, await create(datasets[key], context)]);
  }
  const shares = opened.map(([key]) => ({ key, weight: weights[key]! }));
  checkWeights(shares, opened);
  const joined = (split: Split): readonly Sample[] =>
    opened.flatMap(([key, dataset]) => dataset.samples(split).map((sample) => prefixed(key, sample)));
  const splits = { train: joined('train'), val: joined('val'), test: joined('test') };
  return {
    ...readerOf(new Map(opened)),
    name: 'mix',
    samples: (split) => splits[split],
    skipped: opened.flatMap(([, dataset]) => dataset.skipped),
    shares: shares.map(({ key, weight }) => ({
      weight,
      name: key,
      holds: ({ id }) => keyOf(id) === key,
    })),
  };
}

/** The readers alone; a dataset that has no cheaper way is opened whole. */
async function openMixReader(
  parts: MixParts,
  { datasets }: MixSettings,
  context: DatasetContext,
): Promise<SampleReader> {
  const readers = new Map<string, SampleReader>();
  for (const [key, variant] of Object.entries(parts)) {
    readers.set(key, await openReaderOf(variant, datasets[key], context));
  }
  return readerOf(readers);
}

/** Hands each sample to the reader of its key, under the names that it has there. */
function readerOf(readers: ReadonlyMap<string, SampleReader>): SampleReader {
  const of = <T>(sample: Sample, work: (reader: SampleReader, own: Sample) => Promise<T>): Promise<T> => {
    const key = keyOf(sample.id);
    const reader = readers.get(key);
    if (reader === undefined) return Promise.reject(new Error(`data=mix has no sample ${sample.id}`));
    return work(reader, bare(key, sample));
  };
  return {
    size: sizeOf(readers),
    read: (sample) => of(sample, (reader, own) => reader.read(own)),
    ...([...readers.values()].every((reader) => reader.encoded !== undefined)
      ? { encoded: (sample: Sample) => of(sample, (reader, own) => reader.encoded!(own)) }
      : {}),
    mask: (sample) => of(sample, (reader, own) => reader.mask?.(own) ?? Promise.resolve(null)),
    landmarks: (sample) => of(sample, (reader, own) => reader.landmarks?.(own) ?? Promise.resolve(null)),
  };
}

/** The one size of all. Throws, naming the datasets, if they differ. */
function sizeOf(readers: ReadonlyMap<string, SampleReader>): number {
  const [[first, { size }]] = [...readers] as [[string, SampleReader]];
  for (const [key, reader] of readers) {
    if (reader.size !== size) {
      throw new Error(
        `data=mix: images of ${first} have ${size} pixels a side and those of ${key} ${reader.size}; set ` +
          `data.datasets.${first}.size and data.datasets.${key}.size to the same`,
      );
    }
  }
  return size;
}

function checkWeights(
  shares: readonly { readonly key: string; readonly weight: number }[],
  opened: readonly (readonly [string, Dataset])[],
): void {
  if (shares.every(({ weight }) => weight === 0)) {
    throw new Error('data=mix: every weight is 0, so there is nothing to train on; set data.weights');
  }
  for (const [i, [key, dataset]] of opened.entries()) {
    if (shares[i]!.weight > 0 && dataset.samples('train').length === 0) {
      throw new Error(
        `data=mix: ${key} (data=${dataset.name}) has no train samples; set data.weights.${key}=0 to use it in val and test only`,
      );
    }
  }
}

function keyOf(id: string): string {
  return id.slice(0, id.indexOf('/'));
}

function prefixed(key: string, sample: Sample): Sample {
  const { id, videoId, pair } = sample;
  return { ...sample, id: `${key}/${id}`, videoId: `${key}/${videoId}`, pair: `${key}/${pair}` };
}

function bare(key: string, sample: Sample): Sample {
  const own = (text: string): string => text.slice(key.length + 1);
  const { id, videoId, pair } = sample;
  return { ...sample, id: own(id), videoId: own(videoId), pair: own(pair) };
}
