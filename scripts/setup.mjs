/**
 * Brings what the project needs and this machine lacks: the npm packages, TensorFlow with its binding, the photos; TensorBoard and
 * ffmpeg for the commands that ask for them.
 * A second run finds everything there and is over in a fraction of a second. Plain JavaScript without dependencies,
 * because nothing is installed yet when it runs.
 *
 *   node scripts/setup.mjs [--quiet] [--gpu | --cpu] [--tensorboard] [--video]
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cacheFolder } from '../src/data/cache-folder.mjs';
import { compileBinding, linkedDevice } from './setup/binding.mjs';
import { bringFfmpeg } from './setup/ffmpeg.mjs';
import { machineOf } from './setup/machine.mjs';
import { installPackages } from './setup/packages.mjs';
import { bringPhotos } from './setup/photos.mjs';
import { Problem } from './setup/problem.mjs';
import { say } from './setup/progress.mjs';
import { runSetup } from './setup/run-setup.mjs';
import { installTensorBoard } from './setup/tensorboard.mjs';

async function main() {
  const flags = readFlags();
  // First, because an older Node lacks things that the rest uses.
  const machine = machineOf({
    version: process.versions.node,
    platform: process.platform,
    arch: process.arch,
  });
  const root = path.resolve(import.meta.dirname, '..');
  const cache = cacheFolder();
  const device = flags.gpu ? 'gpu' : flags.cpu ? 'cpu' : (linkedDevice(root) ?? 'cpu');
  if (device === 'gpu' && machine.name !== 'linux-x64') {
    throw new Problem(
      `--gpu: TensorFlow's CUDA library exists for linux-x64 only, this machine is ${machine.name}`,
    );
  }
  await installPackages(root);
  await compileBinding({ root, cache, machine, device });
  await bringPhotos({ cache, machine });
  if (flags.tensorboard) await installTensorBoard({ cache, machine });
  if (flags.video) await bringFfmpeg({ cache, machine });
  if (!flags.quiet)
    say(`everything is there: TensorFlow for the ${device.toUpperCase()}, photos (in ${cache})`);
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        quiet: { type: 'boolean' },
        gpu: { type: 'boolean' },
        cpu: { type: 'boolean' },
        tensorboard: { type: 'boolean' },
        video: { type: 'boolean' },
      },
    });
    if (values.gpu && values.cpu) throw new Error("'--gpu' and '--cpu' exclude each other");
    return values;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Problem(
      `${reason}\nusage: node scripts/setup.mjs [--quiet] [--gpu | --cpu] [--tensorboard] [--video]`,
    );
  }
}

await runSetup(main);
