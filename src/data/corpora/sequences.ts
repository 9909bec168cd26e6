/**
 * The folders that FaceForensics++ and DeepFakeDetection share: `original_sequences/NAME` and `manipulated_sequences/METHOD`, below each one
 * folder a quality. The lossless one is called `raw` by the download script, `c0` in the documents.
 */
import { join } from 'node:path';
import type { Skipped } from '../dataset.ts';
import { listFolder } from '../folder-layout.ts';
import type { ClipFile, FindClips } from './clip-files.ts';
import { isFolder } from './root.ts';

/** A clip of a sequence folder, with its quality. */
export interface SequenceClip extends ClipFile {
  readonly compression: string;
}

/** What lies in one sequence folder. */
export interface Sequence {
  readonly clips: readonly SequenceClip[];
  /** The folders of qualities that are there. */
  readonly qualities: readonly { readonly compression: string; readonly folder: string }[];
  readonly skipped: readonly Skipped[];
}

const QUALITIES: Readonly<Record<string, string>> = { raw: 'raw', c0: 'raw', c23: 'c23', c40: 'c40' };

/**
 * The clips of a sequence folder in all qualities that are there; none where the folder is not there. Other folders (masks, models) are
 * passed over. A video in both `raw` and `c0` is taken once.
 */
export async function readSequence(folder: string, find: FindClips): Promise<Sequence> {
  const names = (await isFolder(folder)) ? (await listFolder(folder)).filter((entry) => entry.isFolder) : [];
  const qualities = names.flatMap(({ name }) => {
    const compression = Object.hasOwn(QUALITIES, name) ? QUALITIES[name] : undefined;
    return compression === undefined ? [] : [{ compression, folder: join(folder, name) }];
  });
  const clips = new Map<string, SequenceClip>();
  const skipped: Skipped[] = [];
  for (const { compression, folder: below } of qualities) {
    const found = await find(below);
    skipped.push(...found.skipped);
    for (const clip of found.clips) {
      const key = `${compression}/${clip.name}`;
      const first = clips.get(key);
      if (first === undefined) clips.set(key, { ...clip, compression });
      else
        skipped.push({
          file: clip.file,
          why: `is the same clip as ${first.file}: c0 and raw are one quality`,
        });
    }
  }
  return { clips: [...clips.values()], qualities, skipped };
}
