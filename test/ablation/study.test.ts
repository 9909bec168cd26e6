import { expect } from 'chai';
import { composeRun, CONFIGS, resolveContext } from '../../scripts/compose-run.ts';
import { compose } from '../../src/config/compose.ts';
import { openConfigFiles } from '../../src/config/config-files.ts';
import { differingKey } from '../../src/config/differing-key.ts';
import { resolveConfig } from '../../src/config/interpolate.ts';
import { planRuns } from '../../src/ablation/plan.ts';
import { checkStudy, type Study } from '../../src/ablation/study.ts';

const files = openConfigFiles(CONFIGS);
const context = resolveContext(new Date(0), 0);

function studyOf(...overrides: string[]): Study {
  const { config } = compose({ configs: files, configName: 'ablation', overrides, context });
  return checkStudy(resolveConfig(config, context));
}

describe('studies that are shipped', () => {
  for (const name of files.options('ablation')) {
    it(`${name}: every row can be trained, and no two are the same`, async () => {
      const study = studyOf(`ablation=${name}`, 'seeds=[1]');
      expect([study.name, study.dir]).to.deep.equal([name, `outputs/ablations/${name}`]);
      const runs = planRuns(study, ['game.rounds=200']);
      const rows = Object.keys(study.rows).length * Math.max(1, Object.keys(study.folds).length);
      expect(runs).to.have.length(rows);
      const configs: object[] = [];
      for (const { overrides, dir, seed } of runs) {
        const { config } = await composeRun(files, 'train', overrides, context);
        expect(config).to.deep.include({ seed }).and.to.have.nested.property('run.dir', dir);
        expect(config.game.rounds).to.equal(200);
        configs.push({ ...config, run: null });
      }
      configs.forEach((a, i) =>
        configs.slice(i + 1).forEach((b) => expect(differingKey(a, b), runs[i]!.name).not.to.equal(null)),
      );
    });
  }

  it('leave-one-out: five seeds, three opponents, each method left out once', () => {
    const runs = planRuns(studyOf('ablation=leave-one-out'), []);
    expect(runs).to.have.length(60);
    expect(new Set(runs.map(({ name }) => name)).size).to.equal(60);
  });
});

describe('a study', () => {
  it('is changed by overrides: rows, folds and test data come and go', () => {
    const study = studyOf(
      'ablation=generators',
      '~rows.one',
      "+rows.third=['generator.width=8','augment=none']",
      "+tests.other=['data=folder','data.path=x']",
      'dir=elsewhere',
    );
    expect(study.rows).to.deep.equal({
      two: ['generator.shared=false'],
      third: ['generator.width=8', 'augment=none'],
    });
    expect(study.tests).to.deep.equal({ other: ['data=folder', 'data.path=x'] });
    expect(study.dir).to.equal('elsewhere');
  });

  const bad: [string, string[], RegExp][] = [
    ['no study named', [], /ablation.*opponents/s],
    [
      'a reference that is no row',
      ['ablation=k', 'reference=k-9'],
      /'reference' is 'k-9', which is no row; rows are k-3, k-5, k-7/,
    ],
    ['a comparison without reference', ['ablation=k', 'reference=null'], /'reference' must name a row/],
    ['a seed twice', ['ablation=k', 'seeds=[1,2,1]'], /'seeds' has 1 twice/],
    ['no seeds', ['ablation=k', 'seeds=[]'], /'seeds' must be a list/],
    ['a column that there is not', ['ablation=k', 'columns=[sen]'], /'columns' must be .*seen/],
    ['an unknown key', ['ablation=k', '+job=2'], /unknown key 'job'.*Did you mean 'jobs'/],
    ['overrides that are no list', ['ablation=k', '+rows.x=generator.k=3'], /rows\.x/],
    ['a name that no folder can have', ['ablation=k', 'name=../up'], /'name' is '\.\.\/up'/],
  ];
  for (const [what, overrides, message] of bad) {
    it(`${what} is an error`, () => expect(() => studyOf(...overrides)).to.throw(message));
  }
});
