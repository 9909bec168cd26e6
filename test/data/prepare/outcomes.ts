/** Outcomes of preparing clips, as told by their facts alone. */
import type { Clip } from '../../../src/data/corpora/corpus.ts';
import type { ClipOutcome } from '../../../src/data/prepare/prepare.ts';
import type { ClipRecord, FrameRecord } from '../../../src/data/prepare/record.ts';

export const ROOT = '/corpus';

/** A clip of a person; a fake where a method is given, of the clip `source` if there is one. */
export function clipOf(id: string, facts: Partial<Clip> = {}): Clip {
  const manipulation = facts.manipulation ?? 'real';
  return {
    id,
    file: `${ROOT}/${id}.mp4`,
    label: manipulation === 'real' ? 0 : 1,
    manipulation,
    compression: null,
    split: 'train',
    video: id,
    identities: [],
    source: null,
    ...facts,
  };
}

/** A frame with a face, found in it (`own`) or taken at the real clip's box (`borrowed`); or one without and why. */
export function frameOf(
  frame: number | null,
  came: 'own' | 'borrowed' | { readonly why: string },
): FrameRecord {
  if (typeof came === 'object') return { frame, found: 0, face: null, why: came.why };
  const square = { centre: [5, 5], side: 10, tilt: 0 } as const;
  return {
    frame,
    found: came === 'own' ? 1 : null,
    face: {
      image: `images/${frame}.png`,
      box: [0, 0, 10, 10],
      square,
      score: came === 'own' ? 0.9 : null,
      landmarks: [1, 2],
    },
    why: null,
  };
}

export function outcomeOf(
  clip: Clip,
  frames: readonly FrameRecord[],
  facts: Partial<ClipRecord> = {},
): ClipOutcome {
  const record: ClipRecord = {
    id: clip.id,
    source: { bytes: 1, modified: 0, sha256: `hash of ${clip.id}` },
    faces_of: null,
    size: [10, 10],
    video: null,
    decoded: frames.length,
    damage: null,
    skipped: null,
    frames,
    ...facts,
  };
  return { clip, record, why: null, kept: false };
}
