/** From records to the rows of a manifest. */
import { compareText } from '../folder-layout.ts';
import type { ManifestRow } from '../manifest/row.ts';
import type { ClipOutcome } from './prepare.ts';

/** A row for each crop, by clip and frame. A fake's `pair` is its real clip's, of the same frame, where the corpus has the real. */
export function manifestRows(outcomes: readonly ClipOutcome[]): ManifestRow[] {
  const ids = new Set(outcomes.map(({ clip }) => clip.id));
  return [...outcomes]
    .sort((a, b) => compareText(a.clip.id, b.clip.id))
    .flatMap(({ clip, record }) =>
      (record?.frames ?? []).flatMap(({ frame, face }): ManifestRow[] => {
        if (record === null || face === null) return [];
        const { label, manipulation, compression, video, identities, split, source } = clip;
        const moment = source !== null && ids.has(source) ? source : clip.id;
        return [
          {
            image: face.image,
            label,
            manipulation,
            compression,
            video,
            frame,
            pair: frame === null ? moment : `${moment}#${frame}`,
            identities,
            split,
            source_hash: record.source.sha256,
            landmarks: face.landmarks,
          },
        ];
      }),
    );
}
