/** One clip, from its file to crops and a record. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clip } from '../corpora/corpus.ts';
import type { RgbImage } from '../dataset.ts';
import { decodeImage, encodeJpeg, encodePng, hasImageExtension } from '../image.ts';
import { writeWhole } from '../whole-file.ts';
import { crop, landmarksInCrop, squareAround, type Square } from './crop.ts';
import type { Box, Detected, FaceNetworks } from './detect.ts';
import { UnusableVideo } from './ffmpeg.ts';
import { chooseFrames, type ChooseFrames } from './frames.ts';
import {
  describeFile,
  faceDigest,
  imageFolder,
  recordFile,
  type ClipRecord,
  type FrameRecord,
} from './record.ts';
import type { CropSettings } from './settings.ts';
import { followPerson } from './track.ts';
import { readVideo, type Decoding } from './video.ts';

/** What is asked for a clip. */
export interface ClipJob {
  readonly clip: Pick<Clip, 'id' | 'file'>;
  readonly settings: CropSettings;
  readonly out: string;
  readonly ffmpeg: string;
  /** The record of the real clip that this one was made of. */
  readonly real: ClipRecord | null;
}

export interface Unreadable {
  readonly unreadable: string;
}

/** Where a face is in a frame. */
interface Place {
  readonly box: Box;
  readonly square: Square;
}

/** A face that may be the clip's person, cut out and encoded before it is known to be. */
interface Candidate extends Detected, Place {
  readonly bytes: Uint8Array;
  readonly landmarks: readonly number[];
}

/** A frame with its faces; `borrowed` where there is one, in the place of the real clip's. */
interface SeenFrame {
  readonly frame: number | null;
  readonly borrowed: boolean;
  readonly faces: readonly Candidate[];
}

/**
 * Makes the crops of a clip and its record, the record last. What was there of the clip before is removed.
 *
 * A fake is cut at the frames of its real clip, and by its squares where both have frames of the same size and the real has a face;
 * elsewhere faces are sought in the fake itself. A clip that cannot be read is recorded with the reason.
 *
 * @returns the record, or why the file cannot be read now: that may pass, and is not recorded
 * @throws if the output cannot be written
 */
export async function prepareClip(job: ClipJob, networks: FaceNetworks): Promise<ClipRecord | Unreadable> {
  const { clip, out, real } = job;
  const source = await describeFile(clip.file).catch((error: NodeJS.ErrnoException) => error);
  if (source instanceof Error) return { unreadable: `cannot be read (${source.code ?? source.message})` };
  await removeCrops(path.join(out, imageFolder(clip.id)));
  const base = { id: clip.id, source, faces_of: real === null ? null : faceDigest(real) };
  const record = { ...base, ...(await readFaces(job, networks)) };
  await writeWhole(recordFile(out, clip.id), `${JSON.stringify(record)}\n`);
  return record;
}

type Content = Omit<ClipRecord, 'id' | 'source' | 'faces_of'>;

async function readFaces(job: ClipJob, networks: FaceNetworks): Promise<Content> {
  const { clip, settings, real } = job;
  let seen: SeenFrame[] = [];
  let size: [number, number] | null = null;
  const look = async (frame: number | null, image: RgbImage): Promise<void> => {
    size = [image.width, image.height];
    seen.push(await lookAt(frame, image, job, networks));
  };
  const choose = real === null || real.frames.length === 0 ? chooseFrames(settings.frames) : framesOf(real);
  try {
    const decoding = hasImageExtension(clip.file)
      ? await look(null, await decodeImage(clip.file))
      : await readVideo(job.ffmpeg, clip.file, choose, look, () => (seen = []));
    const facts = aboutDecoding(decoding);
    const frames = [...(await keepPerson(seen, job)), ...beyondEnd(real, facts.decoded)];
    return { size, ...facts, skipped: null, frames };
  } catch (error) {
    const why = unusable(error, clip.file);
    return { size: null, video: null, decoded: 0, damage: null, skipped: why, frames: [] };
  }
}

