/** A checkout, a cache and a PATH of their own for each test of set-up; nothing here reaches the network. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { machineOf } from '../../scripts/setup/machine.mjs';

export const ROOT = path.resolve(import.meta.dirname, '../..');
export const FIXTURES = path.join(ROOT, 'test/fixtures/setup');
export const machine = machineOf({ version: '20.19.0', platform: process.platform, arch: process.arch });

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Checkout {
  readonly folder: string;
  readonly cache: string;
  /** Environment of the processes: the fake tools first and only on PATH. */
  readonly env: NodeJS.ProcessEnv;
  /** The linked binding's folder in the cache, or undefined. */
  linked(): string | undefined;
  /** What the tools were called for since the last look, by tool and first argument. */
  calls(): string[];
  /** Changes a pinned hash, so that what is downloaded is not what is wanted. */
  spoil(requirements: string): void;
  removeTool(name: string): void;
  start(script: string, args?: readonly string[], env?: NodeJS.ProcessEnv): ChildProcess;
  setup(args?: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome>;
  remove(): void;
}

export function makeCheckout(): Checkout {
  const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'deepfake-game-setup-')));
  const at = (...parts: string[]) => path.join(base, ...parts);
  const log = at('calls.log');
  fs.writeFileSync(log, '');
  for (const folder of ['src/data', 'src/weights']) fs.mkdirSync(at('checkout', folder), { recursive: true });
  fs.cpSync(path.join(ROOT, 'scripts/setup'), at('checkout/scripts/setup'), { recursive: true });
  for (const file of [
    'scripts/setup.mjs',
    'scripts/weights.mjs',
    'scripts/tensorboard.ts',
    'src/data/cache-folder.mjs',
    'src/data/cache-folder.ts',
    'src/data/ffmpeg-file.mjs',
    'src/weights/published.mjs',
  ]) {
    fs.copyFileSync(path.join(ROOT, file), at('checkout', file));
  }
  fs.writeFileSync(at('checkout/package.json'), '{ "type": "module" }');
  fs.writeFileSync(
    at('checkout/package-lock.json'),
    lockOf({ 'node_modules/a': { version: '1.0.0', integrity: 'x' } }),
  );
  installFakes(at('bin'));
  makeDownloads(at('downloads'), at('checkout/scripts/setup/requirements'));
  const env = {
    PATH: at('bin'),
    HOME: base,
    TMPDIR: base,
    DEEPFAKE_GAME_CACHE: at('cache'),
    FAKE_LOG: log,
    FAKE_DOWNLOADS: at('downloads'),
    FAKE_ADDON: someAddon(),
  };
  const start: Checkout['start'] = (script, args = [], more = {}) =>
    spawn(process.execPath, [...script.split(' '), ...args], {
      cwd: at('checkout'),
      env: { ...env, ...more },
    });
  return {
    folder: at('checkout'),
    cache: at('cache'),
    env,
    linked: () => {
      const link = at('checkout/node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node');
      return fs.existsSync(link) ? path.basename(path.dirname(fs.realpathSync(link))) : undefined;
    },
    calls: () => {
      const lines = fs.readFileSync(log, 'utf8').split('\n').filter(Boolean);
      fs.writeFileSync(log, '');
      return lines.map((line) => line.split(' ').slice(0, 2).join(' '));
    },
    spoil: (name) => {
      const file = at('checkout/scripts/setup/requirements', name);
      const text = fs.readFileSync(file, 'utf8');
      fs.writeFileSync(
        file,
        text.replace(/sha256:[0-9a-f]{8}/, 'sha256:00000000').replace(/sha512-.{8}/, 'sha512-AAAAAAAA'),
      );
    },
    removeTool: (name) => fs.rmSync(at('bin', name)),
    start,
    setup: (args, more) => outcomeOf(start('scripts/setup.mjs', args, more)),
    remove: () => fs.rmSync(base, { recursive: true, force: true }),
  };
}

export const lockOf = (packages: object) =>
  JSON.stringify({ lockfileVersion: 3, packages: { '': {}, ...packages } });

export function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (text) => (stdout += String(text)));
  child.stderr?.on('data', (text) => (stderr += String(text)));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** A native addon that loads, to stand for the compiled one: koffi's own. */
function someAddon(): string {
  const { platform, arch } = process;
  return path.join(ROOT, `node_modules/@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`);
}

function installFakes(bin: string): void {
  fs.mkdirSync(bin);
  const source = fs.readFileSync(path.join(import.meta.dirname, 'fake-tools.mjs'), 'utf8');
  const program = path.join(bin, 'fake-tools.mjs');
  fs.writeFileSync(program, source);
  for (const name of ['npm', 'pip3', machine.compiler, 'python3']) {
    const fake = `#!/bin/sh\nexec '${process.execPath}' --input-type=module -e "process.argv.splice(1, 0, '${name}'); await import('file://${program}')" -- "$@"\n`;
    fs.writeFileSync(path.join(bin, name), fake, { mode: 0o755 });
  }
  // tar calls gzip by its name.
  for (const name of ['tar', 'gzip', 'sh']) {
    const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    fs.symlinkSync(found, path.join(bin, name));
  }
}

/** Puts small packages where the fake tools download from, and pins them instead of the real ones. */
function makeDownloads(downloads: string, requirements: string): void {
  fs.mkdirSync(downloads);
  const hashes: Record<string, string> = {};
  for (const name of fs.readdirSync(FIXTURES).filter((file) => file.endsWith('.whl'))) {
    fs.copyFileSync(path.join(FIXTURES, name), path.join(downloads, name));
    hashes[name.split('_')[0]!] = createHash('sha256')
      .update(fs.readFileSync(path.join(FIXTURES, name)))
      .digest('hex');
  }
  const tensorflow = `tensorflow==2.21.0 --hash=sha256:${hashes['tensorflow']}\n`;
  fs.writeFileSync(path.join(requirements, `${machine.name}-cpu.txt`), tensorflow);
  const ffmpeg = `imageio-ffmpeg==0.6.0 --hash=sha256:${hashes['imageio']}\n`;
  fs.writeFileSync(path.join(requirements, `${machine.name}-video.txt`), ffmpeg);
  const nvidia = `nvidia-cudnn-cu12==9.0.0 --hash=sha256:${hashes['nvidia']}\n`;
  fs.writeFileSync(path.join(requirements, `${machine.name}-gpu.txt`), tensorflow + nvidia);

  const file = path.join(requirements, 'photos.json');
  const pinned = JSON.parse(fs.readFileSync(file, 'utf8')) as {
    name: string;
    version: string;
    folder: string;
  }[];
  const small = pinned.map((photos) => {
    const name = `${photos.name.replace('@', '').replace('/', '-')}-${photos.version}`;
    const content = path.join(downloads, name);
    fs.mkdirSync(path.join(content, photos.folder, 'male'), { recursive: true });
    fs.writeFileSync(path.join(content, photos.folder, '1.jpg'), name);
    fs.writeFileSync(path.join(content, photos.folder, 'male/2.jpg'), name);
    fs.writeFileSync(path.join(content, 'package/other.js'), '');
    const tarball = path.join(downloads, `${name}.tgz`);
    spawnSync('tar', ['-czf', tarball, '-C', content, 'package']);
    fs.rmSync(content, { recursive: true });
    const hash = createHash('sha512').update(fs.readFileSync(tarball)).digest('base64');
    return { ...photos, integrity: `sha512-${hash}`, files: 2 };
  });
  fs.writeFileSync(file, JSON.stringify(small));
}
