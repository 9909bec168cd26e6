/** A corpus of clips to crops, records and a manifest: many processes, a clip each, real clips before the fakes made of them. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { ChildEnded, openChild, type Child } from '../child.ts';
import type { Clip, Corpus } from '../corpora/corpus.ts';
import type { ClipJob, Unreadable } from './clip.ts';
import { faceDigest, imageFolder, isSameFile, readRecord, type ClipRecord } from './record.ts';
import type { CropSettings } from './settings.ts';

export interface PrepareTask {
  readonly corpus: Corpus;
  readonly settings: CropSettings;
  readonly out: string;
  readonly workers: number;
  readonly ffmpeg: string;
  /** After each clip. */
  readonly onClip: (outcome: ClipOutcome, done: number) => void;
  /** Aborted: clips under way are finished, no other is begun. */
  readonly stop: AbortSignal;
}

/** What became of a clip. */
export interface ClipOutcome {
  readonly clip: Clip;
  /** Null where nothing could be recorded: a later run tries again. */
  readonly record: ClipRecord | null;
  /** Why there is no record. */
  readonly why: string | null;
  /** Whether the record was there before this run. */
  readonly kept: boolean;
}

type ClipChild = Child<ClipJob, ClipRecord | Unreadable>;

/** So many processes in a row that die over their clips are no fault of the clips. */
const MOST_CRASHES = 3;

/**
 * Makes what is not there yet. A clip whose record was made of another file of the same name, or with another real clip's boxes, or whose
 * crops are not all there, is made anew.
 *
 * @returns an outcome for each clip, in the corpus's order; null if it was stopped before the end
 * @throws if the output cannot be written, or the processes cannot be started or die again and again
 */
export async function prepareClips(task: PrepareTask): Promise<readonly ClipOutcome[] | null> {
  const { corpus, workers, stop } = task;
  const ids = new Set(corpus.clips.map(({ id }) => id));
  const hasReal = ({ source }: Clip): boolean => source !== null && ids.has(source);
  const outcomes = new Map<string, ClipOutcome>();
  const crew = openCrew(task);
  try {
    for (const stage of [corpus.clips.filter((clip) => !hasReal(clip)), corpus.clips.filter(hasReal)]) {
      const queue = [...stage];
      const lane = async (number: number): Promise<void> => {
        while (!stop.aborted && !crew.failed()) {
          const clip = queue.shift();
          if (clip === undefined) return;
          const real = outcomes.get(clip.source ?? '')?.record ?? null;
          const outcome = await crew.work(number, clip, real);
          outcomes.set(clip.id, outcome);
          task.onClip(outcome, outcomes.size);
        }
      };
      await Promise.all(Array.from({ length: workers }, (_, number) => lane(number)));
    }
  } finally {
    await crew.close();
  }
  if (outcomes.size < corpus.clips.length) return null;
  return corpus.clips.map(({ id }) => outcomes.get(id) as ClipOutcome);
}

/** The processes, each started when there is something for it to do. */
function openCrew({ settings, out, ffmpeg, workers }: PrepareTask) {
  const children = new Array<ClipChild | undefined>(workers);
  let crashes = 0;
  let failed = false;
  const childOf = (number: number): ClipChild =>
    // one thread each: figures do not depend on how many there are
    (children[number] ??= openChild(new URL('./clip-process.ts', import.meta.url), {
      TF_NUM_INTRAOP_THREADS: '1',
      TF_NUM_INTEROP_THREADS: '1',
    }));
  const make = async (number: number, clip: Clip, real: ClipRecord | null): Promise<ClipOutcome> => {
    const child = childOf(number);
    await child.ready;
    try {
      const answer = await child.ask({ clip: { id: clip.id, file: clip.file }, settings, out, ffmpeg, real });
      crashes = 0;
      if ('unreadable' in answer) return { clip, record: null, why: answer.unreadable, kept: false };
      return { clip, record: answer, why: null, kept: false };
    } catch (error) {
      if (!(error instanceof ChildEnded) || failed || ++crashes >= MOST_CRASHES) throw error;
      children[number] = undefined;
      return { clip, record: null, why: `ended its process: ${error.message}`, kept: false };
    }
  };
  return {
    failed: () => failed,
    work: async (number: number, clip: Clip, real: ClipRecord | null): Promise<ClipOutcome> => {
      try {
        const record = await currentRecord(out, clip, real);
        return record === null ? await make(number, clip, real) : { clip, record, why: null, kept: true };
      } catch (error) {
        failed = true;
        throw error;
      }
    },
    close: async () => {
      await Promise.all(children.map(async (child) => child?.close()));
    },
  };
}

/** The clip's record if it is of the file that is there now and of the real clip's present boxes, with all its crops; else null. */
async function currentRecord(out: string, clip: Clip, real: ClipRecord | null): Promise<ClipRecord | null> {
  const record = await readRecord(out, clip.id);
  if (record === undefined || record.faces_of !== (real === null ? null : faceDigest(real))) return null;
  const same = await isSameFile(clip.file, record.source).catch(() => false); // the process that makes it says why
  if (!same) return null;
  const wanted = record.frames.flatMap(({ face }) => (face === null ? [] : [path.basename(face.image)]));
  if (wanted.length === 0) return record;
  const there = new Set(await readdir(path.join(out, imageFolder(clip.id))).catch(() => []));
  return wanted.every((name) => there.has(name)) ? record : null;
}
