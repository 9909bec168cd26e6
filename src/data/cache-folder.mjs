// Plain JavaScript because set-up shares the rule and runs before anything that understands TypeScript is installed.
import os from 'node:os';
import path from 'node:path';

/**
 * The folder that holds what set-up brings and all checkouts share (TensorFlow, photos), and what is costly to
 * compute twice: `DEEPFAKE_GAME_CACHE` if set, else `deepfake-game` in the system's folder for caches
 * (`XDG_CACHE_HOME`, `~/Library/Caches` on macOS, `~/.cache`). An absolute path; nothing is created.
 *
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {string} platform as `process.platform` names it
 * @param {string} home the user's home folder
 * @returns {string}
 */
export function cacheFolder(env = process.env, platform = process.platform, home = os.homedir()) {
  if (env['DEEPFAKE_GAME_CACHE']) return path.resolve(env['DEEPFAKE_GAME_CACHE']);
  // The XDG specification: a relative path is invalid and to be ignored.
  const xdg = env['XDG_CACHE_HOME'];
  if (xdg && path.isAbsolute(xdg)) return path.join(xdg, 'deepfake-game');
  return path.join(home, platform === 'darwin' ? 'Library/Caches' : '.cache', 'deepfake-game');
}
