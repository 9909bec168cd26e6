/**
 * Image files to pixels and back, by sharp alone: one decoder, one resizer and one JPEG encoder for training, test and
 * inspection, because a network learns the traces of the library that made its images.
 */
import { access, constants, readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import sharp from 'sharp';
import type { Metadata, Sharp, SharpOptions } from 'sharp';
import type { RgbImage } from './dataset.ts';

/** Larger images are refused, before any of their pixels are decoded: 2^27 pixels, 400 MB as RGB bytes. */
export const MAX_PIXELS = 2 ** 27;

const EXTENSIONS = ['.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif'];
const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const;

/** What the header of an image file says; width and height as stored, before any EXIF rotation. */
export interface ImageHeader {
  readonly width: number;
  readonly height: number;
  readonly format: (typeof FORMATS)[number];
}

/** Whether a file's name ends like that of an image that can be decoded, in upper or lower case. */
export function hasImageExtension(name: string): boolean {
  return EXTENSIONS.includes(extname(name).toLowerCase());
}

/**
 * Reads the header of an image file and checks what a header can tell: a known format, one frame, 8 or 16 bits a channel,
 * at most {@link MAX_PIXELS}. A file that passes may still be cut short; only decoding shows that.
 *
 * @param bytes the image file, where `file` is not it but names it
 * @throws an error that names the file and the remedy
 */
export async function inspectImage(file: string, bytes?: Uint8Array): Promise<ImageHeader> {
  if (bytes !== undefined) return checkHeader(file, await readMetadata(file, bytes));
  await access(file, constants.R_OK).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  if ((await stat(file)).size === 0) throw unusable(file, 'is empty');
  return checkHeader(file, await readMetadata(file, file));
}

/** Width and height of the image that {@link decodeImage} gives, from the header alone; throws as {@link inspectImage} does. */
export async function uprightSize(
  file: string,
  bytes?: Uint8Array,
): Promise<Pick<ImageHeader, 'width' | 'height'>> {
  const header = await readMetadata(file, bytes ?? file);
  checkHeader(file, header);
  return header.autoOrient;
}

/**
 * Decodes a JPEG, PNG, WebP, GIF, TIFF or AVIF file to 8-bit sRGB: turned upright as its EXIF orientation says, grey repeated
 * over three channels, CMYK and other profiles converted to sRGB, 16 bits scaled to 8, transparency laid over white.
 *
 * @param given the image file, where `file` is not it but names it
 * @throws an error that names the file and the remedy if it is missing, empty, broken, cut short, of another format,
 * animated (which frame would be meant?), of floating-point pixels, or above {@link MAX_PIXELS}
 */
export async function decodeImage(file: string, given?: Uint8Array): Promise<RgbImage> {
  const bytes =
    given ??
    (await readFile(file).catch((cause: unknown) => {
      throw unreadable(file, cause);
    }));
  if (bytes.length === 0) throw unusable(file, 'is empty');
  checkHeader(file, await readMetadata(file, bytes));
  const upright = open(bytes).autoOrient().flatten({ background: '#ffffff' }).toColourspace('srgb');
  return pixels(upright).catch((cause: unknown) => {
    throw unusable(file, `is broken or cut short (${firstLine(cause)})`, cause);
  });
}

/**
 * The largest centred square of the image, resized to `size`×`size`: Lanczos with antialiasing where it shrinks, cubic where
 * it grows. A square image of that size already comes back as it is.
 */
export async function resizeSquare(image: RgbImage, size: number): Promise<RgbImage> {
  if (image.width === size && image.height === size) return image;
  const side = Math.min(image.width, image.height);
  const left = Math.floor((image.width - side) / 2);
  const top = Math.floor((image.height - side) / 2);
  return pixels(
    fromPixels(image)
      .extract({ left, top, width: side, height: side })
      .resize(size, size, { fit: 'fill', kernel: 'lanczos3' }),
  );
}

/** The image at another width and height, by the same resizer as {@link resizeSquare}; the aspect ratio may change. */
export async function resizeTo(image: RgbImage, width: number, height: number): Promise<RgbImage> {
  if (image.width === width && image.height === height) return image;
  return pixels(fromPixels(image).resize(width, height, { fit: 'fill', kernel: 'lanczos3' }));
}

/** A baseline JPEG file of the image, chroma halved both ways (4:2:0); `quality` is libjpeg's, an integer from 1 to 100. */
export async function encodeJpeg(image: RgbImage, quality: number): Promise<Uint8Array> {
  return fromPixels(image).jpeg({ quality, chromaSubsampling: '4:2:0' }).toBuffer();
}

/** The image after being saved as a JPEG of that quality, see {@link encodeJpeg}, and decoded again. */
export async function jpegRoundTrip(image: RgbImage, quality: number): Promise<RgbImage> {
  return pixels(open(await encodeJpeg(image, quality)));
}

/** A PNG file of the image, lossless. */
export async function encodePng(image: RgbImage): Promise<Uint8Array> {
  return fromPixels(image).png().toBuffer();
}

/** Writes the bytes 0..255 as float32 in [0, 1] (v / 255) into `target`, from index `offset` on. */
export function toFloat(image: RgbImage, target: Float32Array, offset = 0): void {
  const { data } = image;
  if (offset + data.length > target.length) {
    throw new RangeError(`${data.length} values from index ${offset} on do not fit into ${target.length}`);
  }
  for (let i = 0; i < data.length; i++) target[offset + i] = UNIT[data[i] as number] as number;
}

const UNIT = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/**
 * Float pixels in [0, 1], interleaved RGB, as an 8-bit image: round(255 v), values outside clipped.
 *
 * @throws if the values do not fill width×height×3 or one of them is not a number
 */
export function toPicture(values: Float32Array, width: number, height: number): RgbImage {
  if (values.length !== width * height * 3) {
    throw new RangeError(`${values.length} values are no ${width}×${height} RGB image`);
  }
  const data = new Uint8Array(values.length);
  for (let i = 0; i < data.length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) throw new RangeError(`value ${i} of the ${width}×${height} image is NaN`);
    data[i] = Math.round(255 * Math.min(1, Math.max(0, value)));
  }
  return { width, height, data };
}

