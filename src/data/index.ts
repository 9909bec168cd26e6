/** The datasets by name, and how to open one. A new dataset is a file with { settings, create } and a line in the table. */
import type { SettingsRecord } from '../config/settings.ts';
import { framesVariant } from './corpora/frames.ts';
import { CORPORA } from './corpora/index.ts';
import type { Dataset } from './dataset.ts';
import { createFaces, facesSettings } from './faces.ts';
import { createFolder, folderSettings } from './folder.ts';
import { datasetModule } from './module.ts';
import type { DatasetContext, DatasetVariant } from './module.ts';

const VARIANTS = {
  faces: { name: 'faces', settings: facesSettings, create: createFaces },
  folder: { name: 'folder', settings: folderSettings, create: createFolder },
  ffpp: framesVariant(CORPORA.ffpp),
  'celeb-df': framesVariant(CORPORA['celeb-df']),
  dfd: framesVariant(CORPORA.dfd),
  dfdc: framesVariant(CORPORA.dfdc),
  dfdcp: framesVariant(CORPORA.dfdcp),
} satisfies Record<string, DatasetVariant>;

/** The names that `data=` takes; `module` stands for a file of the user's own. */
export const DATASET_NAMES: readonly string[] = [...Object.keys(VARIANTS), 'module'];

/** All that another process or thread needs to open the same dataset: plain values, no functions. */
export interface DatasetSource {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly cacheFolder: string;
  readonly seed: number;
}

/** A dataset that knows where it came from, so that the loader's worker can open it too. */
export interface OpenDataset extends Dataset {
  readonly source: DatasetSource;
}

/**
 * The settings that a dataset of this name takes, before it is opened: for the schema of the configuration.
 *
 * @param module path of the user's file, for the name `module`
 * @throws if there is no such dataset, or the user's file cannot be imported
 */
export async function datasetSettings(name: string, module?: unknown): Promise<SettingsRecord> {
  return (await variantOf(name, module)).settings;
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
  const variant = await variantOf(name, settings['module']);
  const create = variant.create as (settings: unknown, context: DatasetContext) => Promise<Dataset>;
  const dataset = await create(settings, { cacheFolder, seed, progress });
  return {
    name: dataset.name,
    size: dataset.size,
    samples: (split) => dataset.samples(split),
    read: (sample) => dataset.read(sample),
    skipped: dataset.skipped,
    source,
  };
}

async function variantOf(name: string, module: unknown): Promise<DatasetVariant> {
  if (name === 'module') {
    if (typeof module !== 'string' || module === '') {
      throw new Error('data=module needs the path of your file: data.module=./my-dataset.ts');
    }
    return datasetModule(module);
  }
  if (!Object.hasOwn(VARIANTS, name)) {
    throw new Error(`there is no dataset ${name}; there are ${DATASET_NAMES.join(', ')}`);
  }
  return VARIANTS[name as keyof typeof VARIANTS];
}
