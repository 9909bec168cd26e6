/** Videos and stills of real faces, made by ffmpeg in a temporary folder from the photos that set-up brought. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../src/data/cache-folder.ts';
import { ffmpegFile } from '../../src/data/ffmpeg-file.mjs';

const run = promisify(execFile);

export const FFMPEG = ffmpegFile(cacheFolder()).file;

/** A portrait photo by its number, 1 to 36, of a man or a woman: 128×128 pixels, one face. */
export function portrait(number: number, kind: 'male' | 'female' = 'female'): string {
  return path.join(cacheFolder(), 'photos/tabler-ui-0.0.34', kind, `${number}.jpg`);
}

/** Runs ffmpeg; throws with what it says if it fails. */
export async function ffmpeg(...args: readonly string[]): Promise<void> {
  await run(FFMPEG, ['-hide_banner', '-nostdin', '-loglevel', 'error', '-y', ...args]);
}

export interface FaceVideo {
  readonly photos?: readonly string[];
  readonly frames?: number;
  /** Frame size; the photos stand side by side in its middle, and move to the right by a pixel a frame. */
  readonly width?: number;
  readonly height?: number;
  /** Further arguments for the output: codec, flags. */
  readonly output?: readonly string[];
  /** A filter after the rest. */
  readonly filter?: string;
}

/** Writes a video in which portraits move slowly over grey. */
export async function faceVideo(file: string, video: FaceVideo = {}): Promise<string> {
  const { photos = [portrait(1)], frames = 12, width = 320, height = 240, output = [], filter } = video;
  await mkdir(path.dirname(file), { recursive: true });
  const inputs = photos.flatMap((photo) => ['-loop', '1', '-framerate', '25', '-i', photo]);
  const scaled = photos.map((_, i) => `[${i + 1}:v]scale=128:128[p${i}]`);
  const placed = photos.map((_, i) => {
    const left = Math.round(width / 2 - 64 * photos.length + 128 * i - frames / 2);
    return `[b${i}][p${i}]overlay=x=${left}+n:y=${Math.round(height / 2 - 64)}:shortest=1[b${i + 1}]`;
  });
  const graph = [
    ...scaled,
    '[0:v]null[b0]',
    ...placed,
    `[b${photos.length}]${filter ?? 'null'},format=yuv420p[out]`,
  ].join(';');
  const background = `color=c=gray:s=${width}x${height}:r=25`;
  await ffmpeg(
    ...['-f', 'lavfi', '-i', background, ...inputs, '-filter_complex', graph, '-map', '[out]'],
    ...['-frames:v', String(frames), ...output, file],
  );
  return file;
}
