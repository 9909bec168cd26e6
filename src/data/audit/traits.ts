/** What a file tells of itself without its picture: size, format, how it was compressed. */
import { open } from 'node:fs/promises';
import sharp, { type Metadata } from 'sharp';
import { jpegTraces } from './jpeg-quality.ts';

export interface Traits {
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  readonly format: string;
  /** Of a JPEG file, else null. */
  readonly quality: number | null;
  /** How chroma is sampled, `4:2:0`, where the file tells. */
  readonly subsampling: string;
  readonly hasProfile: boolean;
  readonly hasExif: boolean;
}

/** The numbers that are made of traits for a classifier, see {@link featuresOf}. */
export const FEATURES = [
  'file size',
  'bytes a pixel',
  'width',
  'height',
  'format',
  'JPEG quality',
  'chroma subsampling',
  'colour profile',
  'EXIF',
] as const;

/** The tables of a JPEG file come before its pixels; profiles and EXIF may stand before them. */
const HEAD = 2 ** 18;

/**
 * Reads the traits of an image file; throws what the file system or sharp says.
 *
 * @param bytes the image file, where `file` is a shard of many
 */
export async function traitsOf(file: string, bytes?: Uint8Array): Promise<Traits> {
  if (bytes !== undefined) return traits(bytes.length, bytes, await sharp(bytes).metadata());
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const head = new Uint8Array(Math.min(size, HEAD));
    await handle.read(head, 0, head.length, 0);
    return traits(size, head, await sharp(file).metadata());
  } finally {
    await handle.close();
  }
}

function traits(size: number, head: Uint8Array, header: Metadata): Traits {
  const jpeg = jpegTraces(head);
  return {
    bytes: size,
    width: header.width,
    height: header.height,
    format: header.format,
    quality: jpeg?.quality ?? null,
    subsampling: jpeg?.subsampling ?? header.chromaSubsampling ?? 'none',
    hasProfile: header.hasProfile,
    hasExif: header.exif !== undefined,
  };
}

/** The traits as numbers, in the order of {@link FEATURES}; words are numbered in the order of `words`, the same list for all. */
export function featuresOf(traits: Traits, words: readonly string[]): readonly number[] {
  const { bytes, width, height, format, quality, subsampling, hasProfile, hasExif } = traits;
  return [
    bytes,
    bytes / (width * height),
    width,
    height,
    words.indexOf(format),
    quality ?? 0,
    words.indexOf(subsampling),
    Number(hasProfile),
    Number(hasExif),
  ];
}
