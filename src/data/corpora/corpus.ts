/**
 * A public dataset as its owners hand it out: a folder of videos in a layout of its own. A reader of a layout tells which videos there are
 * and what is known of each; it opens none of them. `npm run prepare` makes face crops of a corpus; where frames lie beside the videos
 * already, they can be trained on as they are (frames.ts).
 */
import type { SettingsRecord } from '../../config/settings.ts';
import type { Skipped, Split } from '../dataset.ts';

/** One video, or one still image, of a corpus. */
export interface Clip {
  /** Unique in the corpus and the same on every machine: the path from the root without its extension, with `/`. */
  readonly id: string;
  /** Absolute path. */
  readonly file: string;
  /** 0 = real, 1 = fake, whatever the owner's lists write. */
  readonly label: 0 | 1;
  /** The forgery method, in the owner's spelling; `'real'` exactly when label is 0. */
  readonly manipulation: string;
  /** `raw`, `c23`, `c40` where the owner hands out several qualities. */
  readonly compression: string | null;
  /** Null where the owner has no official split. */
  readonly split: Split | null;
  /** What is one video whatever its quality, and never two methods in one: `Deepfakes/000_003`. */
  readonly video: string;
  /** The people in it, or what stands for them (FaceForensics++'s video numbers): equal only if the person is the same. */
  readonly identities: readonly string[];
  /** `id` of the real clip, of the same quality, that this one was made of; null for reals and where it is not known. */
  readonly source: string | null;
}

/** A corpus as it was found. */
export interface Corpus {
  readonly name: string;
  readonly root: string;
  /** Sorted by id. */
  readonly clips: readonly Clip[];
  /** What lies there or is listed but cannot be used, with the reason. */
  readonly skipped: readonly Skipped[];
}

/** How a layout is read: what `corpora/NAME.ts` exports. */
export interface CorpusVariant<S = never> {
  readonly name: string;
  /** Its settings; `root` is among them. */
  readonly settings: SettingsRecord;
  /** Lists the clips. Throws, naming the folder and what was expected there, if the layout is another one. */
  readonly list: (settings: S) => Promise<Corpus>;
}

/** A corpus whose frames can be read from disk too (frames.ts). */
export interface CorpusReader<S = never> extends CorpusVariant<S> {
  /**
   * As `list`, but of folders of frames: `file` and `id` name the folder, or the video where it has none. Every clip has a split: what has no
   * official one is dealt out by the settings.
   */
  readonly listFrames: (settings: S) => Promise<Corpus>;
}
