/** From the scores of images to the scores of videos. */
import type { ScoreRow } from './scores.ts';

/** A video as a row of a score table, so that whatever is computed of images is computed of videos too. */
export interface VideoRow extends ScoreRow {
  /** How many images and how many faces of it were scored. */
  readonly images: number;
  readonly faces: number;
}

/**
 * The videos of a score table: a score is the mean over the images of each face, and of several faces the largest, for one forged face makes a
 * forged video. Images that name no face are of one; an image that names no frame counts as one.
 *
 * A video is a video id together with the manipulation and the quality: datasets call a real and all forgeries of it `000_003`, and a
 * mean over those would be the score of nothing. In the order of first occurrence.
 *
 * @throws if the rows of a video are of several splits
 */
export function videoRows(rows: readonly ScoreRow[]): VideoRow[] {
  const videos = new Map<string, ScoreRow[]>();
  for (const row of rows) {
    const key = videoKey(row);
    const images = videos.get(key);
    if (images === undefined) videos.set(key, [row]);
    else images.push(row);
  }
  return [...videos].map(([key, images]) => toVideo(key, images));
}

/** Whether any video of the table has more than one image; where none has, figures of videos are those of images. */
export function hasVideos(rows: readonly ScoreRow[]): boolean {
  return new Set(rows.map(videoKey)).size < rows.length;
}

/** What is one video. The label goes with the manipulation. */
function videoKey({ manipulation, videoId, compression }: ScoreRow): string {
  return JSON.stringify([manipulation, videoId, ...(compression === undefined ? [] : [compression])]);
}

function toVideo(id: string, images: readonly ScoreRow[]): VideoRow {
  const { label, manipulation, videoId, split, compression } = images[0]!;
  const stray = images.find((image) => image.split !== split);
  if (stray !== undefined)
    throw new Error(`video ${id}: ${stray.id} is of ${stray.split}, others of ${split}`);
  const faces = new Map<number | undefined, number[]>();
  for (const { face, score } of images) faces.set(face, [...(faces.get(face) ?? []), score]);
  const means = [...faces.values()].map((scores) => scores.reduce((sum, each) => sum + each) / scores.length);
  return {
    ...{ id, label, manipulation, videoId, split, score: Math.max(...means) },
    ...(compression === undefined ? {} : { compression }),
    images: images.length,
    faces: faces.size,
  };
}