/** failOn 'warning' is sharp's strictest: a decoder that only warns has often made up pixels. */
const STRICT: SharpOptions = { failOn: 'warning', limitInputPixels: MAX_PIXELS };

function open(input: string | Uint8Array): Sharp {
  return sharp(input, STRICT);
}

function fromPixels({ data, width, height }: RgbImage): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** Runs the pipeline and copies its pixels out of sharp's buffer into one that can be transferred to another thread. */
async function pixels(pipeline: Sharp): Promise<RgbImage> {
  const { data, info } = await pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`expected 3 channels, decoded ${info.channels}`);
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

async function readMetadata(file: string, input: string | Uint8Array): Promise<Metadata> {
  return open(input)
    .metadata()
    .catch((cause: unknown) => {
      const reason = firstLine(cause);
      if (reason.includes('pixel limit')) throw tooLarge(file, cause);
      throw unusable(file, `is broken, or no image (${reason})`, cause);
    });
}

function checkHeader(file: string, header: Metadata): ImageHeader {
  const { width, height, pages = 1, depth } = header;
  // libheif reads several codecs; the one that comes with sharp is AV1.
  const name = header.format === 'heif' && header.compression === 'av1' ? 'avif' : header.format;
  const format = FORMATS.find((known) => known === name);
  if (format === undefined) throw unusable(file, `is ${name}, not one of ${FORMATS.join(', ')}`);
  if (pages !== 1)
    throw unusable(file, `has ${pages} frames or pages`, undefined, 'save the frames one by one');
  if (depth !== 'uchar' && depth !== 'ushort') {
    throw unusable(
      file,
      `has ${depth} pixels, not 8 or 16 bits a channel`,
      undefined,
      'convert it to 8 bits',
    );
  }
  if (width * height > MAX_PIXELS) throw tooLarge(file);
  return { width, height, format };
}

function tooLarge(file: string, cause?: unknown): Error {
  return unusable(file, `has more than ${MAX_PIXELS} pixels`, cause, 'make it smaller or take it out');
}

function unreadable(file: string, cause: unknown): Error {
  return unusable(
    file,
    `cannot be read (${firstLine(cause)})`,
    cause,
    'check that it exists and its permissions',
  );
}

function unusable(file: string, what: string, cause?: unknown, remedy = 'replace it or take it out'): Error {
  return new Error(`${file} ${what}; ${remedy}`, { cause });
}

function firstLine(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.split('\n', 1)[0] ?? message;
}
