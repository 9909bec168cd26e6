/** npm run explain through its command line, on a small folder of images. */
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import sharp from 'sharp';
import type { ExplainReport } from '../../src/explain.ts';
import { readScores } from '../../src/evaluation/scores.ts';
import { fastRun, readJson, runScript, workplace, writeDataset } from '../cli/command-line.ts';

describe('npm run explain', function () {
  this.timeout(900_000);
  const place = workplace();
  const explain = (...args: string[]) => runScript('explain', args, place.path());
  const report = (dir: string): ExplainReport =>
    readJson(place.path(dir, 'explanation/explanation.json')) as ExplainReport;

  before(async () => {
    await writeDataset(place.path('data'));
    for (const [dir, more] of [
      ['runs/one', []],
      ['runs/two', ['seed=2']],
      ['runs/statistics', ['discriminator=spectrum']],
    ] as const) {
      const settings = fastRun('data', dir, ['generator=fgsm', 'game.rounds=4', ...more]);
      const given =
        dir === 'runs/statistics'
          ? settings.filter((setting) => !setting.startsWith('discriminator.'))
          : settings;
      const { code, stderr } = await runScript('train', given, place.path());
      expect(code, stderr).to.equal(0);
    }
  });

  it('writes sheets, score tables, figures and charts of each run, and of all side by side', async () => {
    const { code, stdout, stderr } = await explain('runs/one', 'runs/two', 'images=3', 'steps=8', 'bands=4');
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(
      /runs\/one \(fgsm\), 16 images of test\n\nfilter +cycles a pixel +clipped +AUC all +AUC seen\n/,
    );
    expect(stdout).to.match(/all runs in spectrum\.csv, .*runs\/explanation\n$/);
    const { spectrum, sheets, no_grad_cam, integrated_gradients, count } = report('runs/one');
    expect([spectrum.length, count, no_grad_cam]).to.deep.equal([1 + 4 + 3 + 3, 16, null]);
    expect(integrated_gradients).to.include({ baseline: 'black', steps: 8 });
    expect(sheets.slice(0, 2).map(({ file, images }) => [file, images.length])).to.deep.equal([
      ['sheet-real.png', 3],
      ['sheet-fake.png', 3],
    ]);
    const { width, height } = await sharp(place.path('runs/one/explanation/sheet-real.png')).metadata();
    expect([width, height]).to.deep.equal([3 * 96 + 4, 3 * 96 + 4]);
    for (const { name } of spectrum) {
      expect(readScores(place.path(`runs/one/explanation/scores/${name}.csv`))).to.have.length(16);
    }
    const lines = readFileSync(place.path('runs/explanation/spectrum.csv'), 'utf8').trimEnd().split('\n');
    expect(lines).to.have.length(1 + 2 * 2 * spectrum.length);
    expect(readFileSync(place.path('runs/explanation/spectrum.svg'), 'utf8')).to.match(/^<svg/);
  });

  it('without a filter has the scores of npm run evaluate', async () => {
    expect((await runScript('evaluate', ['runs/one'], place.path())).code).to.equal(0);
    const scores = (file: string): number[] =>
      readScores(place.path('runs/one', file)).map(({ score }) => score);
    expect(scores('explanation/scores/none.csv')).to.deep.equal(scores('scores-test.csv'));
  });

  it('goes on where it was, with what it has', async () => {
    const table = place.path('runs/one/explanation/scores/none.csv');
    const made = statSync(table).mtimeMs;
    const { code } = await explain('runs/one', 'images=2', 'steps=2', 'bands=4', 'baseline=blurred');
    expect([code, statSync(table).mtimeMs]).to.deep.equal([0, made]);
    expect(report('runs/one').integrated_gradients.baseline).to.equal('blurred');
  });

  it('of statistics says why there is no Grad-CAM, and explains the rest', async () => {
    const { code, stderr } = await explain('runs/statistics', 'images=2', 'steps=2', 'bands=2', 'split=val');
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(/^detector spectrum has no feature map .* no Grad-CAM$/m);
    expect(report('runs/statistics').sheets[0]!.rows).to.have.length(2);
  });

  it('mistakes are one message each', async () => {
    const before = readdirSync(place.path());
    for (const [args, message] of [
      [[], /^no run folder: usage: npm run explain/],
      [['nowhere'], /^nowhere: no run here/],
      [['runs/one', './runs/one'], /^\.\/runs\/one is named twice/],
      [['runs/one', 'out=x'], /^out=x is for what several runs have in common/],
      [['runs/one', 'bands=1'], /^bands=1: bands must be a whole number >= 2/],
      [['runs/one', 'basline=black'], /unknown key 'basline'\. Did you mean 'baseline'\?/],
      [['runs/one', 'baseline=white'], /^baseline=white: there is no such baseline/],
    ] as const) {
      const { code, stdout, stderr } = await explain(...args);
      expect(stderr).to.match(message);
      expect([code, stdout]).to.deep.equal([1, '']);
    }
    expect(readdirSync(place.path())).to.deep.equal(before);
    expect(existsSync(place.path('nowhere'))).to.equal(false);
  });
});
