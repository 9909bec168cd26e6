/** Opening the dataset that a run's settings name. */
import { cacheFolder } from './data/cache-folder.ts';
import { openDataset, type OpenDataset } from './data/index.ts';
import type { DatasetContext } from './data/module.ts';
import type { RunConfig } from './run-config.ts';

/** Opens the dataset; what is costly to make is made now and found in the user's cache the next time. */
export function prepareData(
  data: RunConfig['data'],
  seed: number,
  progress: DatasetContext['progress'],
): Promise<OpenDataset> {
  const { name, ...settings } = data;
  return openDataset({ name, settings, cacheFolder: cacheFolder(), seed }, progress);
}
