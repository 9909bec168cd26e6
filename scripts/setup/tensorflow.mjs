import fs from 'node:fs';
import path from 'node:path';
import { ensure } from './product.mjs';
import { announced } from './progress.mjs';
import { downloadWheels } from './wheels.mjs';
import { unzip } from './zip.mjs';

export const TENSORFLOW_VERSION = '2.21.0';

/** @typedef {'cpu' | 'gpu'} Device */

/** Sizes of the downloads, and the free space needed while both the wheels and what they hold are there. */
const SIZES = /** @type {const} */ ({
  cpu: { download: '280 MB', peak: 2e9 },
  gpu: { download: '3 GB', peak: 12e9 },
});

/** What the binding is compiled against: the C interface and the few headers that it includes itself. */
const HEADERS =
  /^tensorflow\/include\/(tensorflow\/c\/|tensorflow\/core\/platform\/|tensorflow\/core\/common_runtime\/next_pluggable_device\/c\/|xla\/tsl\/c\/|tsl\/platform\/)/;
/** A header that kernels need; caches of earlier versions lack it. */
const KERNEL_HEADER =
  'tensorflow/include/tensorflow/core/common_runtime/next_pluggable_device/c/tf_rendezvous_c_api.h';

/**
 * Brings TensorFlow's library and headers into the cache, out of the wheels that PyPI has for Python; no Python is
 * needed to use them. With `gpu` NVIDIA's libraries lie beside it, where TensorFlow's own run path looks for them.
 * @param {object} wanted
 * @param {string} wanted.cache
 * @param {import('./machine.mjs').Machine} wanted.machine
 * @param {Device} wanted.device
 * @returns {Promise<string>} the folder, with `tensorflow/` in it
 */
export async function bringTensorFlow({ cache, machine, device }) {
  const libraries = ['tensorflow_cc', 'tensorflow_framework'].map(
    (name) => `tensorflow/${machine.library(name)}`,
  );
  const folder = path.join(cache, `tensorflow-${TENSORFLOW_VERSION}-${machine.name}-${device}`);
  const what = `TensorFlow ${TENSORFLOW_VERSION}${device === 'gpu' ? ' with CUDA' : ''} (${SIZES[device].download})`;
  await ensure({
    folder,
    what: `downloading ${what}`,
    bytes: SIZES[device].peak,
    isWhole: () => [...libraries, KERNEL_HEADER].every((name) => fs.existsSync(path.join(folder, name))),
    make: async (partial) => {
      const downloads = path.join(partial, 'downloads');
      fs.mkdirSync(downloads);
      const requirements = path.join(import.meta.dirname, 'requirements', `${machine.name}-${device}.txt`);
      const wheels = await downloadWheels({ what, requirements, folder: downloads, machine });
      await announced('unpacking it', async () => {
        for (const wheel of wheels) {
          const wanted = path.basename(wheel).startsWith('nvidia')
            ? (/** @type {string} */ name) => name.startsWith('nvidia/') && !name.includes('/include/')
            : (/** @type {string} */ name) => libraries.includes(name) || HEADERS.test(name);
          await unzip(wheel, partial, wanted);
          fs.rmSync(wheel);
        }
      });
      fs.rmSync(downloads, { recursive: true });
      const missing = libraries.find((name) => !fs.existsSync(path.join(partial, name)));
      if (missing !== undefined) throw new Error(`the wheel of TensorFlow holds no ${missing}`);
    },
  });
  return folder;
}
