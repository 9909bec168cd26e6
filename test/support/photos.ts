/** The faces dataset as the tests open it: from the user's cache, where set-up has put the photos. */
import { cacheFolder } from '../../src/data/cache-folder.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { createFaces, type FacesSettings } from '../../src/data/faces.ts';
import { FORGERIES, type ForgeryName } from '../../src/data/forgery/index.ts';

export const ALL_METHODS = Object.keys(FORGERIES) as ForgeryName[];

/** Few and small enough to be rendered within a test run, where the cache does not hold them yet. */
export const TEST_SETTINGS: FacesSettings = {
  size: 96,
  methods_seen: ['deepfakes', 'face2face', 'neuraltextures'],
  methods_unseen: ['faceswap'],
  online_fakes: [],
  variants_train: 1,
  variants_eval: 1,
  quality_min: 80,
  quality_max: 98,
  seed: 1,
};

export function openFaces(settings: Partial<FacesSettings> = {}): Promise<Dataset> {
  return createFaces({ ...TEST_SETTINGS, ...settings }, { cacheFolder: cacheFolder(), progress: () => {} });
}
