import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { cacheFolder } from '../../src/data/cache-folder.ts';
import { fastRun, put, readJson, runScript, workplace, writeDataset } from '../cli/command-line.ts';

describe('npm run match', function () {
  this.timeout(900_000);
  const place = workplace();
  const match = (...args: string[]) => runScript('match', args, place.path());

  before(() => {
    // other photos in the place of fakes
    mkdirSync(place.path('fakes'));
    for (const name of ['001m.jpg', '002m.jpg', '003m.jpg']) {
      copyFileSync(join(cacheFolder(), 'photos/tabler-preview-1.2.0', name), place.path('fakes', name));
    }
    put(place.path('fakes/broken.jpg'), 'no image');
  });

  it('makes a test set that npm run evaluate takes', async () => {
    const { code, stdout, stderr } = await match('fakes=fakes', 'out=sets/matched', 'look=real');
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(
      /^\d fakes beside \d photos of test people: .*sets\/matched\/images\n\d files? left out, listed in match\.json; the first: fakes\/broken\.jpg: is broken/,
    );
    expect(readdirSync(place.path('sets'))).to.deep.equal(['matched']);
    const { pairs, look, settings } = readJson(place.path('sets/matched/match.json')) as {
      readonly pairs: readonly unknown[];
      readonly look: string;
      readonly settings: Readonly<Record<string, unknown>>;
    };
    expect(look).to.equal('real');
    expect(settings).to.include({ name: 'faces', size: 96, quality_min: 80, quality_max: 98, seed: 1 });

    await writeDataset(place.path('data'));
    const trained = await runScript(
      'train',
      fastRun('data', 'run', ['game.rounds=4', 'generator=none']),
      place.path(),
    );
    expect(trained.code, trained.stderr).to.equal(0);
    const tested = await runScript(
      'evaluate',
      ['run', 'data=folder', 'data.path=sets/matched/images'],
      place.path(),
    );
    expect(tested.code, tested.stderr).to.equal(0);
    expect(tested.stdout).to.match(
      /^none \(run\) +(?:frames +)?folder path=matched\/images +[01]\.\d{3} \[/m,
    );
    expect(pairs.length).to.be.above(0);
  });

  const bad: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['no fakes', ['out=x'], /^'fakes' must be given; usage: npm run match/],
    ['a misspelt key', ['fakse=fakes', 'out=x'], /unknown key 'fakse'\. Did you mean 'fakes'\?/],
    [
      'a misspelt setting',
      ['fakes=fakes', 'out=x', 'data.sede=2'],
      /there is no key 'data\.sede'\. Did you mean 'seed'\?/,
    ],
    [
      'another look',
      ['fakes=fakes', 'out=x', 'look=rael'],
      /look=rael: there is no such look\. Did you mean 'real'\?/,
    ],
    ['another dataset', ['fakes=fakes', 'out=x', 'data=folder'], /unknown key 'data'/],
    ['a folder that is there', ['fakes=fakes', 'out=fakes'], /fakes: is there already; name a new folder/],
    ['a folder that is not there', ['fakes=nowhere', 'out=x'], /nowhere/],
  ];
  for (const [what, args, message] of bad) {
    it(`${what} is an error, and leaves nothing`, async () => {
      const { code, stdout, stderr } = await match(...args);
      expect([code, stdout], stderr).to.deep.equal([1, '']);
      expect(stderr).to.match(message);
      expect(existsSync(place.path('x'))).to.equal(false);
      expect(readdirSync(place.path()).filter((name) => name.includes('partial'))).to.deep.equal([]);
    });
  }
});
