import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readRunStatus } from '../../src/reports/run-folder.ts';
import {
  checkpointContents,
  fastRun,
  learningMetrics,
  runScript,
  workplace,
  writeDataset,
} from '../cli/command-line.ts';

describe('npm run train -- --multirun', () => {
  const place = workplace();
  // The shell leaves ${…} alone, the composer fills it in for each job.
  const DIR = 'runs/${generator.name}-s${seed}';
  const sweep = (...more: string[]): Promise<{ code: number | null; stderr: string }> =>
    runScript('train', ['--multirun', ...fastRun('data', DIR, ['game.rounds=6']), ...more], place.path());

  before(() => writeDataset(place.path('data')));

  it('checks all jobs before the first one starts', async () => {
    const { code, stderr } = await sweep('seed=1,2', 'game.lambda=0.5,-1');
    expect(code).to.equal(1);
    expect(stderr).to.match(/'game\.lambda' must be a number >= 0, got -1/);
    expect(readdirSync(place.path())).to.deep.equal(['data']);
  });

  it('runs every combination in sequence, the last key fastest, each the same as a run of its own', async () => {
    const { code, stderr } = await sweep('seed=1,2', 'generator=none,fgsm');
    expect(code, stderr).to.equal(0);
    const jobs = ['none-s1', 'fgsm-s1', 'none-s2', 'fgsm-s2'];
    expect([...stderr.matchAll(/run folder runs\/(\S+)$/gm)].map(([, name]) => name)).to.deep.equal(jobs);
    expect([
      ...new Set([...stderr.matchAll(/^(\d\/4 \w+) {2}step/gm)].map(([, label]) => label)),
    ]).to.deep.equal(['1/4 none', '2/4 fgsm', '3/4 none', '4/4 fgsm']);
    for (const job of jobs) {
      expect(readRunStatus(place.path('runs', job))).to.include({ state: 'finished', step: 6 });
    }
    const alone = await runScript(
      'train',
      fastRun('data', 'alone', ['game.rounds=6', 'seed=2', 'generator=fgsm']),
      place.path(),
    );
    expect(alone.code, alone.stderr).to.equal(0);
    const last = 'checkpoints/step-0000006.safetensors';
    expect(checkpointContents(place.path('runs/fgsm-s2', last))).to.deep.equal(
      checkpointContents(join(place.path('alone'), last)),
    );
    expect(learningMetrics(place.path('runs/fgsm-s2'))).to.deep.equal(learningMetrics(place.path('alone')));
  });
});
