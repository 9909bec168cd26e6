/**
 * What a module that brings a dataset exports, the built-in ones (faces.ts, folder.ts) and a user's own file alike.
 */
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { text } from '../config/settings.ts';
import type { SettingsOf, SettingsRecord } from '../config/settings.ts';
import type { Dataset, SampleReader } from './dataset.ts';

/** What a dataset is given beside its settings. */
export interface DatasetContext {
  /** A folder that outlives the run, for what is costly to make; the dataset keeps to a subfolder of its own. */
  readonly cacheFolder: string;
  /** Seed of every draw that belongs to the data: splits, forgeries. */
  readonly seed: number;
  /** Tells the user how far `create` is, where it takes long: `total` things to do at this stage, `done` of them done. */
  readonly progress: (state: {
    readonly stage: string;
    readonly done: number;
    readonly total: number;
  }) => void;
}

/** A way to get a dataset: its settings, and the factory that opens it. */
export interface DatasetVariant<S = never> {
  readonly name: string;
  readonly settings: SettingsRecord;
  /** Opens the dataset. The same settings and seed give the same samples with the same pixels, in any process. */
  readonly create: (settings: S, context: DatasetContext) => Promise<Dataset>;
  /**
   * Opens what the loader's workers need: they are given samples and read them. Where a variant has no cheaper way than `create`, it leaves
   * this out.
   */
  readonly openReader?: (settings: S, context: DatasetContext) => Promise<SampleReader>;
}

/** What reads a variant's samples: by its `openReader`, or the whole dataset where it has none. Throws what these throw. */
export function openReaderOf(
  { openReader, create }: DatasetVariant,
  settings: unknown,
  context: DatasetContext,
): Promise<SampleReader> {
  return (openReader ?? create)(settings as never, context);
}

/** Settings of `data=module`; the keys that the user's file describes stand beside this one. */
export const moduleSettings = {
  module: text(
    'path of a TypeScript or JavaScript file that exports { settings, create }, from the working folder',
  ),
};
export type ModuleSettings = SettingsOf<typeof moduleSettings>;

/**
 * A researcher's own dataset: a file that exports `settings` (a record of setting descriptors, src/config/settings.ts) and
 * `create(settings, context)`, and `openReader` if it has one, as in {@link DatasetVariant}. Importing it runs it, so name only files that you trust.
 *
 * @param path of the file, relative to the working folder
 * @throws if the file is missing, cannot be imported, or lacks one of the two exports
 */
export async function datasetModule(path: string): Promise<DatasetVariant<ModuleSettings>> {
  const file = resolve(path);
  await access(file).catch((cause: unknown) => {
    throw new Error(`data.module: there is no readable file ${file}; paths start at the working folder`, {
      cause,
    });
  });
  const found = (await import(pathToFileURL(file).href).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`data.module: ${file} cannot be imported: ${reason}`, { cause });
  })) as Partial<DatasetVariant<ModuleSettings>>;
  const { settings, create, openReader } = found;
  if (typeof create !== 'function' || typeof settings !== 'object' || settings === null) {
    throw new Error(
      `data.module: ${file} must export \`settings\` (a record of settings, {} if there are none) and \`create(settings, context)\`; ` +
        `it exports ${Object.keys(found).join(', ') || 'nothing'}`,
    );
  }
  if ('module' in settings) {
    throw new Error(
      `data.module: ${file} has a setting called \`module\`, which is the key of its own path; rename it`,
    );
  }
  return {
    name: 'module',
    settings: { ...moduleSettings, ...settings },
    create,
    ...(openReader === undefined ? {} : { openReader }),
  };
}
