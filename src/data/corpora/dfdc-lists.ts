/** What DFDC says of its videos: `metadata.json` of a training part, `labels.csv` of the test set. */
import { FAKE, REAL } from '../dataset.ts';
import { withoutVideoExtension } from './clip-files.ts';
import { readJsonTable, readLines } from './list-files.ts';
import { isFile } from './root.ts';

export interface Entry {
  readonly label: 0 | 1;
  /** The name, without extension, of the real that a fake was made of; null for reals and where it is not said. */
  readonly original: string | null;
}

/**
 * The entries of a part's `metadata.json`, by the name of the video without extension.
 *
 * @throws if it is not there, or an entry is not labelled REAL or FAKE, or names an original that is labelled FAKE
 */
export async function readMetadata(file: string): Promise<ReadonlyMap<string, Entry>> {
  await expectFile(file);
  const entries = new Map<string, Entry>();
  for (const [video, { label, original }] of await readJsonTable(file)) {
    if (label !== 'REAL' && label !== 'FAKE') {
      throw new Error(`${file}: ${video}: label must be REAL or FAKE; it is ${JSON.stringify(label)}`);
    }
    const named = label === 'FAKE' && typeof original === 'string' ? withoutVideoExtension(original) : null;
    entries.set(withoutVideoExtension(video), { label: label === 'FAKE' ? FAKE : REAL, original: named });
  }
  for (const [video, { original }] of entries) {
    if (original !== null && entries.get(original)?.label === FAKE) {
      throw new Error(
        `${file}: ${video}: its original ${original} is labelled FAKE itself; download the file again`,
      );
    }
  }
  return entries;
}

/**
 * The labels of the test set, by the name of the video without extension; lines `FILE,0` (real) or `FILE,1` (fake) under a head.
 *
 * @throws if the file is not there, or a line, with its number, is none of these
 */
export async function readLabels(file: string): Promise<ReadonlyMap<string, Entry>> {
  await expectFile(file);
  const entries = new Map<string, Entry>();
  for (const { number, text } of await readLines(file)) {
    if (number === 1 && /^filename\s*,\s*label$/i.test(text)) continue;
    const [, video, label] = /^([^,]+?)\s*,\s*([01])$/.exec(text) ?? [];
    if (video === undefined) {
      throw new Error(`${file}:${number}: must be FILE,0 (real) or FILE,1 (fake); it is ${text}`);
    }
    entries.set(withoutVideoExtension(video), { label: label === '1' ? FAKE : REAL, original: null });
  }
  return entries;
}

async function expectFile(file: string): Promise<void> {
  if (await isFile(file)) return;
  throw new Error(
    `${file} is not there, and nothing else says what is real; some downloads lack it: take it from the owners' page`,
  );
}
