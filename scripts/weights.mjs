/**
 * Brings published ImageNet weights into the cache, for detectors that start from them (`discriminator.weights=imagenet`), and prints a line
 * for each: its name and its file. What is there already is checked and not brought again.
 *
 *   node scripts/weights.mjs [NAME…]     without names: all of them
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { cacheFolder } from '../src/data/cache-folder.mjs';
import { PUBLISHED } from '../src/weights/published.mjs';
import { machineOf } from './setup/machine.mjs';
import { Problem } from './setup/problem.mjs';
import { runSetup } from './setup/run-setup.mjs';
import { bringWeights } from './setup/weights.mjs';

async function main() {
  const names = readNames();
  const machine = machineOf({
    version: process.versions.node,
    platform: process.platform,
    arch: process.arch,
  });
  const cache = cacheFolder();
  for (const name of names) process.stdout.write(`${name} ${await bringWeights({ cache, machine, name })}\n`);
}

/** @returns {string[]} */
function readNames() {
  const known = Object.keys(PUBLISHED);
  const fail = (/** @type {string} */ reason) => {
    throw new Problem(
      `${reason}\nusage: npm run weights [-- NAME…], with names of ${known.join(', ')}; without: all`,
    );
  };
  /** @type {string[]} */
  let names = [];
  try {
    names = parseArgs({ allowPositionals: true, options: {} }).positionals;
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
  for (const name of names) if (!known.includes(name)) fail(`there are no published weights '${name}'`);
  return names.length === 0 ? known : names;
}

await runSetup(main);
