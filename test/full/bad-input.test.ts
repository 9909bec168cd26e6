import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readCheckpoint } from '../../src/game/checkpoint.ts';
import { readMetricsLog } from '../../src/reports/metrics-log.ts';
import { readRunStatus } from '../../src/reports/run-folder.ts';
import {
  checkpointFiles,
  fastRun,
  launch,
  put,
  runScript,
  until,
  workplace,
  writeDataset,
} from '../cli/command-line.ts';

describe('bad input of a run: an error that names the file and the remedy, and nothing lost', () => {
  const place = workplace();

  /** Runs training and expects it to be refused; gives the last line said, which is the error. */
  async function refused(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await runScript('train', args, place.path());
    expect([code, stdout], stderr).to.deep.equal([1, '']);
    expect(stderr, 'stack trace').not.to.match(/^\s+at /m);
    return stderr.trimEnd().split('\n').at(-1)!;
  }

  /** A copy of the data set to spoil. */
  function copyOfData(name: string): string {
    cpSync(place.path('data'), place.path(name), { recursive: true });
    return place.path(name);
  }

  /** A copy of a run that was stopped after some rounds, to spoil; the checkpoints of rounds 6 and 9 are there. */
  function copyOfRun(name: string): string {
    cpSync(place.path('stopped'), place.path(name), { recursive: true });
    return place.path(name);
  }

  /** All files below a folder with their bytes. */
  function snapshot(folder: string): Record<string, string> {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    return Object.fromEntries(
      files.map(({ parentPath, name }) => [
        join(parentPath, name),
        readFileSync(join(parentPath, name), 'base64'),
      ]),
    );
  }

  before(async () => {
    await writeDataset(place.path('data'));
    const overrides = fastRun('data', 'stopped', ['generator=fgsm', 'game.rounds=9']);
    const { code, stderr } = await runScript('train', overrides, place.path());
    expect(code, stderr).to.equal(0);
    const config = place.path('stopped/config.yaml');
    writeFileSync(config, readFileSync(config, 'utf8').replace('rounds: 9', 'rounds: 15'));
  });

  describe('data', () => {
    it('a missing folder', async () => {
      expect(await refused(fastRun('nowhere', 'run-missing'))).to.match(
        /\/nowhere does not exist; data\.path must be a folder of images: understood are: real\/ and fake\//,
      );
      expect(readRunStatus(place.path('run-missing'))).to.include({ state: 'failed', step: 0 });
    });

    it('an empty class', async () => {
      const data = copyOfData('empty');
      rmSync(join(data, 'val/fake'), { recursive: true });
      mkdirSync(join(data, 'val/fake'));
      expect(await refused(fastRun('empty', 'run-empty'))).to.match(
        /\/empty\/val\/fake: the class fake has no usable image \(it is empty\); fill or remove the folder/,
      );
    });

    it('an image that is cut off is named when its batch is due', async () => {
      const file = join(copyOfData('cut'), 'train/fake/train2/1.png');
      truncateSync(file, Math.floor(readFileSync(file).length * 0.6));
      const message = await refused(fastRun('cut', 'run-cut'));
      expect(message).to.contain(file);
      const status = readRunStatus(place.path('run-cut'));
      expect(status.state).to.equal('failed');
      expect(status.message).to.contain(file);
      expect(status.step).to.equal(readMetricsLog(place.path('run-cut/metrics.jsonl')).at(-1)?.step ?? 0);
    });

    it('with data.check=full it is left out, and the run says so', async () => {
      const file = place.path('cut/train/fake/train2/1.png');
      const overrides = fastRun('cut', 'run-checked', ['data.check=full', 'generator=none', 'game.rounds=2']);
      const { code, stderr } = await runScript('train', overrides, place.path());
      expect(code, stderr).to.equal(0);
      expect(stderr).to.contain('1 file left out, listed in run-checked/skipped.txt').and.to.contain(file);
      expect(readFileSync(place.path('run-checked/skipped.txt'), 'utf8')).to.match(
        /^\S+train2\/1\.png: .+\n$/,
      );
    });
  });

  describe('checkpoints', () => {
    it('of another detector', async () => {
      const run = copyOfRun('other-model');
      const config = join(run, 'config.yaml');
      writeFileSync(config, readFileSync(config, 'utf8').replace('  - 8\n', '  - 6\n'));
      const before = snapshot(join(run, 'checkpoints'));
      expect(await refused(['--resume', 'other-model'])).to.match(
        /checkpoints\/step-0000009\.safetensors: tensor detector\/\S+ has shape \[[\d, ]+\], the model wants \[[\d, ]+\]/,
      );
      expect(snapshot(join(run, 'checkpoints'))).to.deep.equal(before);
    });

    it('of another opponent', async () => {
      const run = copyOfRun('other-opponent');
      const config = join(run, 'config.yaml');
      const blur = await runScript(
        'train',
        ['--cfg', 'job', '--resolve', ...fastRun('data', 'x', ['generator=blur', 'game.rounds=15'])],
        place.path(),
      );
      writeFileSync(config, blur.stdout);
      expect(await refused(['--resume', 'other-opponent'])).to.match(
        /step-0000009\.safetensors holds generator 'fgsm', this run has 'blur': use the config that it was trained with/,
      );
    });

    it('cut off: the one before is named, and taken once the broken one is moved away', async () => {
      const run = copyOfRun('truncated');
      const newest = join(run, 'checkpoints/step-0000009.safetensors');
      truncateSync(newest, 1000);
      const log = readFileSync(join(run, 'metrics.jsonl'), 'utf8');
      expect(await refused(['--resume', 'truncated'])).to.match(
        /step-0000009\.safetensors is not a readable safetensors file: .*truncated.*Move it away to resume from step-0000006/,
      );
      expect(readFileSync(join(run, 'metrics.jsonl'), 'utf8')).to.equal(log);
      rmSync(newest);
      const { code, stderr } = await runScript('train', ['--resume', 'truncated'], place.path());
      expect(code, stderr).to.equal(0);
      expect(stderr).to.match(/resumed after round 6/);
    });

    it('with a setting that nobody knows in config.yaml', async () => {
      const run = copyOfRun('unknown-key');
      const config = join(run, 'config.yaml');
      writeFileSync(config, `${readFileSync(config, 'utf8')}sed: 2\n`);
      expect(await refused(['--resume', 'unknown-key'])).to.match(
        /unknown-key\/config\.yaml:\d+: unknown key 'sed'\. Did you mean 'seed'\?/,
      );
    });
  });

  describe('run folder', () => {
    it('in a folder without permission to write', async function () {
      const locked = place.path('locked');
      mkdirSync(locked);
      chmodSync(locked, 0o555);
      const probe = spawnSync('touch', [join(locked, 'probe')]);
      if (probe.status === 0) {
        process.stdout.write('      skipped: this user may write everywhere (root)\n');
        this.skip();
      }
      expect(await refused(fastRun('data', 'locked/run'))).to.match(
        /^locked\/run: the run folder cannot be made \(EACCES.*choose a writable one with run\.dir=FOLDER$/,
      );
    });

    it('on a disk that is full', async function () {
      const disk = place.path('disk');
      mkdirSync(disk);
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
      if (mounted.status !== 0) {
        process.stdout.write(
          `      skipped: no small disk to fill: ${String(mounted.stderr ?? mounted.error).trim()}\n`,
        );
        this.skip();
      }
      try {
        const run = join(disk, 'run');
        const more = [
          'generator=none',
          'game.rounds=5000',
          'run.picture_every=5000',
          'run.checkpoints_kept=2',
        ];
        const running = launch('train', fastRun('data', run, more), place.path());
        await until(running, () => checkpointFiles(run).length >= 3);
        const filler = join(disk, 'filler');
        spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4096']);
        const { code, stderr } = await running.outcome;
        expect(code, stderr).to.equal(1);
        expect(stderr).to.match(/cannot write .*\/disk\/run\/.*([Ff]ree|no space left)/);
        expect(stderr).not.to.match(/^\s+at /m);
        // What was saved before is whole, and the run goes on once there is room.
        const kept = checkpointFiles(run).filter((name) => name.endsWith('.safetensors'));
        for (const name of kept) readCheckpoint(join(run, 'checkpoints', name));
        expect(kept.length).to.be.at.least(2);
        expect(existsSync(join(run, 'config.yaml'))).to.equal(true);
        rmSync(filler);
        const resumed = launch('train', ['--resume', run], place.path());
        await until(resumed, () => resumed.said().stderr.includes('resumed after round'));
        resumed.child.kill('SIGTERM');
        const { code: stopped, stderr: said } = await resumed.outcome;
        expect(stopped, said).to.equal(130);
      } finally {
        execFileSync('umount', [disk]);
      }
    });
  });

  it('a dataset module that cannot be imported is named before anything is made', async () => {
    const module = put(place.path('broken.ts'), 'export const settings = {');
    expect(await refused(['data=module', 'data.module=broken.ts', 'run.dir=run-module'])).to.be.a('string');
    const { stderr } = await runScript(
      'train',
      ['data=module', 'data.module=broken.ts', 'run.dir=x'],
      place.path(),
    );
    expect(stderr).to.contain(module);
    expect(existsSync(place.path('run-module'))).to.equal(false);
  });
});
