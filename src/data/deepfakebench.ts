/**
 * `data=deepfakebench`: the lists that DeepfakeBench (Yan et al., NeurIPS 2023) makes of its datasets, one JSON file each:
 * `{dataset: {label: {train|val|test: {[compression:] {video: {label, frames, masks?}}}}}}`; the level of compressions is there for some
 * datasets only, and paths may have backslashes.
 */
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { list, nullable, text, type SettingsOf } from '../config/settings.ts';
import { FAKE, REAL, type Dataset, type Sample, type Skipped, type Split } from './dataset.ts';
import { peopleOf } from './ffpp-names.ts';
import type { DatasetContext } from './module.ts';
import { withoutExtension } from './path-rule.ts';
import { fileOf, openPublished, publishedSettings } from './published-lists.ts';

export const deepfakebenchSettings = {
  lists: list(text('JSON files whose train and val are used, from the working folder')),
  test_lists: list(text('JSON files whose test is used')),
  compression: nullable(
    text('the quality that is used of datasets that are listed in several; null = all of them'),
  ),
  ...publishedSettings,
};
export type DeepfakebenchSettings = SettingsOf<typeof deepfakebenchSettings>;

/**
 * Opens the lists; see {@link openPublished}. A video is its label and name, so that the fakes that several methods made of one video stay
 * several. Files with the test videos under val too, such as Celeb-DF's, are refused unless `val_fraction` deals val out of train.
 *
 * @throws also naming the list and the place in it of what is not as the format says, or of a label that is not known
 */
export async function createDeepfakebench(
  settings: DeepfakebenchSettings,
  context: DatasetContext,
): Promise<Dataset> {
  const { lists, test_lists, root, compression } = settings;
  const files = [...new Set([...lists, ...test_lists])];
  if (files.length === 0) {
    throw new Error('data=deepfakebench needs the files of DeepfakeBench: data.lists, data.test_lists');
  }
  const samples: Sample[] = [];
  const skipped: Skipped[] = [];
  for (const file of files) {
    const splits: Split[] = [
      ...(lists.includes(file) ? (['train', 'val'] as const) : []),
      ...(test_lists.includes(file) ? (['test'] as const) : []),
    ];
    const content = await readJson(resolve(file));
    for (const entry of entriesOf(content, resolve(file), splits, compression)) {
      if (entry.frames.length === 0) skipped.push({ file: entry.where, why: 'has no frame' });
      for (const frame of entry.frames) samples.push(sampleOf(entry, frame, root));
    }
  }
  const place = files.map((file) => resolve(file)).join(', ');
  return openPublished({ name: 'deepfakebench', place, samples, skipped }, settings, context);
}

/** A video of a list. */
interface Entry {
  readonly where: string;
  readonly split: Split;
  readonly compression: string | null;
  readonly video: string;
  readonly label: string;
  readonly frames: readonly string[];
}

async function readJson(file: string): Promise<unknown> {
  const content = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`${file} is missing or cannot be read; paths start at the working folder`, { cause });
  });
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new Error(`${file} is no JSON (${(cause as Error).message}); make it again`, { cause });
  }
}

function* entriesOf(
  content: unknown,
  file: string,
  splits: readonly Split[],
  quality: string | null,
): Generator<Entry> {
  for (const [dataset, labels] of fieldsOf(content, file)) {
    for (const [name, bySplit] of fieldsOf(labels, `${file}: ${dataset}`)) {
      for (const [split, inside] of fieldsOf(bySplit, `${file}: ${dataset}.${name}`)) {
        const wanted = splits.find((each) => each === split);
        if (wanted !== undefined) {
          yield* entriesOfSplit(inside, `${file}: ${dataset}.${name}.${split}`, wanted, quality);
        }
      }
    }
  }
}

function* entriesOfSplit(
  inside: unknown,
  where: string,
  split: Split,
  quality: string | null,
): Generator<Entry> {
  const fields = fieldsOf(inside, where);
  const videos = fields.filter(([, value]) => isVideo(value));
  for (const [video, info] of videos) {
    yield entryOf(info, { where: `${where}.${video}`, split, compression: null, video });
  }
  const qualities = fields.filter(([, value]) => !isVideo(value));
  const chosen = qualities.filter(([name]) => quality === null || name === quality);
  if (qualities.length > 0 && chosen.length === 0) {
    const there = qualities.map(([name]) => name).join(', ');
    throw new Error(`${where} has no ${quality}; data.compression can be ${there}, or null for all`);
  }
  for (const [compression, inQuality] of chosen) {
    for (const [video, info] of fieldsOf(inQuality, `${where}.${compression}`)) {
      yield entryOf(info, { where: `${where}.${compression}.${video}`, split, compression, video });
    }
  }
}

function entryOf(info: unknown, place: Omit<Entry, 'label' | 'frames'>): Entry {
  const { label, frames } = isVideo(info) ? info : {};
  if (
    typeof label !== 'string' ||
    !Array.isArray(frames) ||
    !frames.every((frame) => typeof frame === 'string')
  ) {
    throw new Error(`${place.where} is not {label, frames}, a text and a list of paths`);
  }
  return { ...place, label, frames };
}

function isVideo(value: unknown): value is { readonly label?: unknown; readonly frames?: unknown } {
  return typeof value === 'object' && value !== null && ('frames' in value || 'label' in value);
}

function fieldsOf(value: unknown, where: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(
      `${where} is no object; expected is {dataset: {label: {split: {[compression:] {video: {label, frames}}}}}}`,
    );
  }
  return Object.entries(value);
}

function sampleOf({ where, split, compression, video, label }: Entry, frame: string, root: string): Sample {
  const id = frame.replaceAll('\\', '/');
  const isReal = classOf(label, where) === REAL;
  const names = label.startsWith('FF-') ? peopleOf(video) : null;
  const moment = withoutExtension(basename(id));
  return {
    id,
    file: fileOf(root, id, where),
    split,
    label: isReal ? REAL : FAKE,
    manipulation: isReal ? 'real' : label,
    videoId: `${label}/${video}`,
    pair: names === null ? id : `FF/${compression ?? ''}/${names.target}/${moment}`,
    ...(compression === null ? {} : { compression }),
    ...(names === null ? {} : { identities: names.people.map((name) => `FF/${name}`) }),
  };
}

/** DeepfakeBench's names of classes: `FF-real`, `CelebDFv2_fake`, `DFDCP_FakeA`, and `FF-` with a method. */
function classOf(label: string, where: string): 0 | 1 {
  if (/[-_]real$/i.test(label)) return REAL;
  if (/[-_]fake[ab]?$/i.test(label) || /^FF-(DF|F2F|FS|NT|FH|SH)$/.test(label)) return FAKE;
  throw new Error(
    `${where}: label ${label} is not known; known are NAME_real, NAME_fake and FF- with DF, F2F, FS, NT, FH or SH`,
  );
}
