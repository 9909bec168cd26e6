import fs from 'node:fs';
import path from 'node:path';
import { run } from './command.mjs';
import { ensure } from './product.mjs';
import { Problem } from './problem.mjs';
import { announced } from './progress.mjs';
import { pipFailure } from './wheels.mjs';

/**
 * Installs TensorBoard, which is a Python program, into the cache; no virtual environment, so none of its tools is
 * needed.
 * @param {{ cache: string, machine: import('./machine.mjs').Machine }} where
 */
export async function installTensorBoard({ cache, machine }) {
  const folder = await tensorBoardFolder(cache);
  if (folder === undefined) throw new Problem(`python3 is missing: ${machine.remedy.pip}`);
  const requirements = path.join(import.meta.dirname, 'requirements/tensorboard.txt');
  await ensure({
    folder,
    what: 'installing TensorBoard',
    bytes: 5e8,
    isWhole: () => fs.existsSync(path.join(folder, 'tensorboard/main.py')),
    make: async (partial) => {
      if ((await run(['python3', '-m', 'pip', '--version'])).code !== 0) {
        throw new Problem(`pip is missing: ${machine.remedy.pip}`);
      }
      const command = [
        'python3',
        '-m',
        'pip',
        'install',
        '--target',
        partial,
        '--require-hashes',
        '-r',
        requirements,
      ];
      const { code, output } = await announced('installing TensorBoard (30 MB)', () =>
        run([...command, '--only-binary=:all:', '--disable-pip-version-check']),
      );
      if (code !== 0) throw new Problem(pipFailure('installing TensorBoard', output));
    },
  });
}

/**
 * Where TensorBoard is installed for the python3 of this machine (its compiled parts suit one version of Python), or
 * undefined if there is no python3.
 * @param {string} cache
 */
export async function tensorBoardFolder(cache) {
  const { code, output } = await run(['python3', '-c', 'import sys; print("%d.%d" % sys.version_info[:2])']);
  return code === 0 ? path.join(cache, `tensorboard-2.21.0-python-${output.trim()}`) : undefined;
}
