import { existsSync, readdirSync } from 'node:fs';
import { expect } from 'chai';
import { makeRun } from '../support/run-folders.ts';
import { runScript, workplace } from './command-line.ts';

describe('npm run report, as a command', function () {
  this.timeout(120_000);
  const place = workplace();
  const report = (...args: string[]) => runScript('report', args, place.path());

  before(() => {
    makeRun(place.path('runs', 'a'), { seed: 1 });
    makeRun(place.path('runs', 'b'), { seed: 2 });
  });

  it('writes the report beside the runs, and says what is left out', async () => {
    const { code, stdout, stderr } = await report('runs/a', 'runs/b', 'runs', 'resamples=100');
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^report on 2 of 3 runs: .*runs\/report\/report.html\n$/);
    expect(stderr).to.match(/^left out: runs\/config.yaml: is missing; name the folder of a run/m);
    expect(readdirSync(place.path('runs', 'report'))).to.include.members([
      'report.html',
      'report.md',
      'report.csv',
      'report.tex',
    ]);
  });

  it('refuses what it cannot mean, and writes nothing', async () => {
    const refused = async (message: RegExp, ...args: string[]): Promise<void> => {
      const { code, stderr } = await report(...args);
      expect(code).to.equal(1);
      expect(stderr).to.match(message);
    };
    await Promise.all([
      refused(/no run folder: usage/),
      refused(/runs\/c is no folder/, 'runs/c'),
      refused(/runs\/a\/ is named twice/, 'runs/a', 'runs/a/', 'out=other'),
      refused(/unknown key 'ouput'.*Known: out, pictures, resamples/, 'runs/a', 'ouput=x'),
      refused(/resamples=1: resamples must be a whole number >= 100/, 'runs/a', 'resamples=1', 'out=other'),
    ]);
    expect(existsSync(place.path('other'))).to.equal(false);
  });
});
