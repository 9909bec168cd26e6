import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { isAlive } from '../../src/ablation/run-state.ts';
import { readMetricsLog } from '../../src/reports/metrics-log.ts';
import { readRunStatus } from '../../src/reports/run-folder.ts';
import {
  checkpointContents,
  checkpointFiles,
  launch,
  until,
  workplace,
  writeDataset,
  type Running,
} from '../cli/command-line.ts';

const SETTINGS = [
  'ablation=generators',
  'seeds=1',
  'columns=all',
  'resamples=20',
  'debug=smoke',
  'data=folder',
  'data.path=data',
  'data.size=32',
  'discriminator.channels=[4,8]',
  'discriminator.strides=[2,2]',
  'discriminator.input=rgb',
  'game.rounds=60',
  'game.compile=false',
  'evaluation.every=20',
  'run.checkpoint_every=5',
];

describe('a study that is stopped goes on, and one with a run that fails ends with the others', () => {
  const place = workplace();
  const ablate = (dir: string, ...more: string[]): Running =>
    launch('ablate', [...SETTINGS, `dir=${dir}`, ...more], place.path());
  const lastLogged = (run: string): number =>
    readMetricsLog(join(place.path(run), 'metrics.jsonl')).at(-1)?.step ?? 0;
  const state = (run: string): string => readRunStatus(place.path(run)).state;

  before(async () => {
    await writeDataset(place.path('data'));
    const { code, stderr } = await ablate('whole').outcome;
    expect(code, stderr).to.equal(0);
  });

  /** The runs hold what those of the study in one piece hold, bit for bit, and the same table but for its costs. */
  function expectSame(dir: string): void {
    for (const run of ['two-s1', 'one-s1']) {
      const files = checkpointFiles(place.path('whole', run));
      expect(checkpointFiles(place.path(dir, run))).to.deep.equal(files);
      for (const file of files) {
        const [a, b] = [dir, 'whole'].map((each) =>
          checkpointContents(place.path(each, run, 'checkpoints', file)),
        );
        expect(a, file).to.deep.equal(b);
      }
    }
    const [here, there] = [dir, 'whole'].map((each) =>
      readFileSync(place.path(each, 'table.csv'), 'utf8')
        .split('\n')
        .map((line) => line.split(',').slice(0, -3)),
    );
    expect(here).to.deep.equal(there);
  }

  it('SIGTERM: the round is finished and saved, the exit code 130; the same command goes on', async () => {
    const running = ablate('stopped');
    await until(running, () => lastLogged('stopped/two-s1') >= 12);
    running.child.kill('SIGTERM');
    const { code, stderr } = await running.outcome;
    expect(code, stderr).to.equal(130);
    expect(stderr).to.match(/the same command goes on with what is left/);
    expect(state('stopped/two-s1')).to.equal('interrupted');
    const again = await ablate('stopped').outcome;
    expect(again.code, again.stderr).to.equal(0);
    expect(again.stderr).to.match(/run 1 of 2: two-s1, gone on with/);
    expectSame('stopped');
  });

  it('kill -9 of the command: its run finishes the round and saves; the same command goes on', async () => {
    const running = ablate('killed');
    await until(running, () => lastLogged('killed/two-s1') >= 12);
    running.child.kill('SIGKILL');
    expect((await running.outcome).signal).to.equal('SIGKILL');
    const { pid } = readRunStatus(place.path('killed/two-s1'));
    while (isAlive(pid)) await new Promise((next) => setTimeout(next, 20));
    expect(state('killed/two-s1')).to.equal('interrupted');
    const again = await ablate('killed').outcome;
    expect(again.code, again.stderr).to.equal(0);
    expectSame('killed');
  });

  it('kill -9 of a run: it is listed as failed, the others are made, and the same command goes on with it', async () => {
    const running = ablate('crashed');
    await until(running, () => lastLogged('crashed/two-s1') >= 12);
    process.kill(readRunStatus(place.path('crashed/two-s1')).pid, 'SIGKILL');
    const { code, stdout, stderr } = await running.outcome;
    expect(code, stderr).to.equal(1);
    expect(stderr).to.match(/FAILED two-s1 \(crashed\/two-s1\): .*SIGKILL/);
    expect(stdout).to.match(/MISSING, and no mean without them: two-s1/);
    expect(state('crashed/one-s1')).to.equal('finished');
    const again = await ablate('crashed').outcome;
    expect(again.code, again.stderr).to.equal(0);
    expectSame('crashed');
  });

  it('a run that fails by itself: the others are made, its message is told, the exit code is 1', async () => {
    const { code, stderr } = await ablate('failing', "+rows.broken=['optimizer_d.lr=1e30']", 'jobs=2')
      .outcome;
    expect(code, stderr).to.equal(1);
    expect(stderr).to.match(
      /FAILED broken-s1 \(failing\/broken-s1\): round \d+: the opponent generative gave .* NaN/,
    );
    expect(['two-s1', 'one-s1'].map((run) => state(`failing/${run}`))).to.deep.equal([
      'finished',
      'finished',
    ]);
  });
});
