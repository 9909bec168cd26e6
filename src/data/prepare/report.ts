/** Coverage: how much of a corpus became crops, and what did not and why. */
import type { Corpus } from '../corpora/corpus.ts';
import { REAL, type Skipped } from '../dataset.ts';
import { compareText } from '../folder-layout.ts';
import type { ClipOutcome } from './prepare.ts';

/** Counts of one manipulation in one compression. */
export interface Coverage {
  readonly manipulation: string;
  readonly compression: string | null;
  readonly clips: number;
  /** Clips that nothing came of. */
  readonly skipped: number;
  /** Clips whose decoder complained: cut short, or frames given up or concealed. */
  readonly damaged: number;
  /** Frames that the settings ask for, of the clips that could be read. */
  readonly frames_wanted: number;
  /** Of them, those that a face was found in, or that the real clip has one for. */
  readonly frames_with_face: number;
  readonly crops: number;
  /** Crops of fakes at the real clip's box; and at a box of their own though the corpus has the real clip. */
  readonly boxes_borrowed: number;
  readonly boxes_own: number;
}

export interface CoverageReport {
  readonly corpus: string;
  readonly total: Omit<Coverage, 'manipulation' | 'compression'>;
  readonly groups: readonly Coverage[];
  /** Frames without a crop, by reason. */
  readonly frames_without_crop: Readonly<Record<string, number>>;
  /** Files that nothing came of, from the corpus's root where they lie below it: its own list, and clips. */
  readonly skipped: readonly Skipped[];
  /** Clips whose decoder complained, with its first words. */
  readonly damaged: readonly Skipped[];
}

/** The report on a finished run. The same clips, settings and files give the same report. */
export function coverageReport(corpus: Corpus, outcomes: readonly ClipOutcome[]): CoverageReport {
  const groups = new Map<string, ClipOutcome[]>();
  for (const outcome of outcomes) {
    const { label, manipulation, compression } = outcome.clip;
    const key = JSON.stringify([label === REAL ? 0 : 1, manipulation, compression]); // real ones first
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [outcome]);
    else members.push(outcome);
  }
  const byKey = [...groups].sort(([a], [b]) => compareText(a, b));
  const frames = outcomes.flatMap(({ record }) => record?.frames ?? []);
  const reasons = frames.flatMap(({ why }) => (why === null ? [] : [why]));
  const inRoot = (file: string): string => file.replace(`${corpus.root}/`, '');
  return {
    corpus: corpus.name,
    total: count(outcomes),
    groups: byKey.map(([, members]) => {
      const { manipulation, compression } = members[0]!.clip;
      return { manipulation, compression, ...count(members) };
    }),
    frames_without_crop: Object.fromEntries(
      [...new Set(reasons)]
        .sort(compareText)
        .map((why) => [why, reasons.filter((each) => each === why).length]),
    ),
    skipped: [
      ...corpus.skipped.map(({ file, why }) => ({ file: inRoot(file), why })),
      ...outcomes.flatMap((outcome) => {
        const why = whySkipped(outcome);
        return why === null ? [] : [{ file: inRoot(outcome.clip.file), why }];
      }),
    ],
    damaged: outcomes.flatMap(({ clip, record }) =>
      record?.damage ? [{ file: inRoot(clip.file), why: damageInWords(record.damage) }] : [],
    ),
  };
}

/** Why nothing came of a clip; null where something did. */
function whySkipped({ record, why }: ClipOutcome): string | null {
  if (record === null) return why;
  if (record.skipped !== null) return record.skipped;
  if (record.frames.some(({ face }) => face !== null)) return null;
  return record.frames[0]?.why ?? 'none of the wanted frames is in it';
}

function damageInWords({
  frames,
  first,
}: {
  readonly frames: number;
  readonly first: string | null;
}): string {
  return `${frames} damaged frames${first === null ? '' : `: ${first}`}`;
}

function count(outcomes: readonly ClipOutcome[]): CoverageReport['total'] {
  const frames = outcomes.flatMap(({ clip, record }) =>
    (record?.frames ?? []).map((frame) => ({ ...frame, hasReal: record?.faces_of !== null, clip })),
  );
  const sum = (holds: (frame: (typeof frames)[number]) => boolean): number => frames.filter(holds).length;
  return {
    clips: outcomes.length,
    skipped: outcomes.filter((outcome) => whySkipped(outcome) !== null).length,
    damaged: outcomes.filter(({ record }) => record?.damage).length,
    frames_wanted: frames.length,
    frames_with_face: sum(({ found }) => found !== 0),
    crops: sum(({ face }) => face !== null),
    boxes_borrowed: sum(({ face }) => face !== null && face.score === null),
    boxes_own: sum(({ face, hasReal }) => hasReal && face !== null && face.score !== null),
  };
}
