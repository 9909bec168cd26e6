/** One image of a manifest: what `npm run prepare` writes down of each face crop, and what `data=manifest` reads. */
import type { Split } from '../dataset.ts';

export interface ManifestRow {
  /** Path from the manifest's folder, with `/`; unique. */
  readonly image: string;
  /** 0 = real, 1 = fake. */
  readonly label: 0 | 1;
  /** The forgery method; `'real'` exactly when label is 0. */
  readonly manipulation: string;
  /** `raw`, `c23`, `c40`, …; null where nothing is known. */
  readonly compression: string | null;
  /** One video whatever its quality, never two methods in one. */
  readonly video: string;
  /** Number of the frame in its video, from 0; null for a still image. */
  readonly frame: number | null;
  /** Which of the faces of its frame, from 0; null where only one is looked at. */
  readonly face: number | null;
  /** What a real image and the fakes of the same moment share. */
  readonly pair: string;
  readonly identities: readonly string[];
  /** Null: to be dealt out when the manifest is opened. */
  readonly split: Split | null;
  /** sha256 of the file that the image was taken from, in hexadecimal; null where it is not known. */
  readonly source_hash: string | null;
  /** x0, y0, x1, y1, … of the 68 landmarks in pixels of the image, pixel centres at whole numbers; null where there are none. */
  readonly landmarks: readonly number[] | null;
  /** The shard that the image file is in, its path from the manifest's folder, with `/`; null: the file is at `image`. */
  readonly shard: string | null;
  /** Where in the shard it begins and how many bytes it has; null where there is no shard. */
  readonly offset: number | null;
  readonly bytes: number | null;
}

/** Of a row whose image is a file of its own. */
export const UNPACKED = { shard: null, offset: null, bytes: null } as const;
