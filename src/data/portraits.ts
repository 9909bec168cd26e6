/** Which photos become samples, who is on them, and which split each person belongs to. */

import { alignment, scaleOf } from './align.ts';
import type { Skipped, Split } from './dataset.ts';
import type { FoundPhoto } from './face-finder.ts';
import { applyAffine, type Point } from './forgery/geometry.ts';
import type { Photo } from './photos.ts';
import { rngFor } from './rng.ts';

/** A photo in use. */
export interface Portrait {
  readonly photo: Photo;
  /** 68 landmarks in pixels of the upright photo. */
  readonly landmarks: readonly Point[];
  /** Names the person: `person-` and the first of their photos. */
  readonly person: string;
  readonly split: Split;
}

/** Left out by eye; everything else is left out by the rules below. */
const UNFIT: Readonly<Record<string, string>> = {
  'tabler-preview-1.2.0/010f.jpg': 'a hand covers the mouth',
  'tabler-preview-1.2.0/066f.jpg': 'food covers the mouth',
  'tabler-ui-0.0.34/female/24.jpg': 'sunglasses cover the eyes',
  'tabler-ui-0.0.34/male/18.jpg': 'a toy, not a person',
  'tabler-ui-0.0.34/male/39.jpg': 'sunglasses cover the eyes',
};

/** Mean chroma below which a picture counts as grey (0 … 255): the methods' colour shifts would show by themselves. */
const MIN_CHROMA = 10;
/** A face enlarged more than this on its way to the canvas is a blur. */
const MAX_ENLARGEMENT = 2.5;
/** How far the tip of the nose may lie from the middle of the face, as a share of the distance of the eyes. */
const MAX_TURN = 0.27;
/** Descriptor distances below these: the same picture, the same person. */
const SAME_PICTURE = 0.2;
const SAME_PERSON = 0.48;

/** Shares of the people; test gets the rest. */
const TRAIN_SHARE = 0.6;
const VAL_SHARE = 0.15;

/** Why this photo cannot be used, or undefined if it can. Copies are found by `choosePortraits`. */
function unfit({ name }: Photo, { chroma, faces }: FoundPhoto): string | undefined {
  if (UNFIT[name] !== undefined) return UNFIT[name];
  const landmarks = faces[0]?.landmarks;
  if (landmarks === undefined) return 'no face found';
  if (chroma < MIN_CHROMA) return 'a grey picture';
  const toCanvas = alignment(landmarks);
  const scale = scaleOf(toCanvas);
  if (scale > MAX_ENLARGEMENT) return `the face is too small: it would be enlarged ${scale.toFixed(1)} times`;
  const turn = (applyAffine(toCanvas, landmarks[30]!)[0] - 60) / 39;
  if (Math.abs(turn) > MAX_TURN) return 'the face is turned too far to the side';
  return undefined;
}

/**
 * Sorts the photos into portraits, with people and splits, and those left out, with reasons. People are the connected
 * groups of descriptors closer than 0.48, which rather takes two people for one than one for two; 60 % of them are for
 * training, 15 % for validation, 25 % for the test, drawn by `splitSeed`.
 */
export function choosePortraits(
  photos: readonly Photo[],
  found: readonly FoundPhoto[],
  splitSeed: number,
): { readonly portraits: readonly Portrait[]; readonly skipped: readonly Skipped[] } {
  const skipped: Skipped[] = [];
  const kept: { photo: Photo; landmarks: readonly Point[]; descriptor: readonly number[]; person: string }[] =
    [];
  photos.forEach((photo, i) => {
    const why = unfit(photo, found[i]!);
    const face = found[i]!.faces[0];
    if (why !== undefined || face === undefined) {
      skipped.push({ file: photo.file, why: why ?? 'no face found' });
      return;
    }
    const { landmarks, descriptor } = face;
    const original = kept.find((other) => distance(other.descriptor, descriptor) < SAME_PICTURE);
    if (original !== undefined) {
      skipped.push({ file: photo.file, why: `the same picture as ${original.photo.name}` });
      return;
    }
    const related = kept.filter((other) => distance(other.descriptor, descriptor) < SAME_PERSON);
    const person = related[0]?.person ?? `person-${photo.name}`;
    const merged = new Set(related.map((other) => other.person));
    for (const other of kept) if (merged.has(other.person)) other.person = person;
    kept.push({ photo, landmarks, descriptor, person });
  });
  const splits = splitPeople([...new Set(kept.map(({ person }) => person))], splitSeed);
  const portraits = kept.map(({ photo, landmarks, person }): Portrait => ({
    photo,
    landmarks,
    person,
    split: splits.get(person)!,
  }));
  return { portraits, skipped };
}

function splitPeople(people: readonly string[], splitSeed: number): Map<string, Split> {
  const train = Math.round(people.length * TRAIN_SHARE);
  const val = Math.round(people.length * VAL_SHARE);
  const shuffled = rngFor(splitSeed, 'split people').shuffle([...people].sort());
  return new Map(
    shuffled.map((person, i) => [person, i < train ? 'train' : i < train + val ? 'val' : 'test'] as const),
  );
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0));
}
