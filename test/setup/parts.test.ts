import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { withLock } from '../../scripts/setup/lock.mjs';
import { machineOf } from '../../scripts/setup/machine.mjs';
import { packagesAreInstalled } from '../../scripts/setup/packages.mjs';
import { Problem } from '../../scripts/setup/problem.mjs';
import { ensure } from '../../scripts/setup/product.mjs';
import { unzip } from '../../scripts/setup/zip.mjs';
import { tensorBoardArguments } from '../../scripts/tensorboard.ts';
import { cacheFolder } from '../../src/data/cache-folder.ts';
import { FIXTURES, lockOf, makeCheckout, outcomeOf } from './checkout.ts';

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail('no error'),
    (error: Error) => error,
  );
}

describe('setup, part by part', () => {
  let folder: string;
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'deepfake-game-setup-'))));
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  describe('machine', () => {
    const node = { version: '20.19.0', platform: 'linux', arch: 'x64' };

    it('takes Node from 20.19 on', () => {
      for (const version of ['20.19.0', '20.20.2', '22.0.0', '25.1.0']) {
        expect(machineOf({ ...node, version }).name).to.equal('linux-x64');
      }
      for (const version of ['18.20.4', '20.18.3', '20.9.0', '9.0.0']) {
        expect(() => machineOf({ ...node, version })).to.throw(Problem, `Node ${version} is too old: 20.19`);
      }
    });

    it('knows the machines that TensorFlow has a library for', () => {
      const named = (platform: string, arch: string) => machineOf({ ...node, platform, arch });
      expect(named('linux', 'arm64').library('tensorflow_cc')).to.equal('libtensorflow_cc.so.2');
      expect(named('darwin', 'arm64').library('tensorflow_cc')).to.equal('libtensorflow_cc.2.dylib');
      expect(() => named('win32', 'x64')).to.throw(Problem, 'WSL');
      expect(() => named('darwin', 'x64')).to.throw(Problem, 'no library for darwin-x64');
      expect(() => named('linux', 'riscv64')).to.throw(Problem, 'linux-x64, linux-arm64, darwin-arm64');
    });
  });

  describe('cache folder', () => {
    it('is DEEPFAKE_GAME_CACHE, else in the folder for caches of the system', () => {
      expect(cacheFolder({ DEEPFAKE_GAME_CACHE: '/a', XDG_CACHE_HOME: '/b' }, 'linux', '/h')).to.equal('/a');
      expect(cacheFolder({ DEEPFAKE_GAME_CACHE: 'a' }, 'linux', '/h')).to.equal(path.resolve('a'));
      expect(cacheFolder({ XDG_CACHE_HOME: '/b' }, 'linux', '/h')).to.equal('/b/deepfake-game');
      expect(cacheFolder({ XDG_CACHE_HOME: 'relative' }, 'linux', '/h')).to.equal('/h/.cache/deepfake-game');
      expect(cacheFolder({ DEEPFAKE_GAME_CACHE: '' }, 'linux', '/h')).to.equal('/h/.cache/deepfake-game');
      expect(cacheFolder({}, 'darwin', '/h')).to.equal('/h/Library/Caches/deepfake-game');
    });
  });

  describe('npm packages', () => {
    const wanted = {
      'node_modules/a': { version: '1.0.0', integrity: 'a' },
      'node_modules/b': { version: '2.0.0', integrity: 'b', optional: true },
    };
    const withRecord = (record: object | undefined) => {
      fs.mkdirSync(path.join(folder, 'node_modules'));
      fs.writeFileSync(path.join(folder, 'package-lock.json'), lockOf(wanted));
      if (record) fs.writeFileSync(path.join(folder, 'node_modules/.package-lock.json'), lockOf(record));
      return packagesAreInstalled(folder);
    };

    it('are there when npm recorded all of them', () => expect(withRecord(wanted)).to.be.true);
    it('are there without the optional ones, which may be for other machines', () =>
      expect(withRecord({ 'node_modules/a': wanted['node_modules/a'] })).to.be.true);
    it('are not there without the record', () => expect(withRecord(undefined)).to.be.false);
    it('are not there if one is missing', () =>
      expect(withRecord({ 'node_modules/b': wanted['node_modules/b'] })).to.be.false);
    it('are not there in another version', () =>
      expect(withRecord({ ...wanted, 'node_modules/a': { version: '1.0.1', integrity: 'a' } })).to.be.false);
    it('are not there with other content, optional or not', () =>
      expect(withRecord({ ...wanted, 'node_modules/b': { version: '2.0.0', integrity: 'c' } })).to.be.false);
  });

  describe('lock', () => {
    const file = () => path.join(folder, 'a.lock');
    const leave = (holder: object, secondsAgo = 0) => {
      fs.writeFileSync(file(), JSON.stringify(holder));
      const time = Date.now() / 1000 - secondsAgo;
      fs.utimesSync(file(), time, time);
    };
    const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;

    it('lets one in at a time and goes away', async () => {
      let inside = 0;
      let most = 0;
      const job = async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 20));
        inside--;
      };
      await Promise.all([1, 2, 3].map(() => withLock(file(), 'testing', job)));
      expect(most).to.equal(1);
      expect(fs.readdirSync(folder)).to.be.empty;
    });

    it('goes away when the job fails', async () => {
      await failureOf(withLock(file(), 'testing', () => Promise.reject(new Error('no'))));
      expect(fs.readdirSync(folder)).to.be.empty;
    });

    it('is taken from a process that died, and from one elsewhere that has been silent for a minute', async () => {
      leave({ pid: deadPid(), host: os.hostname() });
      expect(await withLock(file(), 'testing', () => Promise.resolve(1))).to.equal(1);
      leave({ pid: 1, host: 'elsewhere' }, 61);
      expect(await withLock(file(), 'testing', () => Promise.resolve(2))).to.equal(2);
    });

    it('is not taken from a living process, here or elsewhere', async () => {
      for (const holder of [
        { pid: process.pid, host: os.hostname() },
        { pid: deadPid(), host: 'elsewhere' },
      ]) {
        leave(holder);
        let entered = false;
        const waiting = withLock(file(), 'testing', () => Promise.resolve((entered = true)));
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(entered).to.be.false;
        fs.rmSync(file());
        await waiting;
      }
    });
  });

  describe('product', () => {
    const product = (make: (folder: string) => void, bytes = 1) => ({
      folder: path.join(folder, 'cache/thing'),
      what: 'making a thing',
      bytes,
      isWhole: () => fs.existsSync(path.join(folder, 'cache/thing/part')),
      make: (partial: string) => Promise.resolve(make(partial)),
    });

    it('is not there at all unless it is whole', async () => {
      const error = await failureOf(
        ensure(
          product((partial) => {
            fs.writeFileSync(path.join(partial, 'part'), '');
            throw new Error('broken');
          }),
        ),
      );
      expect(error.message).to.equal('broken');
      expect(fs.readdirSync(path.join(folder, 'cache'))).to.be.empty;
    });

    it('says how much space it needs when there is less, and when the disk fills up', async () => {
      const tooLarge = await failureOf(ensure(product(() => expect.fail('started all the same'), 1e18)));
      expect(tooLarge).to.be.instanceOf(Problem);
      expect(tooLarge.message).to.match(/needs 1000000000.0 GB free in .*cache.*DEEPFAKE_GAME_CACHE/);
      const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      const filled = await failureOf(
        ensure(
          product(() => {
            throw full;
          }),
        ),
      );
      expect(filled).to.be.instanceOf(Problem);
      expect(fs.readdirSync(path.join(folder, 'cache'))).to.be.empty;
    });
  });

  describe('zip', () => {
    const all = () => true;
    const read = (name: string) => fs.readFileSync(path.join(folder, name));

    it('unpacks what Python packed: stored, deflated and empty files, with their permissions', async () => {
      const wheel = path.join(FIXTURES, 'tensorflow_cpu-2.21.0-fake.whl');
      expect(await unzip(wheel, folder, (name) => !name.endsWith('.py'))).to.equal(9);
      const name = 'tensorflow/libtensorflow_cc.so.2';
      expect(read(name).toString()).to.equal('tensorflow_cc.so.2 '.repeat(300));
      expect(read('tensorflow/libtensorflow_framework.so.2').toString()).to.equal(
        'tensorflow_framework.so.2 '.repeat(300),
      );
      expect(fs.statSync(path.join(folder, name)).mode & 0o777).to.equal(0o755);
      expect(read('tensorflow/include/tensorflow/c/empty.h')).to.have.length(0);
      expect(fs.existsSync(path.join(folder, 'tensorflow/python'))).to.be.false;
    });

    it('reads 64-bit sizes and offsets', async () => {
      expect(await unzip(path.join(FIXTURES, 'zip64.zip'), folder, all)).to.equal(2);
      expect(read('a/stored.txt').toString()).to.equal('stored, more than ten bytes\n');
      expect(read('a/deflated.txt').toString()).to.equal('deflated '.repeat(1000));
    });

    it('refuses damage and paths that point outside', async () => {
      const whole = fs.readFileSync(path.join(FIXTURES, 'tensorflow_cpu-2.21.0-fake.whl'));
      const damaged = (name: string, bytes: Buffer) => {
        fs.writeFileSync(path.join(folder, name), bytes);
        return failureOf(unzip(path.join(folder, name), folder, all));
      };
      expect((await damaged('cut', whole.subarray(0, 5000))).message).to.match(/cut is no zip archive/);
      const changed = Buffer.from(whole);
      changed.fill(0xff, 60, 90); // in the first file's deflated data
      expect(await damaged('changed', changed)).to.be.an('error');
      expect((await damaged('text', Buffer.from('<html>'))).message).to.match(/no zip archive/);
      const outside = await failureOf(unzip(path.join(FIXTURES, 'outside.zip'), path.join(folder, 'a'), all));
      expect(outside.message).to.contain('points outside');
      expect(fs.existsSync(path.join(folder, 'outside.txt'))).to.be.false;
    });
  });

  describe('npm run tensorboard', () => {
    it('shows outputs to this machine unless told otherwise', () => {
      const local = ['--host', '127.0.0.1'];
      expect(tensorBoardArguments([])).to.deep.equal(['--logdir', 'outputs', ...local]);
      expect(tensorBoardArguments(['a', '--port', '7'])).to.deep.equal([
        '--logdir',
        'a',
        ...local,
        '--port',
        '7',
      ]);
      expect(tensorBoardArguments(['--port', '7'])).to.deep.equal([
        '--logdir',
        'outputs',
        ...local,
        '--port',
        '7',
      ]);
      expect(tensorBoardArguments(['--logdir=b'])).to.deep.equal([...local, '--logdir=b']);
      expect(tensorBoardArguments(['--bind_all'])).to.deep.equal(['--logdir', 'outputs', '--bind_all']);
    });

    it('names what is missing, passes signals on and hands back the exit code', async () => {
      const checkout = makeCheckout();
      try {
        const tsx = `--import ${pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href} scripts/tensorboard.ts`;
        const missing = await outcomeOf(checkout.start(tsx));
        expect(missing.code).to.equal(1);
        expect(missing.stderr).to.contain('setup.mjs --tensorboard');
        await checkout.setup(['--tensorboard']);
        checkout.calls();
        const serving = checkout.start(tsx, ['logs'], { FAKE_PYTHON3: 'hang' });
        const ended = outcomeOf(serving);
        const seen: string[] = [];
        while (!seen.some((line) => line.startsWith('PYTHONPATH'))) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          seen.push(...checkout.calls());
        }
        expect(seen).to.include(`PYTHONPATH ${path.join(checkout.cache, 'tensorboard-2.21.0-python-3.11')}`);
        serving.kill('SIGTERM');
        expect((await ended).code).to.equal(7);
      } finally {
        checkout.remove();
      }
    });
  });
});