/** The real clip's frames, as far as the fake has them, so that the two make pairs. */
function framesOf({ frames }: ClipRecord): ChooseFrames {
  return (total) => frames.flatMap(({ frame }) => (frame !== null && frame < total ? [frame] : []));
}

/** The real clip's frames that the fake is too short for. */
function beyondEnd(real: ClipRecord | null, decoded: number): FrameRecord[] {
  return (real?.frames ?? []).flatMap(({ frame }) =>
    frame === null || frame < decoded
      ? []
      : [{ frame, found: 0, face: null, why: 'the clip ends before this frame of its real clip' }],
  );
}

function aboutDecoding(decoding: Decoding | void): Pick<Content, 'video' | 'decoded' | 'damage'> {
  if (!decoding) return { video: null, decoded: 1, damage: null };
  const { facts, decoded, damage } = decoding;
  return { video: facts, decoded, damage: damage.frames > 0 || damage.first !== null ? damage : null };
}

/** Why a clip is of no use, without its path; other errors are thrown on. */
function unusable(error: unknown, file: string): string {
  const isBroken =
    error instanceof UnusableVideo || (error instanceof Error && error.message.startsWith(`${file} `));
  if (!isBroken) throw error;
  return (error as Error).message.replace(`${file} `, '').replaceAll(`file:${file}`, path.basename(file));
}

/** The faces of a frame, cut out: the one in the real clip's place, or all that are found. */
async function lookAt(
  frame: number | null,
  image: RgbImage,
  { settings, real }: ClipJob,
  networks: FaceNetworks,
): Promise<SeenFrame> {
  const place = real === null ? null : placeIn(real, frame, image);
  const detected =
    place === null ? await networks.detect(image, settings.face.min_score) : [{ box: place.box, score: 1 }];
  const faces: Candidate[] = [];
  for (const { box, score } of detected) {
    const points = await networks.landmarks(image, box);
    const square = place?.square ?? squareAround(box, points, settings.face);
    const pixels = await crop(image, square, settings.size);
    const bytes = await (settings.format === 'png'
      ? encodePng(pixels)
      : encodeJpeg(pixels, settings.quality));
    faces.push({ box, score, square, bytes, landmarks: landmarksInCrop(points, square, settings.size) });
  }
  return { frame, borrowed: place !== null, faces };
}

/** Where the real clip has its face at that frame; null where it has none, or frames of another size. */
function placeIn({ size, frames }: ClipRecord, frame: number | null, image: RgbImage): Place | null {
  if (size?.[0] !== image.width || size[1] !== image.height) return null;
  return frames.find((each) => each.frame === frame)?.face ?? null;
}

/** Writes the crops of the clip's person and says of each frame what became of it. */
async function keepPerson(
  seen: readonly SeenFrame[],
  { clip, settings, out }: ClipJob,
): Promise<FrameRecord[]> {
  const chosen = followPerson(seen.map(({ faces }) => faces));
  const folder = imageFolder(clip.id);
  await mkdir(path.join(out, folder), { recursive: true });
  return Promise.all(
    seen.map(async ({ frame, borrowed, faces }, i): Promise<FrameRecord> => {
      const found = borrowed ? null : faces.length;
      const face = faces[chosen[i] ?? -1];
      if (face === undefined) {
        const why = faces.length === 0 ? 'no face found' : 'no face where the person of this clip would be';
        return { frame, found, face: null, why };
      }
      const name = frame === null ? 'still' : String(frame).padStart(6, '0');
      const image = `${folder}/${name}.${settings.format === 'png' ? 'png' : 'jpg'}`;
      await writeFile(path.join(out, image), face.bytes);
      const { box, square, landmarks } = face;
      const cut = { image, box, square, score: borrowed ? null : face.score, landmarks };
      return { frame, found, face: cut, why: null };
    }),
  );
}

/** Removes what an earlier attempt left; folders below belong to other clips. */
async function removeCrops(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const entry of entries) if (entry.isFile()) await rm(path.join(folder, entry.name));
}
