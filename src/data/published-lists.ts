/** Lists that say the split of each image, as papers and benchmarks publish them: what data=deepfakebench and data=lst have in common. */
import { isAbsolute, join, relative, resolve } from 'node:path';
import { choice, nullable, number, text, type SettingsOf } from '../config/settings.ts';
import type { Dataset, Sample, SampleReader, Skipped } from './dataset.ts';
import { belongings, type Unit } from './groups.ts';
import { checkShared, openList, squareReader } from './image-list.ts';
import { listSettings, sharedRemedy } from './list-settings.ts';
import type { DatasetContext } from './module.ts';
import { select } from './selection.ts';

export const publishedSettings = {
  root: text('the folder that the paths of the lists start at, from the working folder'),
  ...listSettings,
  val_fraction: nullable(
    number({
      min: 0,
      max: 1,
      doc: 'share of the groups of train that is dealt out to val, in place of a val list; null = val is what the lists say',
    }),
  ),
  overlap: choice(
    ['refuse', 'keep-test'],
    'videos, pairs and people of test that are in train or val too: refuse: an error; keep-test: they are taken out of train and val, and told',
  ),
};
export type PublishedSettings = SettingsOf<typeof publishedSettings>;

/** What lists say, all of them together. */
export interface Published {
  /** Of the dataset. */
  readonly name: string;
  /** The lists, for messages. */
  readonly place: string;
  readonly samples: readonly Sample[];
  /** What is listed and cannot be used. */
  readonly skipped: readonly Skipped[];
}

/**
 * The dataset of published lists.
 *
 * @throws if splits share what they must not, an image is listed as real and as fake, a split lacks a class, files are elsewhere, or the
 * selection names what is not there
 */
export async function openPublished(
  { name, place, samples, skipped }: Published,
  settings: PublishedSettings,
  { seed, progress }: DatasetContext,
): Promise<Dataset> {
  const { size, unit, check, val_fraction: val, overlap } = settings;
  const once = withoutRepeats(place, val === null ? samples : samples.filter(({ split }) => split !== 'val'));
  const kept = overlap === 'keep-test' ? withoutTest(once.kept, unit) : { kept: once.kept, skipped: [] };
  const shared =
    `${sharedRemedy('the lists', unit)}; data.overlap=keep-test takes out of train and val what is in test, and data.val_fraction=0.1 ` +
    'deals val out of train where the list of val repeats that of test';
  const lacking =
    'other lists, methods or qualities are needed, or data.val_fraction, which deals val out of train; groups that share a video, pair or ' +
    'person stay together';
  const remedies = { shared, lacking };
  checkShared(place, kept.kept, { unit, remedies });
  const images = kept.kept.map((sample) => ({
    ...sample,
    split: val !== null && sample.split === 'train' ? null : sample.split,
  }));
  return openList(
    { name, place, images, skipped: [...skipped, ...once.skipped, ...kept.skipped] },
    {
      size,
      fractions: { val: val ?? 0, test: 0 },
      seed,
      unit,
      remedies,
      select: (all) => select(all, settings, place),
      files: { check, progress, remedy: 'set data.root to the folder that the paths of the lists start at' },
    },
  );
}

/** Opens what reads the samples of published lists: it needs no list. */
export function openPublishedReader({ size }: PublishedSettings): Promise<SampleReader> {
  return Promise.resolve(squareReader(size));
}

/**
 * The absolute path of a listed image, whose path has `/` or `\`.
 *
 * @throws if it is outside the root
 */
export function fileOf(root: string, path: string, where: string): string {
  const file = join(resolve(root), path.replaceAll('\\', '/'));
  const below = relative(resolve(root), file);
  if (below === '' || below.startsWith('..') || isAbsolute(below)) {
    throw new Error(`${where}: ${path} is outside the root ${root}`);
  }
  return file;
}

interface Sifted {
  readonly kept: readonly Sample[];
  readonly skipped: readonly Skipped[];
}

/** Each image once a split. */
function withoutRepeats(place: string, samples: readonly Sample[]): Sifted {
  const seen = new Map<string, Sample>();
  const skipped: Skipped[] = [];
  const kept = samples.filter((sample) => {
    const { id, split, file, label } = sample;
    const before = seen.get(id);
    if (before !== undefined && before.label !== label) {
      throw new Error(`${place}: ${id} is listed as real and as fake; take one of the two out`);
    }
    seen.set(id, before ?? sample);
    if (before?.split !== split) return true;
    skipped.push({ file, why: `is listed twice in ${split}` });
    return false;
  });
  return { kept, skipped };
}

/** Takes out of train and val what shares a video, a pair or a person with test. */
function withoutTest(samples: readonly Sample[], unit: Unit): Sifted {
  const keysOf = (sample: Sample): string[] =>
    belongings(sample, unit).map(([kind, name]) => `${kind} ${name}`);
  const tested = new Set(samples.filter(({ split }) => split === 'test').flatMap(keysOf));
  const skipped: Skipped[] = [];
  const kept = samples.filter((sample) => {
    const shared = sample.split === 'test' ? undefined : keysOf(sample).find((key) => tested.has(key));
    if (shared === undefined) return true;
    skipped.push({ file: sample.file, why: `is left out of ${sample.split}: ${shared} is in test` });
    return false;
  });
  return { kept, skipped };
}
