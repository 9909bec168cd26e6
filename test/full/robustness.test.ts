import { readdirSync, readFileSync, statSync } from 'node:fs';
import { expect } from 'chai';
import sharp from 'sharp';
import type { RobustnessReport } from '../../src/robustness.ts';
import { readScores } from '../../src/evaluation/scores.ts';
import { fastRun, readJson, runScript, workplace, writeDataset, type Outcome } from '../cli/command-line.ts';

describe('npm run robustness', function () {
  this.timeout(600_000);
  const place = workplace();
  const robustness = (...args: string[]): Promise<Outcome> => runScript('robustness', args, place.path());
  const few = [
    'resamples=20',
    'corruptions.names=[jpeg,gaussian-noise]',
    'attacks.images=8',
    'attacks.eps=[0.01,0.03]',
    'attacks.flow_max=[]',
    'attacks.sigma_max=[1]',
    'attacks.opponents.square.queries=10',
    'attacks.opponents.fab.steps=5',
    'attacks.opponents.apgd.steps=5',
    'attacks.opponents.pgd.steps=5',
  ];

  before(async () => {
    await writeDataset(place.path('data'));
    const train = await runScript(
      'train',
      fastRun('data', 'run', ['game.rounds=4', 'generator=fgsm']),
      place.path(),
    );
    expect(train.code, train.stderr).to.equal(0);
  });

  it('--cfg job prints its settings; a run folder must be named', async () => {
    const printed = await runScript('robustness', ['--cfg', 'job', 'corruptions.images=3'], place.path());
    expect([printed.code, printed.stdout.includes('  images: 3')], printed.stderr).to.deep.equal([0, true]);
    const bare = await runScript('robustness', ['corruptions.images=3'], place.path());
    expect([bare.code, bare.stderr.includes('no run folder')]).to.deep.equal([1, true]);
  });

  it('leaves tables, charts, a sheet and figures, and says them', async () => {
    const { code, stdout, stderr } = await robustness('run', ...few);
    expect(code, stderr).to.equal(0);
    expect(stdout)
      .to.match(/^jpeg +[01]\.\d{3}/m)
      .and.to.match(/^suite +7\.65\/255/m);
    const report = readJson(place.path('run/robustness.json')) as RobustnessReport;
    expect(report.corruptions!.points).to.have.length(10);
    const { points, suite, images } = report.attacks!;
    expect(images).to.equal(8);
    expect(points.map(({ opponent }) => opponent)).to.include.members([
      'fgsm',
      'pgd',
      'apgd',
      'fab',
      'square',
      'blur',
    ]);
    for (const { limit, adversarial } of suite) {
      const alone = points.filter(
        (point) => ['apgd', 'fab', 'square'].includes(point.opponent) && point.limit === limit,
      );
      const least = Math.min(...alone.map((point) => point.adversarial.accuracy.value));
      expect(adversarial.accuracy.value).to.be.at.most(least);
    }
    expect(readScores(place.path('run/robustness/jpeg-5.csv'))).to.have.length(16);
    expect(readScores(place.path('run/robustness/apgd-0.01-rounded.csv'))).to.have.length(8);
    const { width, height } = await sharp(place.path('run/robustness/corrupted.png')).metadata();
    expect([width, height]).to.deep.equal([6 * 32 + 5 * 2, 2 * 32 + 2]);
    expect(readdirSync(place.path('run/robustness'))).to.include.members(['corruptions.svg', 'attacks.svg']);
  });

  it('makes no table twice, and gives the same figures again', async () => {
    const file = place.path('run/robustness/apgd-0.01.csv');
    const [before, report] = [
      statSync(file).mtimeMs,
      readFileSync(place.path('run/robustness.json'), 'utf8'),
    ];
    const { code, stderr } = await robustness('run', ...few);
    expect(code, stderr).to.equal(0);
    expect(statSync(file).mtimeMs).to.equal(before);
    expect(readFileSync(place.path('run/robustness.json'), 'utf8')).to.equal(report);
    expect((await robustness('run', ...few, 'attacks.opponents.apgd.steps=6')).code).to.equal(0);
    expect(statSync(file).mtimeMs).to.be.above(before);
  });

  it('says what is wrong with its settings, before anything is asked', async () => {
    const said = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await robustness(...args);
      expect(code).to.equal(1);
      return stderr;
    };
    expect(await said('run', 'corruptions.names=[jpg]')).to.match(/'corruptions.names' .*jpeg/);
    expect(await said('run', 'attacks.suite=[apgd,sat]')).to.match(
      /attacks.suite' names sat, but .* fgsm, pgd/,
    );
    expect(await said('run', '+attacks.opponents.other.name=none')).to.match(
      /which has no setting eps or flow_max/,
    );
    expect(await said('corruptions.names=[]')).to.match(/no run folder/);
    expect(await said('nothing-there')).to.match(/no run here/);
  });
});
