/** TensorBoard files through TensorBoard's own reader. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../src/data/cache-folder.ts';
import { tensorBoardFolder } from '../../scripts/setup/tensorboard.mjs';

const ROOT = join(import.meta.dirname, '../..');

export interface Found {
  readonly plugin: string;
  readonly steps: readonly number[];
  readonly values: readonly unknown[];
  readonly content: Readonly<Record<string, unknown>> | null;
}

/** What TensorBoard's own reader finds; TensorBoard is brought by the project's set-up if it is not there. */
export async function readTensorBoard(logdir: string): Promise<Record<string, Found>> {
  const folder = await tensorBoardFolder(cacheFolder());
  if (folder === undefined || !existsSync(folder)) {
    execFileSync(process.execPath, [join(ROOT, 'scripts/setup.mjs'), '--quiet', '--tensorboard'], {
      stdio: 'inherit',
    });
  }
  const json = execFileSync('python3', [join(ROOT, 'test/reports/read-events.py'), logdir], {
    encoding: 'utf8',
    env: { ...process.env, PYTHONPATH: folder },
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(json) as Record<string, Found>;
}
