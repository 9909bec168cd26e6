import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { lastLines, run } from './command.mjs';
import { withLock } from './lock.mjs';
import { Problem } from './problem.mjs';
import { announced } from './progress.mjs';

/**
 * Installs the npm packages of package-lock.json if node_modules does not hold exactly these. No package's own
 * install script runs.
 * @param {string} root the checkout
 */
export async function installPackages(root) {
  if (packagesAreInstalled(root)) return;
  // Not in node_modules, which npm deletes first.
  const key = createHash('sha256').update(root).digest('hex').slice(0, 16);
  const lock = path.join(os.tmpdir(), `deepfake-game-npm-${key}.lock`);
  await withLock(lock, 'installing npm packages', async () => {
    if (packagesAreInstalled(root)) return;
    const { code, output } = await announced('installing npm packages', () =>
      run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root }),
    );
    if (code === 'missing')
      throw new Problem('npm is missing: it comes with Node (https://nodejs.org/en/download)');
    if (code !== 0) {
      throw new Problem(
        `\`npm ci\` failed:\n${lastLines(output)}\nIf that is the network: run again once it is there, ` +
          'or tell npm its proxy (`npm config set https-proxy http://…`)',
      );
    }
    if (!packagesAreInstalled(root)) {
      throw new Problem(
        '`npm ci` ended well but node_modules does not hold what package-lock.json lists: run it by hand',
      );
    }
  });
}

/**
 * Whether node_modules holds the packages of package-lock.json, by npm's own record of what it installed there. npm
 * writes that record last, so an interrupted installation has none.
 * @param {string} root the checkout
 */
export function packagesAreInstalled(root) {
  const record = path.join(root, 'node_modules', '.package-lock.json');
  if (!fs.existsSync(record)) return false;
  const wanted = packagesOf(path.join(root, 'package-lock.json'));
  const present = packagesOf(record);
  return Object.entries(wanted).every(([name, { version, integrity, optional }]) => {
    if (name === '') return true; // the project itself
    const found = present[name];
    // npm leaves out optional packages that are for other machines.
    if (found === undefined) return optional === true;
    return found.version === version && found.integrity === integrity;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }>}
 */
function packagesOf(file) {
  /** @type {unknown} */
  const lock = JSON.parse(fs.readFileSync(file, 'utf8'));
  return /** @type {{ packages: ReturnType<typeof packagesOf> }} */ (lock).packages;
}
