/** Frames as ffmpeg writes them one after the other: binary PPM, whose header tells the size. */
import type { RgbImage } from '../dataset.ts';

/** `P6`, width, height and 255, each followed by one white-space character; then RGB bytes. */
const HEADER = /^P6\s(\d+)\s(\d+)\s255\s/;
const LONGEST_HEADER = 32;

/** The images of a stream of PPM files. Throws if it is something else, or ends within an image. */
export async function* readPpm(stream: AsyncIterable<Uint8Array>): AsyncGenerator<RgbImage> {
  let head: Buffer = Buffer.alloc(0);
  let image: { width: number; height: number; data: Uint8Array } | null = null;
  let filled = 0;
  for await (const chunk of stream) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    while (rest.length > 0) {
      if (image === null) {
        head = Buffer.concat([head, rest]);
        const found = HEADER.exec(head.toString('latin1', 0, LONGEST_HEADER));
        if (found === null) {
          if (head.length >= LONGEST_HEADER) throw new Error('a frame does not begin as a PPM image does');
          break;
        }
        const [width, height] = [Number(found[1]), Number(found[2])];
        image = { width, height, data: new Uint8Array(width * height * 3) };
        filled = 0;
        rest = head.subarray(found[0].length);
        head = Buffer.alloc(0);
      }
      const part = rest.subarray(0, image.data.length - filled);
      image.data.set(part, filled);
      filled += part.length;
      rest = rest.subarray(part.length);
      if (filled === image.data.length) {
        yield image;
        image = null;
      }
    }
  }
  if (image !== null || head.length > 0) throw new Error('the stream of frames ends within one');
}
