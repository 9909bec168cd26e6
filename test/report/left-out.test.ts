/** Bad runs: what is wrong with each is told, with file and remedy, and no figure of it is in the report. */
import { expect } from 'chai';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { report, type Reported } from '../../src/report.ts';
import { makeRun, makeTest, type MadeRun } from '../support/run-folders.ts';

describe('a report on runs of which some cannot be believed', function () {
  this.timeout(120_000);
  let parent: string;
  const at = (...parts: string[]): string => path.join(parent, ...parts);

  beforeEach(() => {
    parent = mkdtempSync(path.join(tmpdir(), 'report-'));
    makeRun(at('good'), { seed: 1 });
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  const write = (...names: string[]): Promise<Reported> =>
    report({
      dirs: names.map((name) => at(name)),
      out: at('report'),
      resamples: 100,
      pictures: false,
      progress: () => {},
    });
  const change = (file: string, changed: (text: string) => string): void =>
    writeFileSync(at(file), changed(readFileSync(at(file), 'utf8')));
  const csv = (): string => readFileSync(at('report', 'report.csv'), 'utf8');
  const page = (): string => readFileSync(at('report', 'report.html'), 'utf8');

  /** The one problem of a run that is spoilt, which the report tells too, and of which it holds no figure. */
  async function problemOf(spoil: () => void, made: Partial<MadeRun> = {}): Promise<string> {
    makeRun(at('bad'), { seed: 2, ...made });
    spoil();
    const { problems, runs } = await write('good', 'bad');
    expect(problems, JSON.stringify(problems)).to.have.length(1);
    expect(runs).to.equal(1);
    expect(csv())
      .to.not.match(/^\w+,bad,/m)
      .and.not.contain(',1 2,');
    expect(page()).to.contain('<section id="left-out">');
    const { run, file, what, remedy } = problems[0]!;
    expect(run).to.equal('bad');
    expect(path.dirname(file)).to.equal(at('bad'));
    return `${path.basename(file)}: ${what}; ${remedy}`;
  }

  it('an unfinished run', async () => {
    const told = await problemOf(() =>
      change('bad/status.json', (text) => text.replace('"finished"', '"interrupted"')),
    );
    expect(told).to.match(/^status.json: the run is interrupted at round 300.*npm run train -- --resume /);
  });

  it('a run that was never tested', async () => {
    expect(await problemOf(() => rmSync(at('bad/evaluation.json')))).to.match(
      /^evaluation.json: is missing.*npm run evaluate -- /,
    );
  });

  it('missing scores', async () => {
    expect(await problemOf(() => rmSync(at('bad/scores-test.csv')))).to.match(
      /^scores-test.csv: is missing; evaluate it again/,
    );
  });

  it('a score that is no number', async () => {
    const told = await problemOf(() =>
      change('bad/scores-test.csv', (text) => text.replace(/,0\.\d+,(-?[\d.e-]+)\n/, ',NaN,$1\n')),
    );
    expect(told).to.match(/^scores-test.csv: line \d+: score is "NaN", not a number/);
  });

  it('figures that are not those of the scores', async () => {
    const told = await problemOf(() =>
      change('bad/evaluation.json', (text) => text.replace(/("auc": \{\s*"value": )[\d.]+/, '$10.999')),
    );
    expect(told).to.match(
      /^evaluation.json: its figures are not those of the scores beside it: overall.auc.value is 0.999, the scores give /,
    );
  });

  it('a test of one class', async () => {
    const told = await problemOf(() =>
      change('bad/scores-test.csv', (text) =>
        text
          .split('\n')
          .filter((line) => !line.includes(',real,'))
          .join('\n'),
      ),
    );
    expect(told).to.match(/^scores-test.csv: .*(one class|no reals)/);
  });

  it('an evaluation of an older version', async () => {
    const told = await problemOf(() =>
      change('bad/evaluation.json', (text) => text.replace('"version": 2', '"version": 1')),
    );
    expect(told).to.match(/^evaluation.json: is of version 1/);
  });

  it('an evaluation of an older checkpoint', async () => {
    const told = await problemOf(() => change('bad/results.json', (text) => text.replace('150', '300')));
    expect(told).to.match(/^evaluation.json: is of round 150, and the best is round 300/);
  });

  it('data that changed since training', async () => {
    const told = await problemOf(() =>
      change('bad/evaluation.json', (text) => text.replace(/"valAuc": [\d.]+/, '"valAuc": 0.1')),
    );
    expect(told).to.match(
      /^scores-val.csv: AUC on val is .* and was 0.1000 in training: the data have changed/,
    );
  });

  it('images that changed since another run was tested', async () => {
    expect(await problemOf(() => {}, { pixels: 'q' })).to.match(
      /^evaluation.json: the images of its test are not those that good was shown/,
    );
  });

  it('a seed that is there twice', async () => {
    const told = await problemOf(() => {}, { seed: 1 });
    expect(told).to.match(
      /^config.yaml: has the settings and the seed 1 of good, .* count them twice; name one of them/,
    );
  });

  it('no run that is left', async () => {
    mkdirSync(at('empty'));
    rmSync(at('good/evaluation.json'));
    const error = await write('good', 'empty').then(
      () => null,
      (reason: unknown) => reason as Error,
    );
    expect(error?.message).to.match(
      /^no run is left to report on:\n.*good\/evaluation.json: is missing.*\n.*empty\/config.yaml: is missing/,
    );
  });

  it('keeps what a run has when a test on other data is at fault', async () => {
    makeTest(at('good'), { seed: 1, prefix: 'o', suffix: '-other-0123abcd' });
    rmSync(at('good/scores-test-other-0123abcd.csv'));
    const { problems, runs } = await write('good');
    expect([problems.length, runs]).to.deep.equal([1, 1]);
  });

  it('sets runs of different test sets apart, and says in what they differ', async () => {
    makeRun(at('less'), { seed: 1, generator: 'blur', videos: 11 });
    const { problems } = await write('good', 'less');
    expect(problems).to.deep.equal([]);
    expect(page())
      .to.contain('faces and faces (2) are different test sets')
      .and.contain('4 of the test of good are missing');
    expect(csv()).to.not.match(/^difference,/m);
  });

  it('compares over the seeds that both have, and says which are missing', async () => {
    makeRun(at('none-2'), { seed: 2 });
    makeRun(at('blur-2'), { seed: 2, generator: 'blur' });
    makeRun(at('pgd-3'), { seed: 3, generator: 'pgd' });
    await write('good', 'none-2', 'blur-2', 'pgd-3');
    expect(page()).to.contain('blur, small-cnn lacks seeds 1 and 3, which others have');
    expect(page()).to.contain('pgd, small-cnn (seeds 3) is not compared with none, small-cnn (seeds 1, 2)');
    const differences = csv()
      .split('\n')
      .filter((line) => line.startsWith('difference,'));
    expect(differences.filter((line) => line.includes(',2,'))).to.have.length(differences.length);
    expect(page()).to.contain('of one training each (seed 2)');
  });

  it('says where a log holds numbers that are none', async () => {
    change('good/metrics.jsonl', (text) => text.replace(/("train\/loss_d","value":)[\d.]+/, '$1"NaN"'));
    await write('good');
    expect(page()).to.contain('good: train/loss_d was no finite number in 1 of 3 logged rounds');
  });
});
