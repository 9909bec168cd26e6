/** Bad runs: what is wrong with each is told, with file and remedy, and no figure of it is in the report. */
import { expect } from 'chai';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compareAll } from '../../src/report/comparisons.ts';
import { figuresCsv } from '../../src/report/figures-csv.ts';
import type { Problem } from '../../src/report/problem.ts';
import { namesOf, readRun } from '../../src/report/run.ts';
import { arrange } from '../../src/report/scene.ts';
import { leftOut } from '../../src/report/sections/left-out.ts';
import { verdict } from '../../src/report/sections/verdict.ts';
import { report } from '../../src/report.ts';
import { documentAsHtml } from '../../src/reports/html/page.ts';
import { makeCurves, makeRun, makeTest, type MadeRun } from '../support/run-folders.ts';

interface Written {
  readonly problems: readonly Problem[];
  readonly runs: number;
  readonly csv: string;
  readonly page: string;
}

describe('a report on runs of which some cannot be believed', () => {
  let parent: string;
  const at = (...parts: string[]): string => path.join(parent, ...parts);

  beforeEach(() => {
    parent = mkdtempSync(path.join(tmpdir(), 'report-'));
    makeRun(at('good'), { seed: 1 });
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  /** As a report has it, without what is drawn. */
  function write(...names: string[]): Written {
    const dirs = names.map((name) => at(name));
    const read = dirs.map((dir, i) => readRun(dir, namesOf(dirs)[i]!));
    const scene = arrange(
      read.flatMap(({ run }) => run ?? []),
      read.flatMap(({ problems }) => problems),
    );
    const compared = compareAll(scene.sets, { seed: 1, resamples: 100 });
    const sections = [verdict(scene, compared, 100), ...leftOut(scene)];
    return {
      problems: scene.problems,
      runs: scene.groups.flatMap((group) => group.runs).length,
      csv: figuresCsv(scene, compared),
      page: documentAsHtml({ title: '', lead: '', sections }),
    };
  }
  const change = (file: string, changed: (text: string) => string): void =>
    writeFileSync(at(file), changed(readFileSync(at(file), 'utf8')));

  /** The one problem of a run that is spoilt, which the report tells too, and of which it holds no figure. */
  function problemOf(spoil: () => void, made: Partial<MadeRun> = {}): string {
    makeRun(at('bad'), { seed: 2, ...made });
    spoil();
    const { problems, runs, csv, page } = write('good', 'bad');
    expect(problems, JSON.stringify(problems)).to.have.length(1);
    expect(runs).to.equal(1);
    expect(csv)
      .to.not.match(/^\w+,bad,/m)
      .and.not.contain(',1 2,');
    expect(page).to.contain('<section id="left-out">');
    const { run, file, what, remedy } = problems[0]!;
    expect(run).to.equal('bad');
    expect(path.dirname(file)).to.equal(at('bad'));
    return `${path.basename(file)}: ${what}; ${remedy}`;
  }

  it('an unfinished run', () => {
    const told = problemOf(() =>
      change('bad/status.json', (text) => text.replace('"finished"', '"interrupted"')),
    );
    expect(told).to.match(/^status.json: the run is interrupted at round 300.*npm run train -- --resume /);
  });

  it('a run that was never tested', () => {
    expect(problemOf(() => rmSync(at('bad/evaluation.json')))).to.match(
      /^evaluation.json: is missing.*npm run evaluate -- /,
    );
  });

  it('missing scores', () => {
    expect(problemOf(() => rmSync(at('bad/scores-test.csv')))).to.match(
      /^scores-test.csv: is missing; evaluate it again/,
    );
  });

  it('a score that is no number', () => {
    const told = problemOf(() =>
      change('bad/scores-test.csv', (text) => text.replace(/,0\.\d+,(-?[\d.e-]+)\n/, ',NaN,$1\n')),
    );
    expect(told).to.match(/^scores-test.csv: line \d+: score is "NaN", not a number/);
  });

  it('figures that are not those of the scores', () => {
    const told = problemOf(() =>
      change('bad/evaluation.json', (text) => text.replace(/("auc": \{\s*"value": )[\d.]+/, '$10.999')),
    );
    expect(told).to.match(
      /^evaluation.json: its figures are not those of the scores beside it: overall.auc.value is 0.999, the scores give /,
    );
  });

  it('a test of one class', () => {
    const told = problemOf(() =>
      change('bad/scores-test.csv', (text) =>
        text
          .split('\n')
          .filter((line) => !line.includes(',real,'))
          .join('\n'),
      ),
    );
    expect(told).to.match(/^scores-test.csv: .*holds only fakes/);
  });

  it('an evaluation of an older version', () => {
    const told = problemOf(() =>
      change('bad/evaluation.json', (text) => text.replace('"version": 2', '"version": 1')),
    );
    expect(told).to.match(/^evaluation.json: is of version 1/);
  });

  it('an evaluation of an older checkpoint', () => {
    const told = problemOf(() => change('bad/results.json', (text) => text.replace('150', '300')));
    expect(told).to.match(/^evaluation.json: is of round 150, and the best is round 300/);
  });

  it('data that changed since training', () => {
    const told = problemOf(() =>
      change('bad/evaluation.json', (text) => text.replace(/"valAuc": [\d.]+/, '"valAuc": 0.1')),
    );
    expect(told).to.match(
      /^scores-val.csv: AUC on val is .* and was 0.1000 in training: the data have changed/,
    );
  });

  it('images that changed since another run was tested', () => {
    expect(problemOf(() => {}, { pixels: 'q' })).to.match(
      /^evaluation.json: the images of its test are not those that good was shown/,
    );
  });

  it('a seed that is there twice', () => {
    const told = problemOf(() => {}, { seed: 1 });
    expect(told).to.match(
      /^config.yaml: has the settings and the seed 1 of good, .* count them twice; name one of them/,
    );
  });

  it('no run that is left', async () => {
    mkdirSync(at('empty'));
    rmSync(at('good/evaluation.json'));
    const dirs = [at('good'), at('empty')];
    const writing = report({ dirs, out: at('report'), resamples: 100, pictures: false, progress: () => {} });
    const error = await writing.then(
      () => null,
      (reason: unknown) => reason as Error,
    );
    expect(error?.message).to.match(
      /^no run is left to report on:\n.*good\/evaluation.json: is missing.*\n.*empty\/config.yaml: is missing/,
    );
    expect(existsSync(at('report'))).to.equal(false);
  });

  it('keeps what a run has when a test on other data is at fault', () => {
    makeTest(at('good'), { seed: 1, prefix: 'o', suffix: '-other-0123abcd' });
    rmSync(at('good/scores-test-other-0123abcd.csv'));
    const { problems, runs } = write('good');
    expect([problems.length, runs]).to.deep.equal([1, 1]);
  });

  const spoiltCurves: [string, () => void, RegExp][] = [
    ['a figure that is not that of its scores', () => change('good/robustness.json', (text) => text.replace(/("jpeg","severity":2,"auc":{"value":)[\d.]+/, '$10.999')), /^robustness.json: a figure is not that of .*jpeg-2.csv: auc is 0.999, the scores give /],
    ['a score table that is missing', () => rmSync(at('good/robustness/jpeg-1.csv')), /^jpeg-1.csv: is missing/],
    ['curves of another checkpoint', () => change('good/robustness.json', (text) => text.replaceAll('"round":150', '"round":50')), /^robustness.json: is of round 50, and the test is of round 150/],
    ['a file of another version', () => change('good/explanation/explanation.json', (text) => text.replace('explanation 1', 'explanation 9')), /^explanation.json: is 'deepfake-game explanation 9'/],
  ]; // prettier-ignore
  for (const [what, spoil, message] of spoiltCurves) {
    it(`keeps what a run has, but no curves with ${what}`, () => {
      makeCurves(at('good'), { seed: 1 });
      expect(write('good').problems).to.deep.equal([]);
      spoil();
      const { problems, runs, csv } = write('good');
      expect(runs).to.equal(1);
      const { file, what: told, remedy } = problems[0]!;
      expect(`${path.basename(file)}: ${told}`).to.match(message);
      expect(remedy).to.match(/npm run (robustness|explain) -- /);
      expect(csv).to.not.match(message.source.includes('explanation') ? /^spectrum,/m : /^corruptions,/m);
    });
  }

  it('sets runs of different test sets apart, and says in what they differ', () => {
    makeRun(at('less'), { seed: 1, generator: 'blur', videos: 11 });
    const { problems, page, csv } = write('good', 'less');
    expect(problems).to.deep.equal([]);
    expect(page)
      .to.contain('faces and faces (2) are different test sets')
      .and.contain('6 of the test of good are missing');
    expect(csv).to.not.match(/^difference,/m);
  });

  it('compares settings with the first of the same training data, and the first of other data with the first of all', () => {
    makeRun(at('plain-2'), { seed: 1, dataSeed: 2 });
    makeRun(at('blur-2'), { seed: 1, dataSeed: 2, generator: 'blur' });
    makeRun(at('blur'), { seed: 1, generator: 'blur' });
    const { csv } = write('good', 'plain-2', 'blur-2', 'blur');
    const pairs = csv
      .split('\n')
      .filter((line) => /^difference,.*,AUC pooled,/.test(line))
      .map((line) => line.split(',').slice(1, 3));
    expect(pairs).to.deep.equal([
      ['none · small-cnn · seed=1', 'none · small-cnn · seed=2'],
      ['none · small-cnn · seed=2', 'blur · small-cnn · seed=2'],
      ['none · small-cnn · seed=1', 'blur · small-cnn · seed=1'],
    ]);
  });

  it('compares over the seeds that both have, and says which are missing', () => {
    makeRun(at('none-2'), { seed: 2 });
    makeRun(at('blur-2'), { seed: 2, generator: 'blur' });
    makeRun(at('pgd-3'), { seed: 3, generator: 'pgd' });
    const { page, csv } = write('good', 'none-2', 'blur-2', 'pgd-3');
    expect(page).to.contain('blur · small-cnn lacks seeds 1 and 3.');
    expect(page).to.contain('pgd · small-cnn (seeds 3) is not compared with none · small-cnn (seeds 1, 2)');
    const differences = csv.split('\n').filter((line) => line.startsWith('difference,'));
    expect(differences.filter((line) => line.includes(',2,'))).to.have.length(differences.length);
    expect(page).to.contain('of one training each (seed 2)');
  });

  it('says where a log holds numbers that are none', () => {
    change('good/metrics.jsonl', (text) => text.replace(/("train\/loss_d","value":)[\d.]+/, '$1"NaN"'));
    const { page } = write('good');
    expect(page).to.contain('good: train/loss_d was no finite number in 1 of 3 logged rounds');
  });
});
