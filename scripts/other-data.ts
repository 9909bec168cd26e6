// Other data that a run is tested on, trained or still to be: what evaluate and ablate share.
import { plainValue, type MapNode } from '../src/config/tree.ts';
import { datasetSettings } from '../src/data/index.ts';
import type { DatasetContext } from '../src/data/module.ts';
import { checkRunConfig } from '../src/run-config.ts';
import type { RunConfig, VariantConfig } from '../src/run-settings.ts';
import { imageSizeOf } from '../src/trained-run.ts';
import { composeWith } from './compose-run.ts';

/** A run by its settings. */
export interface RunSettings {
  /** What messages call it. */
  readonly name: string;
  readonly config: RunConfig;
  readonly root: MapNode;
}

/**
 * The data that the overrides name, as `npm run train` composes and checks them, or without `data=` the run's own with changes. The size of
 * the images is the run's if the dataset has that setting and no override gives it.
 */
export async function otherData(
  { name: run, config, root }: RunSettings,
  overrides: readonly string[],
  progress: DatasetContext['progress'],
): Promise<VariantConfig> {
  const anew = overrides.some((override) => /^data(@[^=]*)?=/.test(override));
  const resolved = anew ? composeWith(root, overrides, [], []) : composeWith(root, [], ['data'], overrides);
  const data = resolved.entries.get('data');
  const asked = overrides.some((override) => /^\+{0,2}data\.size=/.test(override));
  if (data?.kind === 'map' && !asked) {
    const section = plainValue(data) as Readonly<Record<string, unknown>>;
    const { name } = section;
    if (typeof name === 'string' && 'size' in (await datasetSettings(name, section))) {
      const size = BigInt(await imageSizeOf(config, progress));
      data.entries.set('size', { kind: 'int', value: size, origin: { place: `the detector of ${run}` } });
    }
  }
  return (await checkRunConfig(resolved)).data;
}
