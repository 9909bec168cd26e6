import { expect } from 'chai';
import { commandsOf } from '../../src/ablation/commands.ts';
import { planRuns } from '../../src/ablation/plan.ts';
import type { StudyRun } from '../../src/ablation/run-state.ts';
import { STUDY } from '../support/studies.ts';

describe('the runs of a study', () => {
  it('are all rows with the first seed, then with the next; later overrides count', () => {
    const runs = planRuns(STUDY, ['runtime.threads=1']);
    expect(runs.map(({ name }) => name)).to.deep.equal(['none-s1', 'blur-s1', 'none-s2', 'blur-s2']);
    expect(runs[1]).to.deep.equal({
      row: 'blur',
      fold: null,
      seed: 1,
      name: 'blur-s1',
      dir: 'outputs/made-up/blur-s1',
      overrides: [
        'game.rounds=4',
        'generator=blur',
        'runtime.threads=1',
        'seed=1',
        'run.dir=outputs/made-up/blur-s1',
      ],
    });
  });

  it('with folds: each row in each', () => {
    const folds = { a: ['data.seed=1'], b: ['data.seed=2'] };
    const runs = planRuns({ ...STUDY, seeds: [7], folds }, []);
    expect(runs.map(({ name }) => name)).to.deep.equal(['none-a-s7', 'blur-a-s7', 'none-b-s7', 'blur-b-s7']);
    expect(runs[2]!.overrides.slice(0, 3)).to.deep.equal(['game.rounds=4', 'generator=none', 'data.seed=2']);
  });

  for (const [override, message] of [
    ['generator=pgd', /'generator' is what the study varies \(rows\.\w+\)/],
    ['++generator=pgd', /'generator' is what the study varies/],
    ['seed=3', /the study sets 'seed' in each run; its own are 'seeds' and 'dir'/],
    ['run.dir=x', /the study sets 'run\.dir' in each run/],
  ] as const) {
    it(`for every run, ${override} is refused`, () => {
      expect(() => planRuns(STUDY, [override])).to.throw(message);
    });
  }

  it('as commands, quoted for a shell, what is left of them', () => {
    const [planned] = planRuns(STUDY, ["+x='a b'"]);
    const other = { label: 'other', data: { name: 'folder' } };
    const run = { ...planned!, on: [other] } as unknown as StudyRun;
    const on = { other: ['data=folder', 'data.methods_seen=[a,b]'] };
    expect(commandsOf(run, { kind: 'new' }, on)).to.deep.equal([
      `npm run train -- game.rounds=4 generator=none '+x='\\''a b'\\''' seed=1 run.dir=outputs/made-up/none-s1`,
      'npm run evaluate -- outputs/made-up/none-s1',
      "npm run evaluate -- outputs/made-up/none-s1 data=folder 'data.methods_seen=[a,b]'",
    ]);
    expect(commandsOf(run, { kind: 'resume' }, on)[0]).to.equal(
      'npm run train -- --resume outputs/made-up/none-s1',
    );
    expect(commandsOf(run, { kind: 'test', on: [null] }, on)).to.deep.equal([
      'npm run evaluate -- outputs/made-up/none-s1',
    ]);
    expect(commandsOf(run, { kind: 'done' }, on)).to.deep.equal([]);
  });
});
