/** Packing: opens a dataset by its settings and packs its image files, with a line that shows how long it will take. */
import { packDataset, type Packing, type PackRequest } from './data/pack/pack.ts';
import { prepareData } from './prepare.ts';
import { openProgress, type ProgressOptions } from './reports/progress.ts';
import { tellProgress } from './run.ts';
import type { RunConfig } from './run-settings.ts';

/**
 * Packs the dataset of a configuration, without the fakes that training makes online.
 *
 * @param out where progress is told
 * @throws what opening the dataset and packing it throws
 */
export async function pack(
  { data, seed }: RunConfig,
  request: Omit<PackRequest, 'onImages' | 'seed'>,
  out: ProgressOptions['out'],
): Promise<Packing> {
  const dataset = await prepareData(
    data,
    seed,
    tellProgress((line) => out.write(`${line}\n`)),
  );
  const { skipped } = dataset;
  if (skipped[0] !== undefined) {
    out.write(`${skipped.length} left out, the first: ${skipped[0].file} ${skipped[0].why}\n`);
  }
  const total = (['train', 'val', 'test'] as const).reduce(
    (sum, split) => sum + dataset.samples(split).length,
    0,
  );
  const progress = openProgress({ label: 'pack', steps: total, unit: 'image', out });
  let before = 0;
  try {
    return await packDataset(dataset, {
      ...request,
      seed,
      onImages: (done) => {
        progress.update(done, {}, done - before);
        before = done;
      },
    });
  } finally {
    progress.close();
  }
}
