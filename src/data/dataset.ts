/**
 * What a dataset is to the rest of the house: a list of labelled samples per split and a way to read one
 * sample's pixels. Sampling, pairing, augmentation and batching are the loader's (loader.ts), the same for all.
 */

import type { Mask } from './forgery/float-image.ts';
import type { Share } from './shares.ts';

export type Split = 'train' | 'val' | 'test';

/** Label convention, stated once: 1 = fake. */
export const REAL = 0;
export const FAKE = 1;

/** An 8-bit sRGB image, interleaved RGB, rows from the top: `data.length === width * height * 3`. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A piece of a file. */
export interface Packed {
  /** Its first byte. */
  readonly offset: number;
  readonly bytes: number;
}

export interface Sample {
  /** Unique within the dataset and stable over runs; names the sample in errors, score files and reports. */
  readonly id: string;
  /** The file the pixels come from (for a forgery made on the fly: the target photo). */
  readonly file: string;
  /** Where in `file` the image is, if that is a shard of many (pack/); left out: it is the whole file. */
  readonly packed?: Packed;
  readonly split: Split;
  /** 0 = real, 1 = fake. */
  readonly label: 0 | 1;
  /** The forgery method; `'real'` exactly when label is 0. */
  readonly manipulation: string;
  /** The independent unit: the video, or the person in a photo. Bootstrap intervals resample these. */
  readonly videoId: string;
  /** Samples of one pair are a real and the fakes made of it; the loader gives them the same augmentation draws. */
  readonly pair: string;
  /** How the video was compressed (`raw`, `c23`, `c40`, …), where the dataset tells. */
  readonly compression?: string;
  /** Number of the frame in its video and of the face in the video, from 0, where the dataset tells. */
  readonly frame?: number;
  readonly face?: number;
  /** The people in it, where the dataset tells: of a fake, whose face is shown and whose footage it was made of. */
  readonly identities?: readonly string[];
  /** A fake that is made of this real sample each time it is read (online-fakes.ts); there is no file of it. */
  readonly madeOf?: Sample;
}

/** What an image is called in messages: its file, or its shard with its id. */
export function nameOf({ file, packed, id }: Pick<Sample, 'file' | 'packed' | 'id'>): string {
  return packed === undefined ? file : `${file}: ${id}`;
}

/** A file that a reader left out, and why: counted and listed, never silently replaced. */
export interface Skipped {
  readonly file: string;
  readonly why: string;
}

/** What turns samples into pixels; it needs no list of them, so that many threads can have one each. */
export interface SampleReader {
  /** Side of the square images that `read` returns, in pixels. */
  readonly size: number;
  /** Pixels of one sample at `size`×`size`. Throws an error naming the file if they cannot be read. */
  read(sample: Sample): Promise<RgbImage>;
  /**
   * A sample's image file, byte for byte, of which `read` gives the largest centred square. A dataset that makes its pictures has none.
   */
  encoded?(sample: Sample): Promise<Uint8Array>;
  /**
   * The 68 landmarks of iBUG 300-W of a sample's face, in pixels of what `read` gives (pixel centres at whole numbers); null where none
   * are known. A dataset without this member has none, and no fakes can be made of its images.
   */
  landmarks?(sample: Sample): Promise<readonly (readonly [number, number])[] | null>;
  /**
   * Where a fake differs from what it was made of: opacity of what was laid over it in [0, 1], `size`×`size`; null where that is not known.
   * A dataset without this member knows it of none. Not asked of reals.
   */
  mask?(sample: Sample): Promise<Mask | null>;
}

export interface Dataset extends SampleReader {
  readonly name: string;
  samples(split: Split): readonly Sample[];
  readonly skipped: readonly Skipped[];
  /** Parts with given shares of the training batches, where a dataset is made of several; every train sample is in one. */
  readonly shares?: readonly Share[];
}

/** One batch as it leaves the loader: row i of every field is the same image. */
export interface Batch {
  /** [N, size, size, 3], float32 in [0, 1]. */
  readonly images: Float32Array;
  readonly shape: readonly [number, number, number, number];
  readonly samples: readonly Sample[];
  /** Only where they were asked for. */
  readonly masks?: BatchMasks;
}

/** Where the images of a batch were changed, moved with them by the augmentation. */
export interface BatchMasks {
  /** [N, size, size], float32 in [0, 1]: opacity of what was laid over the picture; zeros for reals and where it is not known. */
  readonly values: Float32Array;
  /** [N], 1 where `values` are known, 0 where not. */
  readonly known: Float32Array;
}
