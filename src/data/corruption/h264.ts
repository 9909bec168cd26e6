/** What H.264 makes of an image: of a frame in the middle of a video, where most frames are predicted from the ones before. */
import type { Readable } from 'node:stream';
import { warp } from '../augmentation/geometry.ts';
import type { RgbImage } from '../dataset.ts';
import { runFfmpeg } from '../prepare/ffmpeg.ts';

/** Frames of the clip, the last of which is the image. */
const FRAMES = 6;
/** How far the picture moves from frame to frame, in pixels: by fractions, so that no prediction is exact. */
const DRIFT = { right: 0.6, down: 0.35 } as const;

const QUIET = ['-hide_banner', '-nostats', '-loglevel', 'level+error', '-threads', '1'];
/** The same pixels on every processor. */
const EXACT = ['-sws_flags', 'bicubic+accurate_rnd+full_chroma_int+bitexact'];

/**
 * The image after H.264 (x264, preset medium, 4:2:0) at a constant rate factor. It is coded as the last of six frames that drift by a
 * fraction of a pixel each, the first one intra, the others predicted (no B frames): what is kept of it is prediction and a coarse
 * residual, as of most frames of a video, where an intra frame alone would be kept better. Depends on nothing but the image and `crf`.
 *
 * @param crf 0 … 51, larger is worse; FaceForensics++ was published at 23 and 40
 * @param ffmpeg its file
 * @throws what `runFfmpeg` does
 */
export async function h264RoundTrip(image: RgbImage, crf: number, ffmpeg: string): Promise<RgbImage> {
  const { width, height } = image;
  const frames = Array.from({ length: FRAMES }, (_, i) => moved(image, i - (FRAMES - 1)));
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24'];
  const coded = await bytesOf(
    ffmpeg,
    [
      ...QUIET,
      ...[...raw, '-video_size', `${width}x${height}`, '-framerate', '25', '-i', 'pipe:0'],
      ...['-vf', 'pad=ceil(iw/2)*2:ceil(ih/2)*2', ...EXACT],
      ...['-c:v', 'libx264', '-preset', 'medium', '-crf', String(crf), '-pix_fmt', 'yuv420p'],
      ...['-bf', '0', '-x264-params', 'scenecut=0', '-threads', '1', '-f', 'h264', 'pipe:1'],
    ],
    Buffer.concat(frames.map(({ data }) => data)),
  );
  // in RGB, for with halved chroma only even sizes can be cut out
  const crop = ['-vf', `format=rgb24,crop=${width}:${height}:0:0`];
  const decoded = await bytesOf(
    ffmpeg,
    [...QUIET, '-f', 'h264', '-i', 'pipe:0', ...crop, ...EXACT, ...raw, 'pipe:1'],
    coded,
  );
  const size = width * height * 3;
  if (decoded.length !== FRAMES * size) {
    throw new Error(
      `ffmpeg gave ${decoded.length} bytes of a clip of ${FRAMES} frames of ${width}×${height} pixels`,
    );
  }
  return { width, height, data: new Uint8Array(decoded.subarray((FRAMES - 1) * size)) };
}

/** The picture some frames away from its place, mirrored at the border. */
function moved(image: RgbImage, frames: number): RgbImage {
  return warp(image, {
    flip: false,
    angle: 0,
    scale: 1,
    shiftX: (frames * DRIFT.right) / image.width,
    shiftY: (frames * DRIFT.down) / image.height,
  });
}

async function bytesOf(ffmpeg: string, args: readonly string[], input: Uint8Array): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const read = async (stdout: Readable): Promise<void> => {
    for await (const chunk of stdout) chunks.push(chunk as Buffer);
  };
  await runFfmpeg(ffmpeg, args, read, input);
  return Buffer.concat(chunks);
}
