/** What was made of one clip: a JSON file of its own, written last, so that what has one is whole. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { readIfThere } from '../whole-file.ts';
import type { Square } from './crop.ts';
import type { Box } from './detect.ts';
import type { VideoFacts } from './video.ts';

/** The file that a clip was read from. */
export interface SourceFile {
  readonly bytes: number;
  /** Milliseconds; a file of the same size and time is taken for the same, any other is compared by its hash. */
  readonly modified: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** A face that was cut out. */
export interface CutFace {
  /** Path of the crop from the output folder, with `/`. */
  readonly image: string;
  readonly box: Box;
  readonly square: Square;
  /** Of the detection; null where the box is that of the real clip. */
  readonly score: number | null;
  /** x0, y0, x1, y1, … in pixels of the crop. */
  readonly landmarks: readonly number[];
}

/** One wanted frame: the face, or why there is none. */
export interface FrameRecord {
  /** From 0; null for a still image. */
  readonly frame: number | null;
  /** Faces that were found; null where none were sought, because the real clip's box is used. */
  readonly found: number | null;
  readonly face: CutFace | null;
  readonly why: string | null;
}

export interface ClipRecord {
  readonly id: string;
  readonly source: SourceFile;
  /** `faceDigest` of the real clip's record whose boxes were looked up; null for a clip without one. */
  readonly faces_of: string | null;
  /** Width and height of the upright frames; null where nothing was decoded. */
  readonly size: readonly [width: number, height: number] | null;
  /** Null for still images and where it could not be read. */
  readonly video: VideoFacts | null;
  /** Frames that can be decoded; 1 for a still image. */
  readonly decoded: number;
  /** What the decoder complained of: frames given up or concealed, and its first words; null where it did not. */
  readonly damage: { readonly frames: number; readonly first: string | null } | null;
  /** Why nothing could be made of the clip at all. */
  readonly skipped: string | null;
  readonly frames: readonly FrameRecord[];
}

/** Where a clip's record is, below the output folder. */
export function recordFile(out: string, id: string): string {
  return path.join(out, 'clips', `${id}.json`);
}

/** The folder of a clip's crops, from the output folder. */
export function imageFolder(id: string): string {
  return `images/${id}`;
}

/** A clip's record; undefined where there is none. Throws an error that names the file if it is damaged. */
export async function readRecord(out: string, id: string): Promise<ClipRecord | undefined> {
  const file = recordFile(out, id);
  const bytes = await readIfThere(file);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8')) as ClipRecord;
  } catch (cause) {
    throw new Error(`${file} is damaged (${(cause as Error).message}); delete it, the clip is made anew`, {
      cause,
    });
  }
}

/** Of the places of a record's faces, all that a fake of the clip takes from it. */
export function faceDigest({ size, frames }: ClipRecord): string {
  const places = frames.map(({ frame, face }) => [frame, face?.box ?? null, face?.square ?? null]);
  return createHash('sha256')
    .update(JSON.stringify([size, places]))
    .digest('hex');
}

/** Size, time and sha256 of a file. Throws the system's error if it cannot be read. */
export async function describeFile(file: string): Promise<SourceFile> {
  const { size, mtimeMs } = await stat(file);
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 2 ** 20 }), hash);
  return { bytes: size, modified: Math.round(mtimeMs), sha256: hash.digest('hex') };
}

/** Whether a file is the one that is described: by size and time, or where the time is another (it was copied) by its hash. */
export async function isSameFile(file: string, known: SourceFile): Promise<boolean> {
  const { size, mtimeMs } = await stat(file);
  if (size !== known.bytes) return false;
  return Math.round(mtimeMs) === known.modified || (await describeFile(file)).sha256 === known.sha256;
}
