/** The whole way from run folders to the files of a report, and every number in them against the stored scores. */
import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { csvParser } from '../../src/data/csv.ts';
import { readScores, type ScoreRow } from '../../src/evaluation/scores.ts';
import { report, type Reported } from '../../src/report.ts';
import {
  averagePrecision,
  balancedAccuracy,
  calibrationError,
  deLongByPairs,
  equalErrorRate,
  mean,
  temperatureSlope,
  videos,
} from '../support/naive-figures.ts';
import { makeCurves, makeRun, makeTest } from '../support/run-folders.ts';
import { aucByPairs as auc } from '../support/studies.ts';

const MANIPULATIONS = ['=deepfakes|x', 'faceswap', 'neural & <textures>'];

interface Line {
  readonly of: string;
  readonly name: string;
  readonly settings: string;
  readonly test_set: string;
  readonly seeds: string;
  readonly figure: string;
  readonly [key: string]: string;
}

describe('npm run report', function () {
  this.timeout(120_000);
  let parent: string;
  let dirs: string[];
  let reported: Reported;
  let html: string;
  let lines: Line[];
  const at = (...parts: string[]): string => path.join(parent, ...parts);
  const write = (out: string): Promise<Reported> =>
    report({ dirs, out: at(out), resamples: 400, pictures: false, progress: () => {} });

  before(async () => {
    parent = mkdtempSync(path.join(tmpdir(), 'report-'));
    dirs = [1, 2].flatMap((seed) => ['none', 'blur'].map((generator) => at(`${generator}-s${seed}`)));
    for (const [i, dir] of dirs.entries()) {
      const [generator, seed] = [['none', 'blur'][i % 2]!, 1 + (i >> 1)];
      const made = {
        generator,
        seed,
        skill: generator === 'blur' ? 2.5 : 0.5,
        manipulations: MANIPULATIONS,
        resamples: 50,
      };
      makeRun(dir, made);
      makeCurves(dir, made);
      makeTest(dir, { ...made, prefix: 'other/', skill: 1, suffix: '-name=other-0123abcd' });
    }
    reported = await write('report');
    html = readFileSync(at('report', 'report.html'), 'utf8');
    const parser = csvParser('report.csv');
    const [head, ...records] = parser.push(readFileSync(at('report', 'report.csv'), 'utf8'));
    lines = records.map(
      ({ fields }) => Object.fromEntries(head!.fields.map((key, i) => [key, fields[i]!])) as unknown as Line,
    );
  });

  after(() => rmSync(parent, { recursive: true, force: true }));

  const scores = (run: string, set: string): ScoreRow[] =>
    readScores(at(run, set === 'faces' ? 'scores-test.csv' : 'scores-test-name=other-0123abcd.csv'));
  const figure = (run: string, set: string, name: string): number =>
    Number(
      lines.find((line) => line.name === run && line.test_set === set && line.figure === name)!['value'],
    );

  it('leaves nothing out of good runs, and writes every format', () => {
    expect(reported.problems).to.deep.equal([]);
    expect(reported.runs).to.equal(4);
    const names = reported.files.map((file) => path.basename(file));
    expect(names).to.include.members([
      'report.html',
      'report.md',
      'report.csv',
      'report.tex',
      'roc.svg',
      'pr.svg',
      'matrix.svg',
      'val-auc.svg',
    ]);
    const sections = [...html.matchAll(/<section id="([\w-]+)">/g)].map(([, id]) => id);
    expect(sections).to.deep.equal([
      'verdict',
      'results',
      'comparisons',
      'curves',
      'reliability',
      'matrix',
      'corruptions',
      'attacks',
      'spectrum',
      'training',
      'opponents',
      'errors',
      'cost',
      'runs',
    ]);
  });

  it('has the figures that the stored scores give', () => {
    for (const dir of dirs) {
      const run = path.basename(dir);
      for (const set of ['faces', 'name=other']) {
        const rows = scores(run, set);
        const { threshold } = JSON.parse(
          readFileSync(
            path.join(dir, set === 'faces' ? 'evaluation.json' : 'evaluation-name=other-0123abcd.json'),
            'utf8',
          ),
        ) as { threshold: number };
        const near = (name: string, value: number): void => {
          expect(figure(run, set, name), `${run} ${set} ${name}`).to.be.closeTo(value, 1e-9);
        };
        const of = (...names: string[]): ScoreRow[] =>
          rows.filter(({ manipulation }) => ['real', ...names].includes(manipulation));
        for (const name of MANIPULATIONS) near(`AUC of ${name}`, auc(of(name)));
        near('AUC seen', (auc(of(MANIPULATIONS[0]!)) + auc(of(MANIPULATIONS[1]!))) / 2);
        near('AUC unseen', auc(of(MANIPULATIONS[2]!)));
        near('AUC pooled', auc(rows));
        near('AUC pooled, videos', auc(videos(rows)));
        near('AP', averagePrecision(rows));
        near('EER', equalErrorRate(rows));
        near('accuracy', balancedAccuracy(rows, threshold));
        near('Brier', mean(rows.map(({ score, label }) => (score - label) ** 2)));
        near('ECE', calibrationError(rows));
        const t = figure(run, set, 'T');
        near(
          'Brier, at T',
          mean(rows.map(({ logit, label }) => (1 / (1 + Math.exp(-logit! / t)) - label) ** 2)),
        );
        near(
          'ECE, at T',
          calibrationError(rows.map((row) => ({ ...row, score: 1 / (1 + Math.exp(-row.logit! / t)) }))),
        );
        expect(temperatureSlope(readScores(path.join(dir, 'scores-val.csv')), t)).to.be.closeTo(0, 1e-9);
      }
    }
  });

  it('has means and standard deviations of them over seeds, and differences', () => {
    const settings = { none: 'none · small-cnn', blur: 'blur · small-cnn' };
    for (const set of ['faces', 'name=other']) {
      const names = [...new Set(lines.filter(({ of }) => of === 'run').map((line) => line.figure))];
      for (const [generator, group] of Object.entries(settings)) {
        for (const name of names) {
          const [a, b] = [figure(`${generator}-s1`, set, name), figure(`${generator}-s2`, set, name)];
          const line = lines.find(
            (each) =>
              each.of === 'settings' &&
              each.settings === group &&
              each.test_set === set &&
              each.figure === name,
          )!;
          expect(Number(line['value'])).to.be.closeTo((a + b) / 2, 1e-12);
          expect(Number(line['sd'])).to.be.closeTo(Math.abs(a - b) / Math.SQRT2, 1e-12);
          expect(line.seeds).to.equal('1 2');
        }
      }
      for (const metric of ['AUC seen', 'AUC unseen', 'AUC pooled', 'AUC pooled, videos']) {
        const line = lines.find(
          (each) => each.of === 'difference' && each.test_set === set && each.figure === metric,
        )!;
        const difference = mean(
          [1, 2].map((seed) => figure(`blur-s${seed}`, set, metric) - figure(`none-s${seed}`, set, metric)),
        );
        expect(Number(line['value'])).to.be.closeTo(difference, 1e-12);
        expect(Number(line['low'])).to.be.below(difference);
        expect(Number(line['high'])).to.be.above(difference);
      }
    }
    const corrected = lines
      .filter(({ of }) => of === 'difference')
      .map((line) => [Number(line['p']), Number(line['p_holm'])] as const);
    expect(corrected).to.have.length(8);
    const [smallest, itsHolm] = corrected.reduce((a, b) => (b[0] < a[0] ? b : a));
    expect(itsHolm).to.be.closeTo(Math.min(1, 8 * smallest), 1e-12);
  });

  it('has the curves of robustness and spectrum, each point that of its score table', () => {
    const points: Record<string, [figure: string, file: string][]> = {
      corruptions: [
        ['AUC, clean', 'robustness/clean.csv'],
        ['AUC, jpeg, 0', 'robustness/clean.csv'],
        ['AUC, jpeg, 1', 'robustness/jpeg-1.csv'],
        ['AUC, jpeg, 2', 'robustness/jpeg-2.csv'],
      ],
      attacks: [
        ['AUC, clean', 'robustness/attacked-clean.csv'],
        ['AUC, fgsm, ε in 1/255, 0', 'robustness/attacked-clean.csv'],
        ['AUC, fgsm, ε in 1/255, 1.02', 'robustness/fgsm-0.004.csv'],
        ['AUC, fgsm, ε in 1/255, 2.04', 'robustness/fgsm-0.008.csv'],
      ],
      spectrum: [
        ['AUC, clean', 'explanation/scores/none.csv'],
        ['AUC, band-stop, 0.30000000000000004', 'explanation/scores/band-stop-1.csv'],
        ['AUC, low-pass, 0.4', 'explanation/scores/low-pass-1.csv'],
      ],
    };
    for (const [kind, own] of Object.entries(points)) {
      const told = lines.filter(({ of }) => of === kind);
      expect(told).to.have.length(dirs.length * own.length);
      const meansOf = (generator: string): number[] =>
        [1, 2].map((seed) => {
          const run = `${generator}-s${seed}`;
          const values = own.map(([name, file]) => {
            const rows = readScores(at(run, file));
            const of = (name: string): ScoreRow[] =>
              rows.filter(({ manipulation }) => ['real', name].includes(manipulation));
            const value = kind === 'spectrum' ? mean(MANIPULATIONS.map((name) => auc(of(name)))) : auc(rows);
            const line = told.find((each) => each.name === run && each.figure === name)!;
            expect(Number(line['value']), `${run} ${kind} ${name}`).to.be.closeTo(value, 1e-9);
            return value;
          });
          return mean(values.filter((_, i) => (kind === 'spectrum' ? i > 0 : i > 1))); // without the clean images
        });
      const section = new RegExp(`<section id="${kind}">([^]*?)</section>`).exec(html)![1]!;
      for (const generator of ['none', 'blur']) {
        const [a, b] = meansOf(generator) as [number, number];
        const printed = `${((a + b) / 2).toFixed(3)} ± ${(Math.abs(a - b) / Math.SQRT2).toFixed(3)}`;
        expect(section).to.contain(printed);
      }
    }
    expect(html).to.contain('blur · small-cnn: gradients are masked');
  });

  it('has DeLong’s test of each seed, by sums over all pairs', () => {
    const tests = lines.filter(({ of }) => of === 'delong');
    expect(tests.map((line) => [line.test_set, line.seeds])).to.deep.equal([
      ['faces', '1'],
      ['faces', '2'],
      ['name=other', '1'],
      ['name=other', '2'],
    ]);
    for (const line of tests) {
      const [a, b] = ['blur', 'none'].map((run) => scores(`${run}-s${line.seeds}`, line.test_set));
      const { difference, deviation } = deLongByPairs(a!, b!);
      expect(Number(line['value'])).to.be.closeTo(difference, 1e-9);
      expect((Number(line['high']) - Number(line['low'])) / 2 / 1.959963984540054).to.be.closeTo(
        deviation,
        1e-9,
      );
      expect(Number(line['p']) < 0.05).to.equal(Math.abs(difference / deviation) > 1.959963984540054);
    }
  });

  it('prints in its tables the figures of report.csv, to three digits', () => {
    const row = new RegExp(`<tr><th scope="row">blur · small-cnn</th><td[^>]*>1, 2</td>(.*)</tr>`).exec(
      html,
    )![1]!;
    const printed = [...row.matchAll(/<td[^>]*>([^<]*)/g)].map(([, cell]) => cell);
    const own = lines.filter(
      (line) => line.of === 'settings' && line.settings === 'blur · small-cnn' && line.test_set === 'faces',
    );
    const expected = own
      .slice(0, printed.length)
      .map((line) => `${Number(line['value']).toFixed(3)} ± ${Number(line['sd']).toFixed(3)}`);
    expect(printed).to.deep.equal(expected);
  });

  it('says what differs and what does not', () => {
    const verdict = /<section id="verdict">([^]*?)<\/section>/.exec(html)![1]!;
    expect(verdict).to.match(
      /blur · small-cnn against none · small-cnn on faces, seeds 1 and 2: better in .*AUC pooled \+/,
    );
    expect(verdict).to.contain('the interval crosses zero');
    expect(verdict).to.match(/of 8 comparisons show a difference, p-values corrected over all 8 by Holm/);
  });

  it('lets no name from a file be markup, a command or a formula', () => {
    expect(html).to.contain('neural &amp; &lt;textures&gt;').and.not.contain('<textures>');
    const tex = readFileSync(at('report', 'report.tex'), 'utf8');
    expect(tex.match(/\\begin\{tabular\}/g)).to.have.length(2);
    const csv = readFileSync(at('report', 'report.csv'), 'utf8');
    expect(csv).to.not.match(/(^|,)"?[=@+]/m);
  });

  it('is the same file from the same runs', async () => {
    await write('again');
    for (const file of reported.files) {
      expect(readFileSync(at('again', path.basename(file)), 'utf8')).to.equal(readFileSync(file, 'utf8'));
    }
  });
});
