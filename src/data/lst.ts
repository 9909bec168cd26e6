/**
 * `data=lst`: the `.lst` lists of "Deepfake Forensics via An Adversarial Game". A line is `METHOD_QUALITY/VIDEO/VIDEO_FRAME_FACE.png FAKE` (or
 * `REAL`; six digits of the frame), or names a folder `METHOD_QUALITY/VIDEO` of such files. Videos are those of FaceForensics++.
 */
import { readdir, readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { list, text, type SettingsOf } from '../config/settings.ts';
import { FAKE, REAL, type Dataset, type Sample, type Split } from './dataset.ts';
import { peopleOf } from './ffpp-names.ts';
import type { DatasetContext } from './module.ts';
import { fileOf, openPublished, publishedSettings } from './published-lists.ts';

export const lstSettings = {
  train_lists: list(text('lists of train, from the working folder')),
  val_lists: list(text('lists of val')),
  test_lists: list(text('lists of test')),
  ...publishedSettings,
};
export type LstSettings = SettingsOf<typeof lstSettings>;

/**
 * Opens the lists; see {@link openPublished}.
 *
 * @throws also naming list and line of what is no such line
 */
export async function createLst(settings: LstSettings, context: DatasetContext): Promise<Dataset> {
  const lists = (['train', 'val', 'test'] as const).flatMap((split) =>
    settings[`${split}_lists`].map((file) => [split, resolve(file)] as const),
  );
  if (lists.length === 0) {
    throw new Error('data=lst needs lists: data.train_lists, data.val_lists, data.test_lists');
  }
  const samples: Sample[] = [];
  for (const [split, file] of lists) {
    // one by one: a list is long, and push(...) would put all of it on the stack
    for (const sample of await readList(file, split, settings.root)) samples.push(sample);
  }
  return openPublished(
    { name: 'lst', skipped: [], place: lists.map(([, file]) => file).join(', '), samples },
    settings,
    context,
  );
}

async function readList(file: string, split: Split, root: string): Promise<readonly Sample[]> {
  const content = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`${file} is missing or cannot be read; paths start at the working folder`, { cause });
  });
  const samples: Sample[] = [];
  for (const [i, line] of content.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const where = `${file}:${i + 1}`;
    const [, path, word] = /^(\S.*?)\s+(REAL|FAKE)\s*$/i.exec(line) ?? [];
    if (path === undefined || word === undefined) {
      throw new Error(`${where}: '${line}' does not end in REAL or FAKE`);
    }
    const label = word.toUpperCase() === 'REAL' ? REAL : FAKE;
    for (const image of await imagesOf(path.replaceAll('\\', '/'), root, where)) {
      samples.push(sampleOf(image, { label, split, root, where }));
    }
  }
  return samples;
}

/** The images that a line names: itself, or the files of its folder. */
async function imagesOf(path: string, root: string, where: string): Promise<readonly string[]> {
  if (extname(path) !== '') return [path];
  const folder = fileOf(root, path, where);
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new Error(`${where}: ${folder} cannot be listed; set data.root to the folder that paths start at`, {
      cause,
    });
  });
  return names
    .filter((name) => !name.startsWith('.'))
    .sort()
    .map((name) => `${path}/${name}`);
}

function sampleOf(
  image: string,
  { label, split, root, where }: { label: 0 | 1; split: Split; root: string; where: string },
): Sample {
  const [, method, quality, video, rest] = /^([^/]+)_([^/_]+)\/([^/]+)\/([^/]+)$/.exec(image) ?? [];
  const frame = rest?.startsWith(`${video}_`)
    ? /^((\d{6})_(\d+))\.\w+$/.exec(rest.slice((video ?? '').length + 1))
    : null;
  if (method === undefined || quality === undefined || video === undefined || !frame) {
    throw new Error(
      `${where}: ${image} is not METHOD_QUALITY/VIDEO/VIDEO_FRAME_FACE.png, six digits of the frame`,
    );
  }
  const names = peopleOf(video);
  return {
    id: image,
    file: fileOf(root, image, where),
    split,
    label,
    manipulation: label === REAL ? 'real' : method,
    videoId: `${method}/${video}`,
    pair: names === null ? image : `${quality}/${names.target}/${frame[1]}`,
    compression: quality,
    frame: Number(frame[2]),
    face: Number(frame[3]),
    ...(names === null ? {} : { identities: names.people }),
  };
}
