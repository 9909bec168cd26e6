/** The datasets by name, and how to open one. A new dataset is a file with { settings, create } and a line in the table. */
import { text, type SettingsRecord } from '../config/settings.ts';
import { framesVariant } from './corpora/frames.ts';
import { PUBLIC_CORPORA } from './corpora/index.ts';
import type { Dataset, Sample, SampleReader } from './dataset.ts';
import { createDeepfakebench, deepfakebenchSettings } from './deepfakebench.ts';
import { createFaces, facesSettings } from './faces.ts';
import { createFolder, folderSettings, openFolderReader } from './folder.ts';
import { createLst, lstSettings } from './lst.ts';
import { createManifest, manifestSettings, openManifestReader } from './manifest.ts';
import { DATASET_KEY, mixOf } from './mix.ts';
import { datasetModule, openReaderOf } from './module.ts';
import type { DatasetContext, DatasetVariant } from './module.ts';
import { openPublishedReader } from './published-lists.ts';
import { createTwoCues, twoCuesSettings } from './two-cues.ts';

const VARIANTS = {
  faces: { name: 'faces', settings: facesSettings, create: createFaces },
  folder: { name: 'folder', settings: folderSettings, create: createFolder, openReader: openFolderReader },
  ffpp: framesVariant(PUBLIC_CORPORA.ffpp),
  'celeb-df': framesVariant(PUBLIC_CORPORA['celeb-df']),
  dfd: framesVariant(PUBLIC_CORPORA.dfd),
  dfdc: framesVariant(PUBLIC_CORPORA.dfdc),
  dfdcp: framesVariant(PUBLIC_CORPORA.dfdcp),
  manifest: {
    name: 'manifest',
    settings: manifestSettings,
    create: createManifest,
    openReader: openManifestReader,
  },
  deepfakebench: {
    name: 'deepfakebench',
    settings: deepfakebenchSettings,
    create: createDeepfakebench,
    openReader: openPublishedReader,
  },
  lst: { name: 'lst', settings: lstSettings, create: createLst, openReader: openPublishedReader },
  'two-cues': { name: 'two-cues', settings: twoCuesSettings, create: createTwoCues },
} satisfies Record<string, DatasetVariant>;

/** The names that `data=` takes; `module` stands for a file of the user's own. */
export const DATASET_NAMES: readonly string[] = [...Object.keys(VARIANTS), 'mix', 'module'];

/** All that another process or thread needs to open the same dataset: plain values, no functions. */
export interface DatasetSource {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly cacheFolder: string;
  readonly seed: number;
}

/** A dataset that knows where it came from, so that the loader's threads can read it too. */
export interface OpenDataset extends Dataset {
  readonly source: DatasetSource;
}

/**
 * The settings that a dataset of this name takes, before it is opened: for the schema of the configuration.
 *
 * @param section the values of the group, checked or not: `module` is read of them, and `datasets` for the name `mix`
 * @throws DatasetError if there is no such dataset, or a mix does not say of what; any error if the user's file cannot be imported
 */
export async function datasetSettings(name: string, section: Section = {}): Promise<SettingsRecord> {
  return (await variantOf(name, section)).settings;
}

/**
 * Opens a dataset by name. Its settings are taken as valid: the configuration has checked them.
 *
 * @throws if there is no such dataset, or what its `create` throws
 */
export async function openDataset(
  source: DatasetSource,
  progress: DatasetContext['progress'],
): Promise<OpenDataset> {
  const { name, settings, cacheFolder, seed } = source;
  const variant = await variantOf(name, settings);
  const create = variant.create as (settings: unknown, context: DatasetContext) => Promise<Dataset>;
  const dataset = await create(settings, { cacheFolder, seed, progress });
  return {
    name: dataset.name,
    size: dataset.size,
    samples: (split) => dataset.samples(split),
    read: (sample) => dataset.read(sample),
    ...(dataset.encoded === undefined ? {} : { encoded: (sample: Sample) => dataset.encoded!(sample) }),
    ...(dataset.landmarks === undefined ? {} : { landmarks: (sample: Sample) => dataset.landmarks!(sample) }),
    ...(dataset.mask === undefined ? {} : { mask: (sample: Sample) => dataset.mask!(sample) }),
    skipped: dataset.skipped,
    ...(dataset.shares === undefined ? {} : { shares: dataset.shares }),
    source,
  };
}

/**
 * Opens what reads a dataset's samples, without their list where the dataset has a way: for the loader's threads. The first opening, of the
 * whole dataset, told its progress.
 *
 * @throws as {@link openDataset}
 */
export async function openReader(source: DatasetSource): Promise<SampleReader> {
  const { name, settings, cacheFolder, seed } = source;
  const variant = await variantOf(name, settings);
  return openReaderOf(variant, settings, { cacheFolder, seed, progress: () => undefined });
}

type Section = Readonly<Record<string, unknown>>;

/** A section of settings does not say which dataset it is for; the setting `key` is at fault. */
export class DatasetError extends Error {
  readonly key: string;

  constructor(key: string, problem: string) {
    super(`'${key}' ${problem}`);
    this.name = 'DatasetError';
    this.key = key;
  }
}

async function variantOf(name: string, section: Section, place = 'data'): Promise<DatasetVariant> {
  const { module } = section;
  if (name === 'mix') return mixIn(section, place);
  if (name === 'module') {
    if (typeof module !== 'string' || module === '') {
      const key = `${place}.module`;
      throw new DatasetError(key, `must be the path of your file: ${key}=./my-dataset.ts`);
    }
    return datasetModule(module);
  }
  if (!Object.hasOwn(VARIANTS, name)) {
    throw new DatasetError(
      `${place}.name`,
      `must be a dataset's: there is no dataset ${name}; there are ${DATASET_NAMES.join(', ')}`,
    );
  }
  return VARIANTS[name as keyof typeof VARIANTS];
}

/** The mix of the datasets that a section names. Throws, naming the key, where one is not known. */
async function mixIn({ datasets }: Section, mix: string): Promise<DatasetVariant> {
  const places = `${mix}.datasets`;
  if (!isSection(datasets) || Object.keys(datasets).length === 0) {
    throw new DatasetError(places, `must hold the datasets of the mix: +data@${places}.first=folder`);
  }
  const parts: Record<string, DatasetVariant> = {};
  for (const [key, part] of Object.entries(datasets)) {
    if (!DATASET_KEY.test(key)) {
      throw new DatasetError(`${places}.${key}`, 'needs another key: letters and digits, a letter first');
    }
    const name = isSection(part) ? part['name'] : undefined;
    if (typeof name !== 'string') {
      const place = `${places}.${key}`;
      throw new DatasetError(`${place}.name`, `must say which dataset it is: data@${place}=folder`);
    }
    parts[key] = await variantOf(name, part as Section, `${places}.${key}`);
  }
  return mixOf(parts, (settings) => ({ name: text('which dataset'), ...settings }));
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
