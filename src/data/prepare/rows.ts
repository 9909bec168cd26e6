/** From records to the rows of a manifest. */
import { compareText } from '../folder-layout.ts';
import { UNPACKED, type ManifestRow } from '../manifest/row.ts';
import type { ClipOutcome } from './prepare.ts';

/**
 * A row for each crop, by clip and frame. A fake's `pair` is its real clip's, of the same frame, where the corpus has the real in the same
 * split: owners' test lists part some fakes from their reals, and nobody may train on half of a pair that the other half tests.
 */
export function manifestRows(outcomes: readonly ClipOutcome[]): ManifestRow[] {
  const splits = new Map(outcomes.map(({ clip }) => [clip.id, clip.split]));
  return [...outcomes]
    .sort((a, b) => compareText(a.clip.id, b.clip.id))
    .flatMap(({ clip, record }) =>
      (record?.frames ?? []).flatMap(({ frame, face }): ManifestRow[] => {
        if (record === null || face === null) return [];
        const { label, manipulation, compression, video, identities, split, source } = clip;
        const moment = source !== null && splits.get(source) === split ? source : clip.id;
        return [
          {
            image: face.image,
            label,
            manipulation,
            compression,
            video,
            frame,
            face: null, // one person a clip
            pair: frame === null ? moment : `${moment}#${frame}`,
            identities,
            split,
            source_hash: record.source.sha256,
            landmarks: face.landmarks,
            ...UNPACKED,
          },
        ];
      }),
    );
}
