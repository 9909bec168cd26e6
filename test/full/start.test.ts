import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { expect } from 'chai';
import { readRunStatus } from '../../src/reports/run-folder.ts';
import { fastRun, runScript, workplace, writeDataset } from '../cli/command-line.ts';

describe('npm start', function () {
  this.timeout(240_000);
  const place = workplace();

  before(() => writeDataset(place.path('data')));

  it('trains against three opponents, tests each, and prints and keeps one table', async () => {
    const { code, stdout, stderr } = await runScript(
      'start',
      fastRun('data', 'outputs/day/run', ['evaluation.batch_size=8']),
      place.path(),
    );
    expect(code, stderr).to.equal(0);
    expect(stderr)
      .to.match(/1\/3 none {2}step \d+\/12/)
      .and.to.match(/3\/3 generative {2}step 12\/12/);
    for (const opponent of ['none', 'blur', 'generative']) {
      expect(stdout).to.match(new RegExp(`^${opponent} +[01]\\.\\d{3} \\[`, 'm'));
    }
    const [parent] = readdirSync(place.path('outputs/day'));
    const inside = (...parts: string[]): string => place.path('outputs/day', parent!, ...parts);
    expect(readFileSync(inside('results.md'), 'utf8').split('\n')).to.have.length(6);
    expect(readFileSync(inside('roc-seen.svg'), 'utf8')).to.match(/^<svg/);
    for (const opponent of ['none', 'blur', 'generative']) {
      expect(readRunStatus(inside(opponent)).state).to.equal('finished');
      expect(existsSync(inside(opponent, 'evaluation.json'))).to.equal(true);
      expect(readdirSync(inside(opponent, 'tensorboard'))).to.have.length(1);
    }
  });
});
