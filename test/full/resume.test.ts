import { watch } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readMetricsLog } from '../../src/reports/metrics-log.ts';
import { readRunStatus } from '../../src/reports/run-folder.ts';
import {
  checkpointContents,
  checkpointFiles,
  fastRun,
  launch,
  learningMetrics,
  readJson,
  runScript,
  until,
  workplace,
  writeDataset,
  type Running,
} from '../cli/command-line.ts';
import { readTensorBoard } from '../cli/read-tensorboard.ts';

const ROUNDS = 30;
const EVERY = 3;

describe('a run that was stopped goes on as if it never was', () => {
  const place = workplace();
  const train = (dir: string): Running =>
    launch(
      'train',
      fastRun('data', dir, [
        'generator=generative',
        `game.rounds=${ROUNDS}`,
        'game.g_per_d=2',
        `run.checkpoint_every=${EVERY}`,
        'augment.noise=0.02',
      ]),
      place.path(),
    );
  const resume = (dir: string): Running => launch('train', ['--resume', dir], place.path());
  const lastLogged = (dir: string): number => readMetricsLog(join(dir, 'metrics.jsonl')).at(-1)?.step ?? 0;
  const newest = (dir: string): number =>
    Number(/step-(\d+)/.exec(checkpointFiles(dir).at(-1) ?? '')?.[1] ?? 0);

  /** Ends a run without warning once it has logged `step`; checks that its last checkpoint was not long ago. */
  async function killAfter(running: Running, dir: string, step: number): Promise<void> {
    await until(running, () => lastLogged(dir) >= step);
    running.child.kill('SIGKILL');
    expect((await running.outcome).signal).to.equal('SIGKILL');
    expect(newest(dir)).to.be.at.least(lastLogged(dir) - EVERY);
    expect(readRunStatus(dir).state).to.equal('running');
  }

  async function finish(running: Running): Promise<void> {
    const { code, stderr } = await running.outcome;
    expect(code, stderr).to.equal(0);
  }

  /** The whole run and the one in pieces hold the same checkpoints, bit for bit, and the same log, each step once. */
  function expectSame(dir: string): void {
    const whole = place.path('whole');
    expect(checkpointFiles(dir)).to.deep.equal(checkpointFiles(whole));
    for (const name of checkpointFiles(whole)) {
      expect(checkpointContents(join(dir, 'checkpoints', name)), name).to.deep.equal(
        checkpointContents(join(whole, 'checkpoints', name)),
      );
    }
    expect(learningMetrics(dir)).to.deep.equal(learningMetrics(whole));
    expect(readRunStatus(dir)).to.include({ state: 'finished', step: ROUNDS });
    expect((readJson(join(dir, 'results.json')) as { metrics: unknown }).metrics).to.deep.equal(
      (readJson(join(whole, 'results.json')) as { metrics: unknown }).metrics,
    );
  }

  before(async () => {
    await writeDataset(place.path('data'));
    await finish(train('whole'));
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`${signal} finishes the round, saves and says how to resume`, async () => {
      const dir = place.path(signal);
      const running = train(signal);
      await until(running, () => lastLogged(dir) >= 7);
      running.child.kill(signal);
      const { code, stderr } = await running.outcome;
      expect(code, stderr).to.equal(130);
      expect(stderr).to.match(new RegExp(`^${signal}: finishing the round and saving`, 'm'));
      const [, stopped, command] = /^stopped after round (\d+); go on with: npm run train -- (.*)$/m.exec(
        stderr,
      )!;
      const at = Number(stopped);
      expect(at).to.be.within(7, ROUNDS - 1);
      expect([newest(dir), lastLogged(dir)]).to.deep.equal([at, at]);
      const status = readRunStatus(dir);
      expect(status).to.include({ state: 'interrupted', step: at });
      expect(status.message).to.contain(`--resume ${signal}`);

      await finish(launch('train', command!.split(' '), place.path()));
      expectSame(dir);
      const { 'train/loss_d': loss } = await readTensorBoard(join(dir, 'tensorboard'));
      expect(loss!.steps).to.deep.equal(Array.from({ length: ROUNDS }, (_, i) => i + 1));
      expect(readJson(join(dir, 'versions.json'))).to.have.length(2);
    });
  }

  it('kill -9, several times over', async () => {
    const dir = place.path('killed');
    await killAfter(train('killed'), dir, 4);
    for (const step of [9, 13, 20, 28]) await killAfter(resume('killed'), dir, step);
    await finish(resume('killed'));
    expectSame(dir);
    // TensorFlow writes events out every ten seconds, so a kill may take some along; none may be there twice.
    const { 'train/loss_d': loss } = await readTensorBoard(join(dir, 'tensorboard'));
    expect(loss!.steps).to.deep.equal([...new Set(loss!.steps)].sort((a, b) => a - b));
    expect(loss!.steps.at(-1)).to.equal(ROUNDS);
  });

  for (const written of ['step-0000006', 'best', 'step-0000015'] as const) {
    it(`kill -9 while checkpoint ${written} is written`, async () => {
      const dir = place.path(`writing-${written}`);
      const running = train(`writing-${written}`);
      await until(running, () => newest(dir) >= (written === 'best' ? 3 : EVERY));
      const watcher = watch(join(dir, 'checkpoints'), (_, name) => {
        if (name === `${written}.safetensors.partial`) running.child.kill('SIGKILL');
      });
      const { signal, stderr } = await running.outcome;
      watcher.close();
      expect(signal, stderr).to.equal('SIGKILL');
      await finish(resume(`writing-${written}`));
      expectSame(dir);
    });
  }

  it('kill -9 before the first checkpoint: nothing to resume, and it says so', async () => {
    const dir = place.path('early');
    const running = train('early');
    await until(running, () => lastLogged(dir) >= 1);
    running.child.kill('SIGKILL');
    await running.outcome;
    expect(newest(dir), 'the kill came too late for this test').to.equal(0);
    const { code, stderr } = await resume('early').outcome;
    expect([code, stderr]).to.deep.equal([
      1,
      'early: no checkpoint to resume from. Start the run anew in another folder\n',
    ]);
  });

  it('a finished run stays as it is', async () => {
    const { code, stderr } = await runScript('train', ['--resume', 'whole'], place.path());
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(/resumed after round 30/);
    expectSame(place.path('whole'));
    expect(
      learningMetrics(place.path('whole')).filter((line) => /"step":30,"tag":"train\/loss_d"/.test(line)),
    ).to.have.length(1);
  });
});
