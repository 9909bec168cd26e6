/** Python with NumPy, as the project's set-up brings it along with TensorBoard. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '../../src/data/cache-folder.ts';
import { tensorBoardFolder } from '../../scripts/setup/tensorboard.mjs';

const SETUP = path.join(import.meta.dirname, '../../scripts/setup.mjs');

/** Runs `python3 ARGUMENTS…` with NumPy at hand and gives what it prints; throws what it complains of. */
export async function python(...args: readonly string[]): Promise<string> {
  const folder = await tensorBoardFolder(cacheFolder());
  if (folder === undefined || !existsSync(folder)) {
    execFileSync(process.execPath, [SETUP, '--quiet', '--tensorboard'], { stdio: 'inherit' });
  }
  return execFileSync('python3', [...args], {
    encoding: 'utf8',
    env: { ...process.env, PYTHONPATH: await tensorBoardFolder(cacheFolder()) },
    maxBuffer: 2 ** 26,
  });
}
