import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { lastLines, run } from './command.mjs';
import { Problem } from './problem.mjs';
import { announced } from './progress.mjs';

/**
 * Downloads the wheels that a requirements file pins by version and sha256 into `folder`, by pip.
 * @param {object} wanted
 * @param {string} wanted.what what they are together, for the user: "TensorFlow 2.21.0 (274 MB)"
 * @param {string} wanted.requirements the requirements file
 * @param {string} wanted.folder
 * @param {import('./machine.mjs').Machine} wanted.machine
 * @returns {Promise<string[]>} the wheels' paths
 */
export async function downloadWheels({ what, requirements, folder, machine }) {
  const pip = await findPip(machine);
  const temporary = path.join(folder, 'pip');
  fs.mkdirSync(temporary);
  // Not for the Python that happens to be here: nothing of the wheels is run by Python.
  const target = ['--python-version', '3.12', '--implementation', 'cp', '--only-binary=:all:', '--no-deps'];
  const platforms = machine.wheelPlatforms.flatMap((name) => ['--platform', name]);
  const command = ['download', ...target, ...platforms, '--require-hashes', '-r', requirements, '-d', folder];
  const { code, output } = await announced(
    `downloading ${what}`,
    // pip's cache would keep a second copy, and TMPDIR keeps what a killed pip leaves inside the folder to be removed.
    () =>
      run([...pip, ...command, '--no-cache-dir', '--disable-pip-version-check'], {
        env: { TMPDIR: temporary },
      }),
    () => `, ${Math.round(bytesBelow(folder) / 1e6)} MB so far`,
  );
  if (code !== 0) throw new Problem(pipFailure(`downloading ${what}`, output));
  const wheels = fs.readdirSync(folder).filter((name) => name.endsWith('.whl'));
  const paths = wheels.map((name) => path.join(folder, name));
  await checkHashes(paths, requirements);
  return paths;
}

/**
 * What to tell the user when pip failed.
 * @param {string} task
 * @param {string} output
 */
export function pipFailure(task, output) {
  return (
    `${task} failed; nothing was kept. pip says:\n${lastLines(output)}\n` +
    'If that is the network: run again once it is there, or tell pip its proxy (`pip config set global.proxy http://…`)'
  );
}

/**
 * How pip is called here.
 * @param {import('./machine.mjs').Machine} machine
 * @returns {Promise<string[]>}
 */
async function findPip(machine) {
  for (const pip of [['pip3'], ['pip'], ['python3', '-m', 'pip']]) {
    if ((await run([...pip, '--version'])).code === 0) return pip;
  }
  throw new Problem(`pip is missing: ${machine.remedy.pip}`);
}

/**
 * pip has checked the hashes by itself; this holds even for a pip that did not.
 * @param {readonly string[]} wheels
 * @param {string} requirements
 */
async function checkHashes(wheels, requirements) {
  const pinned = new Set(fs.readFileSync(requirements, 'utf8').match(/(?<=--hash=sha256:)[0-9a-f]{64}/g));
  if (wheels.length !== pinned.size) {
    throw new Problem(
      `pip brought ${wheels.length} files where ${requirements} lists ${pinned.size}; nothing was kept`,
    );
  }
  for (const wheel of wheels) {
    const hash = createHash('sha256');
    await pipeline(fs.createReadStream(wheel, { highWaterMark: 1 << 20 }), hash);
    const found = hash.digest('hex');
    if (!pinned.has(found)) {
      throw new Problem(
        `${path.basename(wheel)} is not the pinned file (its sha256 is ${found}, which ${requirements} does not list); ` +
          'nothing was kept: check where pip downloads from (`pip config list`)',
      );
    }
  }
}

/** @param {string} folder */
function bytesBelow(folder) {
  let bytes = 0;
  for (const name of fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    bytes += fs.statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}
