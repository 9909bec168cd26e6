// Plain JavaScript because set-up shares the rule and runs before anything that understands TypeScript is installed.
import path from 'node:path';

/** The version of the PyPI package that brings ffmpeg, which is 7.0.2 on Linux and 7.1 on macOS. */
export const FFMPEG_PACKAGE = '0.6.0';

/**
 * The ffmpeg that videos are read with: `DEEPFAKE_GAME_FFMPEG` if set, else the one that `set-up --video` puts into the cache. Nothing is
 * looked at: the file may be missing.
 *
 * @param {string} cache the cache folder
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {string} machine the machine's kind as set-up names it
 * @returns {{ file: string, own: boolean }} an absolute path, and whether the user named it
 */
export function ffmpegFile(cache, env = process.env, machine = `${process.platform}-${process.arch}`) {
  const own = env['DEEPFAKE_GAME_FFMPEG'];
  if (own) return { file: path.resolve(own), own: true };
  return { file: path.join(cache, `imageio-ffmpeg-${FFMPEG_PACKAGE}-${machine}`, 'ffmpeg'), own: false };
}
