/**
 * Finds faces in the photos: boxes by SSD MobileNet v1, the 68 landmarks of iBUG 300-W, and a 128-number descriptor of
 * the person, all by @vladmandic/face-api with the weights in its package. Done once, then read from the cache.
 */

import { createHash } from 'node:crypto';
import path from 'node:path';
import { runChild } from './child.ts';
import { FACE_NETWORKS } from './face-networks.ts';
import type { Point } from './forgery/geometry.ts';
import type { Photo } from './photos.ts';
import type { Progress } from './progress.ts';
import { readIfThere, writeWhole } from './whole-file.ts';

export type { Point };

export interface FoundFace {
  /** Detection score in [0, 1]. */
  readonly score: number;
  /** 68 landmarks in pixels of the upright photo: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67. */
  readonly landmarks: readonly Point[];
  /** Euclidean distances below about 0.5 mean the same person. */
  readonly descriptor: readonly number[];
}

export interface FoundPhoto {
  readonly width: number;
  readonly height: number;
  /** Mean over the pixels of max(R, G, B) - min(R, G, B), 0 … 255: near 0 for a grey picture. */
  readonly chroma: number;
  readonly faces: readonly FoundFace[];
}

/** What the process that finds faces is asked. */
export interface FindRequest {
  readonly files: readonly string[];
  readonly minConfidence: number;
}

const MIN_CONFIDENCE = 0.3;
const VERSION = `${FACE_NETWORKS}, format 1`;

/**
 * The faces of every photo, in the photos' order: from `<cacheFolder>/faces-<hash>/faces.json`, or found now (about a
 * minute for 220 photos on 2 cores) and written there. Interrupting it loses the work but leaves no broken file, and two
 * at once write the same file. Throws what the face networks throw.
 */
export async function findFaces(
  photos: readonly Photo[],
  { cacheFolder, progress }: { readonly cacheFolder: string; readonly progress?: Progress | undefined },
): Promise<FoundPhoto[]> {
  const identity = [VERSION, MIN_CONFIDENCE, photos.map(({ name, bytes }) => [name, bytes])];
  const hash = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  const file = path.join(cacheFolder, `faces-${hash}`, 'faces.json');
  const cached = await readIfThere(file);
  if (cached !== undefined) return parseFound(cached.toString('utf8'), file);
  const found = await runFinder(photos, progress);
  await writeWhole(file, JSON.stringify(found));
  return found;
}

function parseFound(text: string, file: string): FoundPhoto[] {
  try {
    return JSON.parse(text) as FoundPhoto[];
  } catch (error) {
    throw new Error(`${file} is damaged (${(error as Error).message}); delete it, it is made anew`, {
      cause: error,
    });
  }
}

async function runFinder(photos: readonly Photo[], progress: Progress | undefined): Promise<FoundPhoto[]> {
  const request: FindRequest = { files: photos.map(({ file }) => file), minConfidence: MIN_CONFIDENCE };
  const found: FoundPhoto[] = [];
  await runChild(new URL('./face-finder-process.ts', import.meta.url), request, (photo: FoundPhoto) => {
    found.push(photo);
    progress?.({ stage: 'finding faces', done: found.length, total: photos.length });
  });
  if (found.length !== photos.length)
    throw new Error(`faces were sought in ${found.length} of ${photos.length} photos`);
  return found;
}
